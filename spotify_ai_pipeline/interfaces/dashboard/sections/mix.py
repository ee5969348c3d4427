"""Today's mix with its reasons, and what the last refresh changed."""

from __future__ import annotations

import polars as pl
import streamlit as st

from spotify_ai_pipeline.interfaces.cli import show
from spotify_ai_pipeline.interfaces.cli.console import when
from spotify_ai_pipeline.interfaces.dashboard import data, look
from spotify_ai_pipeline.music.mix.decide import nearer
from spotify_ai_pipeline.storage import playlists, queue

SIGNS = {"new": "+", "out": "−"}
TRACK = "https://open.spotify.com/track/"


def page() -> None:
    home = data.home()
    decided = home.lake.read("playlist", "mix")
    listed = decided.drop_nulls("rank").sort("rank")
    st.title("Your mix")
    last = next(iter(playlists.refreshes(home.state, limit=1)), None)
    slots = dict(listed.group_by("slot").len().iter_rows())
    look.figures(
        ("songs", f"{listed.height}"),
        *((slot, f"{slots.get(slot, 0)}") for slot in show.SLOT_STYLE),
        ("questions waiting", f"{queue.pending(home.state)}"),
    )
    if link := show.playlist_link(home):
        st.link_button("Open on Spotify", link, icon=":material/open_in_new:")
    _change(last)
    st.subheader("The songs, in order")
    look.table(
        listed.select(
            "rank",
            song=pl.format(
                "{}{} — {}", pl.when(change="new").then(pl.lit("+ ")).otherwise(pl.lit("")), "title", "artist"
            ),
            why="reason",
            slot="slot",
            score="score",
            taste="taste",
            mood="mood",
            freshness="freshness",
            link=TRACK + pl.col("track_id"),
        ),
        {
            "rank": st.column_config.NumberColumn("#", width=40),
            "song": st.column_config.TextColumn("song (+ new)", width="medium"),
            "why": st.column_config.TextColumn(width="large"),
            **{part: st.column_config.NumberColumn(part, format="%.2f") for part in ("score", *show.PARTS)},
            "link": st.column_config.LinkColumn("listen", display_text="open"),
        },
        height=560,
    )
    if found := nearer(listed, home.settings.playlist.min_artist_spacing):
        st.caption(
            look.plain(
                f"A spacing of {home.settings.playlist.min_artist_spacing} songs could not be kept for: "
                + ", ".join(found)
            )
        )


def _change(last: playlists.Refresh | None) -> None:
    """The last diff, each change with its reason; a first fill is only counted."""
    st.subheader("The last change")
    if last is None:
        st.text("Nothing was written to Spotify yet.")
        return
    taken_back = f", taken back {when(last.undone_at)}" if last.undone_at else ""
    st.text(f"{when(last.refreshed_at)}: {last.outcome}, +{last.added} −{last.removed}{taken_back}. {last.note}")
    changes = [] if last.outcome == "filled" else last.changes or []
    if changes:
        rows = [
            (SIGNS[one["change"]], f"{one['title'] or one['track_id']} — {one['artist'] or '?'}", one["reason"])
            for one in changes
        ]
        look.table(
            pl.DataFrame(rows, schema=["", "song", "why"], orient="row"),
            {"": st.column_config.TextColumn(width=40), "song": st.column_config.TextColumn(width="medium")},
        )
