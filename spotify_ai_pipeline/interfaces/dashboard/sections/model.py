"""How sure the models are, and how well they do."""

from __future__ import annotations

import altair as alt
import polars as pl
import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.dashboard.figures import discovery
from spotify_ai_pipeline.interfaces.dashboard.sections.discovery import EVERY
from spotify_ai_pipeline.music.mix.scorecard import summary
from spotify_ai_pipeline.music.taste.model_card import card, importance, standings
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.storage import datasets, queue
from spotify_ai_pipeline.storage.workspace import Workspace

SCORE_CARD = datasets.SCORE_CARD


def page() -> None:
    workspace = data.workspace()
    st.title("Model")
    if data.exists(workspace, SCORE_CARD):
        st.subheader("Score card")
        st.text(summary(workspace.lake.read(SCORE_CARD)))
    weights = workspace.lake.read(datasets.TASTE_WEIGHTS)
    _errors(standings(weights))
    _calibration(workspace)
    if moves := importance(weights):
        st.subheader("What moves the forecast")
        theme.lying_bars(
            pl.DataFrame({"term": list(moves), "share": list(moves.values())}), "share", "term", form=".0%"
        )
    with st.expander("Model card"):
        st.markdown(card(weights, shipped().card))


def _errors(habits: pl.DataFrame) -> None:
    """How well the listener's own weeks forecast the latest ones, beside what other listeners taught alone."""
    st.subheader("What your own weeks add")
    told = habits.drop_nulls("deviance")
    if told.is_empty():
        st.text(
            "Too few weeks of yours to tell: what other listeners taught ranks, and your weeks move it little by little."
        )
        return
    errors = told.select("habit", pl.col("deviance").alias("with your weeks"), without="deviance_of_others")
    theme.lying_bars(
        errors.unpivot(index="habit", variable_name="model", value_name="error").with_columns(
            name=pl.format("{}, {}", "habit", "model")
        ),
        "error",
        "name",
        form=".3f",
    )
    st.caption("Mean Poisson deviance of the forecasts on the latest eight weeks: lower is better.")


def _calibration(workspace: Workspace) -> None:
    st.subheader("Predicted matches against your answers")
    said = discovery.calibration(queue.items(workspace.state, EVERY))
    if said.is_empty():
        st.text("No predicted match was answered yes or no yet.")
        return
    axis = alt.Axis(format="%")
    points = alt.Chart(said).mark_circle(color=theme.BLUE).encode(
        x=alt.X("predicted:Q", scale=alt.Scale(domain=[0, 1]), axis=axis),
        y=alt.Y("approved:Q", scale=alt.Scale(domain=[0, 1]), axis=axis),
        size=alt.Size("answers:Q", legend=None),
        tooltip=[alt.Tooltip("predicted:Q", format=".0%"), alt.Tooltip("approved:Q", format=".0%"), "answers"],
    )  # fmt: skip
    even = alt.Chart(pl.DataFrame({"predicted": [0, 1], "approved": [0, 1]})).mark_line(
        color=theme.GREY, strokeDash=[4, 4]
    )
    theme.chart((even.encode(x="predicted:Q", y="approved:Q") + points).properties(height=theme.HEIGHT))
    st.caption(f"{said['answers'].sum()} answers. On the dashed line a prediction of 60 % is right six times in ten.")
