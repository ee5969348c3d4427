"""The library as a map, with its clusters."""

from __future__ import annotations

import polars as pl
import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.views.clusters import list_clusters
from spotify_ai_pipeline.storage import datasets

HEIGHT = 640
SHOWN = ("name", "family", "songs", "play_share", "recent_play_share", "description")


def page() -> None:
    workspace = data.workspace()
    st.title("Map of the library")
    drawn = workspace.lake.read_blob(datasets.LIBRARY_MAP, "map.html").decode()
    st.caption("Songs that sound alike lie near each other. Point at one, search, or click to listen.")
    st.iframe(drawn, height=HEIGHT)
    st.subheader("Clusters")
    rows = pl.DataFrame(list_clusters(workspace), infer_schema_length=None)
    shares = {
        name: st.column_config.NumberColumn(title, format="percent")
        for name, title in (("play_share", "of plays"), ("recent_play_share", "of plays lately"))
    }
    theme.table(rows.select(name for name in SHOWN if name in rows.columns), shares)
