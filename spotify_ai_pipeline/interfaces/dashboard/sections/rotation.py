"""Staleness and rotation."""

from __future__ import annotations

import altair as alt
import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.dashboard.figures import rotation
from spotify_ai_pipeline.music.mix import loyalty
from spotify_ai_pipeline.storage import datasets, playlists

STATS, SONGS = datasets.LISTENING_STATS, datasets.SONGS
REFRESHES = 120


def page() -> None:
    workspace = data.workspace()
    cycling = workspace.settings.cycling
    st.title("Staleness and rotation")
    standing = data.compute_once(workspace, rotation.standing, STATS, SONGS, dormant_days=cycling.dormant_days)
    theme.figures(
        *((state, f"{count:,}") for state, count in standing.iter_rows()),
        ("turnover dial", f"{cycling.aggressiveness} of 10"),
    )
    st.caption(
        f"In rotation: heard in the last {cycling.dormant_days} days. A song on the list counts {loyalty(cycling):.1f} times "
        "its score against a newcomer; the command spotify-ai cycling turns the dial."
    )
    st.subheader("What each refresh changed")
    turnover = rotation.turnover(
        playlists.refreshes(workspace.state, limit=REFRESHES), workspace.settings.listener.zone
    )
    if turnover.height:
        drawn = alt.Chart(turnover).mark_bar().encode(
            x=alt.X("at:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("songs:Q", title="songs in and out"),
            color=alt.Color(
                "direction:N", sort=["in", "out"], legend=alt.Legend(orient="top", title=None),
                scale=alt.Scale(domain=["in", "out"], range=[theme.BLUE, theme.ORANGE]),
            ),
            tooltip=["at", "direction", "songs"],
        )  # fmt: skip
        theme.chart(drawn.properties(height=theme.HEIGHT))
    else:
        st.text("Nothing yet: the first fill is not a change.")
    st.subheader("Songs by how tired you are of them")
    tired = data.compute_once(workspace, rotation.staleness, STATS)
    if tired.height:
        theme.bars(tired, "staleness", "songs", title="songs")
        st.subheader("The songs that you are most tired of")
        theme.table(
            data.compute_once(workspace, rotation.stalest, STATS, SONGS),
            {
                "staleness": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.2f"),
                "recent_plays": st.column_config.NumberColumn(f"plays in {cycling.staleness_window_days} days"),
                "days_quiet": st.column_config.NumberColumn("days quiet", format="%.0f"),
            },
        )
    else:
        st.text("You are tired of no song.")
