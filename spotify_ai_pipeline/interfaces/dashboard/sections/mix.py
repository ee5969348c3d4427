"""Today's mix with its reasons, and what the last refresh changed."""

from __future__ import annotations

import polars as pl
import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.wording import outcome_words, when
from spotify_ai_pipeline.music.mix.decide import nearer
from spotify_ai_pipeline.music.mix.target_ids import link_of
from spotify_ai_pipeline.storage import playlists, queue
from spotify_ai_pipeline.storage.workspace import Workspace

SIGNS = {"new": "+", "out": "−"}


def page() -> None:
    workspace = data.workspace()
    listed = mix_view.read_songs(workspace)
    st.title("Your mix")
    slots = dict(listed.group_by("slot").len().iter_rows())
    theme.figures(
        ("songs", f"{listed.height}"),
        *((slot, f"{slots.get(slot, 0)}") for slot in mix_view.SLOTS),
        ("questions waiting", f"{queue.pending(workspace.state)}"),
    )
    if link := mix_view.playlist_link(workspace):
        st.link_button("Open on Spotify", link, icon=":material/open_in_new:")
    songs, change, scores = st.tabs(["Songs", "Last change", "Scores"])
    with songs:
        _songs(listed)
        if found := nearer(listed, workspace.settings.playlist.min_artist_spacing):
            names = ", ".join(found)
            st.caption(
                theme.plain(
                    f"A spacing of {workspace.settings.playlist.min_artist_spacing} could not be kept for {names}"
                )
            )
    with change:
        _change(workspace, next(iter(playlists.refreshes(workspace.state, limit=1)), None))
    with scores:
        _scores(listed)


def _songs(listed: pl.DataFrame) -> None:
    """The songs in order, each with its reason below: lines that a phone breaks where it has to."""
    st.caption("In order; + is new in the last refresh.")
    lines = [
        theme.song(
            row["title"], row["artist"], row["reason"], f"{row['rank']} {'+ ' * (row['change'] == 'new')}", row["slot"]
        )
        for row in listed.iter_rows(named=True)
    ]
    st.markdown("\n\n".join(lines))


def _change(workspace: Workspace, last: playlists.Refresh | None) -> None:
    """The last diff, each change with its reason; a first fill is only counted."""
    if last is None:
        st.text("Nothing was written yet.")
        return
    taken_back = f", taken back {when(workspace, last.undone_at)}" if last.undone_at else ""
    change = f"{outcome_words(last.outcome)}, +{last.added} −{last.removed}{taken_back}. {last.note}"
    st.text(f"{when(workspace, last.refreshed_at)}: {change}")
    changes = [] if last.outcome == "filled" else last.changes or []
    lines = [
        theme.song(one["title"] or one["track_id"], one["artist"] or "?", one["reason"], SIGNS[one["change"]] + " ")
        for one in changes
    ]
    st.markdown("\n\n".join(lines))


def _scores(listed: pl.DataFrame) -> None:
    links = pl.Series([link_of(song) for song in listed["track_id"]], dtype=pl.String)
    theme.table(
        listed.select("rank", "title", "artist", "slot", "score", *mix_view.PARTS, link=links),
        {
            "rank": st.column_config.NumberColumn("#", width=40),
            **{part: st.column_config.NumberColumn(part, format="%.2f") for part in ("score", *mix_view.PARTS)},
            "link": st.column_config.LinkColumn("listen", display_text="open"),
        },
        height=600,
    )
