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
from spotify_ai_pipeline.storage import datasets, queue
from spotify_ai_pipeline.storage.workspace import Workspace

SCORE_CARD = datasets.SCORE_CARD
NORMAL_95 = 1.96


def page() -> None:
    workspace = data.workspace()
    st.title("Model")
    if data.exists(workspace, SCORE_CARD):
        st.subheader("Score card")
        st.text(summary(workspace.lake.read(SCORE_CARD)))
    weights = workspace.lake.read(datasets.TASTE_WEIGHTS)
    _leads(standings(weights))
    _calibration(workspace)
    if moves := importance(weights):
        st.subheader("What moves the forecast")
        theme.lying_bars(
            pl.DataFrame({"term": list(moves), "share": list(moves.values())}), "share", "term", form=".0%"
        )
    with st.expander("Model card"):
        st.markdown(card(weights))


def _leads(trials: pl.DataFrame) -> None:
    """Each model's lead over the ranker that it would follow, with its 95 % interval."""
    st.subheader("Lead over the baseline")
    tried = trials.drop_nulls("lead")
    if tried.is_empty():
        st.text("No model was on trial long enough: the recency baseline ranks.")
        return
    spread = NORMAL_95 * pl.col("lead_error")
    drawn = alt.Chart(tried.with_columns(low=pl.col("lead") - spread, high=pl.col("lead") + spread))
    name = alt.Y("model:N", title=None, axis=alt.Axis(labelLimit=130))
    lines = drawn.mark_rule(color=theme.BLUE, strokeWidth=3).encode(
        x=alt.X("low:Q", title="lead: share of a week's plays"), x2="high:Q", y=name
    )
    points = drawn.mark_point(color=theme.BLUE, filled=True, size=90).encode(
        x="lead:Q", y=name, tooltip=["model", "against", "weeks", alt.Tooltip("lead:Q", format="+.3f")]
    )
    zero = alt.Chart(pl.DataFrame({"lead": [0.0]})).mark_rule(color=theme.GREY, strokeDash=[4, 4]).encode(x="lead:Q")
    theme.chart((zero + lines + points).properties(height=60 * tried.height + 60))
    st.caption(f"A model ranks the mix while its lead is above zero. Now: {theme.plain(tried['office'][0])}.")


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
