"""The discovery funnel, source by source."""

from __future__ import annotations

import polars as pl
import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.dashboard.figures import discovery
from spotify_ai_pipeline.interfaces.views.sources import list_sources
from spotify_ai_pipeline.interfaces.views.wording import source_name
from spotify_ai_pipeline.storage import queue

EVERY = (*queue.OPEN, "approved", "rejected", "later", "expired")


def page() -> None:
    workspace = data.workspace()
    st.title("Discovery")
    table = discovery.funnel(list_sources(workspace), queue.items(workspace.state, EVERY, queue.DISCOVERY))
    st.caption(
        "The songs that the sources named in the last run; and, ever, those that you were asked about, heard on trial and kept."
    )
    theme.lying_bars(discovery.stages(table), "songs", "stage")
    st.subheader("By source")
    theme.table(
        table.with_columns(pl.col("source").map_elements(source_name, pl.String)),
        {
            "weight": st.column_config.NumberColumn(
                format="%+.2f", help="Log odds of a yes against the mean of all sources"
            ),
            "leads": st.column_config.NumberColumn(help="Songs that the source named in the last run"),
            "candidates": st.column_config.NumberColumn(help="Of these, songs that are new to you and can be played"),
            "heard": st.column_config.NumberColumn(help="Proposed songs that you heard on trial"),
        },
    )
