"""Listening over time: by hour, week and year, artists and clusters."""

from __future__ import annotations

from datetime import datetime

import altair as alt
import polars as pl
import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.dashboard.figures import listening
from spotify_ai_pipeline.storage import datasets

LISTENS, SONGS = datasets.LISTENS, datasets.SONGS
CLUSTERS, NAMES = datasets.CLUSTERS, datasets.CLUSTER_NAMES


def page() -> None:
    workspace = data.workspace()
    zone = workspace.settings.listener.timezone
    st.title("Listening")
    known = data.compute_once(workspace, listening.counts, LISTENS, SONGS)
    theme.figures(
        *((name, f"{known[name]:,}") for name in ("listens", "songs", "artists", "library")),
        ("first", _day(known["first"])),
        ("last", _day(known["last"])),
    )
    rhythm = data.compute_once(workspace, listening.rhythm, LISTENS, zone=zone)
    st.subheader("By week")
    week = alt.Chart(rhythm["week"]).mark_area(color=theme.BLUE, opacity=0.6, line={"color": theme.BLUE}).encode(
        x=alt.X("week:T", title=None), y=alt.Y("plays:Q"), tooltip=[alt.Tooltip("week:T"), alt.Tooltip("plays:Q")]
    )  # fmt: skip
    theme.chart(week.properties(height=theme.HEIGHT))
    left, right = st.columns(2)
    with left:
        st.subheader("By year")
        theme.bars(rhythm["year"], "year", "plays")
    with right:
        st.subheader("By hour")
        theme.bars(rhythm["hour"].group_by("hour").agg(pl.col("plays").sum()).sort("hour"), "hour", "plays")
    st.subheader("By weekday and hour")
    theme.heat(rhythm["hour"].sort("weekday", "hour"), "hour", "day", "plays")
    st.caption(f"Hours, days and weeks in {zone}.")
    st.subheader("Artists over the years")
    theme.heat(
        data.compute_once(workspace, listening.artists_over_time, LISTENS, SONGS, zone=zone), "year", "artist", "plays"
    )
    if data.exists(workspace, CLUSTERS) and data.exists(workspace, NAMES):
        st.subheader("Clusters over time")
        options = {"zone": zone, "rest": theme.REST}
        theme.shares(
            data.compute_once(workspace, listening.clusters_over_time, LISTENS, CLUSTERS, NAMES, **options),
            "month",
            "plays",
            "cluster",
        )
    lately = data.compute_once(workspace, listening.lately, LISTENS, SONGS)
    left, right = st.columns(2)
    for place, what in ((left, "artists"), (right, "songs")):
        with place:
            st.subheader(f"Most heard {what}, last {listening.LATELY_DAYS} days")
            theme.lying_bars(lately[what], "plays", "name")


def _day(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d}"
