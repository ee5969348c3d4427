"""What is known, from which source, and what is not."""

from __future__ import annotations

import polars as pl
import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.dashboard.figures import coverage
from spotify_ai_pipeline.interfaces.views.coverage import count_by_month, find_forgotten_spans, find_silent_months
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

LISTENS, SONGS = datasets.LISTENS, datasets.SONGS
FEATURES = (datasets.AUDIO_FEATURES, datasets.TAGS, datasets.LYRICS, datasets.CLAP)


def page() -> None:
    workspace = data.workspace()
    st.title("Coverage and gaps")
    st.subheader("The library")
    ears = [datasets.EARS] if data.exists(workspace, datasets.EARS) else []
    known = data.compute_once(workspace, coverage.library, SONGS, *FEATURES, *ears)
    theme.lying_bars(known, "share", "known", title="share of songs", form=".0%")
    st.subheader("The listening")
    months = data.compute_once(workspace, count_by_month, LISTENS)
    theme.heat(months.sort("source", "month"), "month", "source", "plays")
    st.caption("A blank month is one for which a source has nothing: unknown, not unheard.")
    _gaps(workspace, months)


def _gaps(workspace: Workspace, months: pl.DataFrame) -> None:
    silent, lost = find_silent_months(months), find_forgotten_spans(workspace)
    zone = workspace.settings.listener.zone
    st.subheader("Gaps")
    if silent:
        st.text(f"No source knows of a play in {', '.join(silent)}.")
    for since, until in lost:
        st.text(
            f"Between {since.astimezone(zone):%Y-%m-%d %H:%M} and {until.astimezone(zone):%Y-%m-%d %H:%M} Spotify may have "
            "forgotten plays, and no other source knows of any."
        )
    if not silent and not lost:
        st.text("None is known.")
