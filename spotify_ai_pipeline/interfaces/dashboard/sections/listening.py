"""Listening over time: by hour, week and year, artists and clusters."""

from __future__ import annotations

from datetime import datetime

import altair as alt
import polars as pl
import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data, look
from spotify_ai_pipeline.interfaces.dashboard.figures import listening

LISTENS, SONGS = "identity/listens", "identity/songs"
CLUSTERS, NAMES = "features/clusters", "features/cluster_names"


def page() -> None:
    home = data.home()
    zone = home.settings.listener.timezone
    st.title("Listening")
    known = data.kept(home, listening.counts, LISTENS, SONGS)
    look.figures(
        *((name, f"{known[name]:,}") for name in ("listens", "songs", "artists", "library")),
        ("first", _day(known["first"])),
        ("last", _day(known["last"])),
    )
    rhythm = data.kept(home, listening.rhythm, LISTENS, zone=zone)
    st.subheader("By week")
    week = alt.Chart(rhythm["week"]).mark_area(color=look.BLUE, opacity=0.6, line={"color": look.BLUE}).encode(
        x=alt.X("week:T", title=None), y=alt.Y("plays:Q"), tooltip=[alt.Tooltip("week:T"), alt.Tooltip("plays:Q")]
    )  # fmt: skip
    look.chart(week.properties(height=look.HEIGHT))
    left, right = st.columns(2)
    with left:
        st.subheader("By year")
        look.bars(rhythm["year"], "year", "plays")
    with right:
        st.subheader("By hour")
        look.bars(rhythm["hour"].group_by("hour").agg(pl.col("plays").sum()).sort("hour"), "hour", "plays")
    st.subheader("By weekday and hour")
    look.heat(rhythm["hour"].sort("weekday", "hour"), "hour", "day", "plays")
    st.caption(f"Hours, days and weeks in {zone}.")
    st.subheader("Artists over the years")
    look.heat(data.kept(home, listening.artists_over_time, LISTENS, SONGS, zone=zone), "year", "artist", "plays")
    if data.made(home, CLUSTERS) and data.made(home, NAMES):
        st.subheader("Clusters over time")
        options = {"zone": zone, "rest": look.REST}
        look.shares(
            data.kept(home, listening.clusters_over_time, LISTENS, CLUSTERS, NAMES, **options),
            "month",
            "plays",
            "cluster",
        )
    lately = data.kept(home, listening.lately, LISTENS, SONGS)
    left, right = st.columns(2)
    for place, what in ((left, "artists"), (right, "songs")):
        with place:
            st.subheader(f"Most heard {what}, last {listening.LATELY_DAYS} days")
            look.lying_bars(lately[what], "plays", "name")


def _day(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d}"
