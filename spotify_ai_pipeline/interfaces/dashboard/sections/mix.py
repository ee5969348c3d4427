"""Today's mix with its reasons, and what the last refresh changed."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import covers
from spotify_ai_pipeline.app.playlist_copies import NEW_EACH_TIME, SERVICES, copy_to
from spotify_ai_pipeline.app.playlist_places import CALLED
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.dashboard.sections import questions
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.never import never_again
from spotify_ai_pipeline.interfaces.views.why import explain_song
from spotify_ai_pipeline.interfaces.views.wording import outcome_words, when
from spotify_ai_pipeline.music.mix.decide import nearer
from spotify_ai_pipeline.music.mix.target_ids import LISTENBRAINZ, link_of
from spotify_ai_pipeline.storage import pins, playlists, queue
from spotify_ai_pipeline.storage.workspace import Workspace

CHOSEN, ALL = "song of the mix", "all songs of the mix"
FIRST = 25
"""Songs that are shown at once; a button brings the rest."""
IN_A_LINE = "<style>[class*='st-key-row-'] { flex-wrap: nowrap; }</style>"
"""A song and its button stand side by side on a phone too."""
SIGNS = {"new": "+", "out": "−"}


def page() -> None:
    workspace = data.workspace()
    listed = mix_view.read_songs(workspace)
    last = next(iter(playlists.refreshes(workspace.state, limit=1)), None)
    st.title(theme.plain(f"{workspace.settings.spotify.playlist_name} of {workspace.settings.listener.name}"))
    st.caption(
        theme.plain(
            f"{'demo, ' * workspace.demo_file.exists()}as of {when(workspace, last.refreshed_at)}"
            if last
            else "never written"
        )
    )
    questions.way_back(workspace)
    slots = dict(listed.group_by("slot").len().iter_rows())
    theme.figures(
        ("songs", f"{listed.height}"),
        *((slot, f"{slots.get(slot, 0)}") for slot in mix_view.SLOTS),
        ("questions waiting", f"{queue.pending(workspace.state)}"),
    )
    _where(workspace)
    songs, change, scores = st.tabs(["Songs", "Last change", "Scores"])
    with songs:
        _songs(workspace, listed)
        if found := nearer(listed, workspace.settings.playlist.min_artist_spacing):
            names = ", ".join(found)
            st.caption(
                theme.plain(
                    f"A spacing of {workspace.settings.playlist.min_artist_spacing} could not be kept for {names}"
                )
            )
    with change:
        _change(workspace, last)
    with scores:
        _scores(listed)


def _where(workspace: Workspace) -> None:
    """The way to the list, and from ListenBrainz on to other services."""
    link, target = mix_view.playlist_link(workspace), playlists.target(workspace.state)
    if not link.startswith("https:"):
        st.text(f"kept in {link}" if link else "")
        return
    with st.container(horizontal=True):
        st.link_button(f"Open on {CALLED[target]}", link, icon=":material/open_in_new:")
        if target != LISTENBRAINZ:
            return
        with st.popover("Copy to…", icon=":material/content_copy:"):
            st.text(NEW_EACH_TIME)
            for service, called in SERVICES.items():
                if st.button(called, f"copy-{service}"):
                    try:
                        st.link_button("Open the copy", copy_to(workspace, playlists.MIX, service))
                    except ExpectedError as error:
                        st.text(str(error))


def _songs(workspace: Workspace, listed: pl.DataFrame) -> None:
    """The songs in order, each with its reason below and a way to say something of it."""
    st.caption("In order; + is new in the last refresh.")
    st.html(IN_A_LINE)
    chosen, whole = st.session_state.get(CHOSEN), st.session_state.get(ALL, False)
    shown = listed if whole else listed.head(FIRST)
    pictures = _covers(workspace, shown)
    for row in shown.iter_rows(named=True):
        before = f"{row['rank']} {'+ ' * (row['change'] == 'new')}"
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row-{row['song_id']}"):
            if any(pictures.values()):
                picture, link = pictures.get(row["track_id"]), link_of(row["track_id"])
                st.html(theme.cover(picture, f"{row['title']} by {row['artist']}", link), width=theme.COVER)
            st.markdown(theme.song(row["title"], row["artist"], row["reason"], before, row["slot"]), width="stretch")
            named = "Close" if chosen == row["song_id"] else "More"
            about = theme.plain(f"why, pin, never: {row['title']}")
            st.button(named, f"more-{row['song_id']}", about, type="tertiary", on_click=_choose, args=(row["song_id"],))
        if chosen == row["song_id"]:
            _about(workspace, row)
    if not whole and listed.height > FIRST:
        st.button(f"All {listed.height} songs", icon=":material/expand_more:", on_click=_show_all)


def _covers(workspace: Workspace, shown: pl.DataFrame) -> dict[str, bytes | None]:
    """The covers that are kept. A button asks for the others: who only looks at the page asks no service."""
    known = covers.answered(workspace, shown["track_id"])
    lacking = shown.filter(~pl.col("track_id").is_in(list(known))).select("artist", "title", "track_id").rows()
    if not lacking:
        return known
    place = st.empty()
    if not place.button("Show covers", icon=":material/image:", help="Asks Deezer and iTunes, once for each song."):
        return known
    progress = place.progress(0.0, text="asking for covers")
    for number, told in enumerate(covers.fetch(workspace, lacking), 1):
        if told:
            progress.progress(number / len(lacking), text="asking for covers")
        else:
            place.caption("Deezer and iTunes do not answer now; the other covers can be asked for later.")
            break
    else:
        place.empty()
    return covers.answered(workspace, shown["track_id"])


def _show_all() -> None:
    st.session_state[ALL] = True


def _choose(song: str) -> None:
    st.session_state[CHOSEN] = None if st.session_state.get(CHOSEN) == song else song


def _about(workspace: Workspace, row: dict[str, Any]) -> None:
    """Why the song is on the list, its cover, and what can be said of it."""
    song = row["song_id"]
    found = explain_song(workspace, song)
    held = song in pins.held_and_barred(workspace.state, clock.now())[0]
    with st.container(border=True):
        picture = st.empty()
        st.text(f"{found.place}. {found.story}")
        for part in found.parts:
            st.text(f"{part.worth:+.3f}  {part.name}: {part.says}")
        with st.container(horizontal=True):
            word, icon = ("Unpin", "keep_off") if held else ("Pin", "keep")
            st.button(word, f"pin-{song}", icon=f":material/{icon}:", on_click=_pin, args=(workspace, song, not held))
            st.button("Never again", f"never-{song}", icon=":material/block:", on_click=_never, args=(workspace, song))
    if cover := covers.find(workspace, row["artist"], row["title"], row["track_id"]):
        picture.image(cover, width=questions.COVER)


def _pin(workspace: Workspace, song: str, pinned: bool) -> None:
    pins.pin(workspace.state, song, pinned=pinned)


def _never(workspace: Workspace, song: str) -> None:
    questions.remember(never_again(workspace, song, "dashboard")[1])
    _choose(song)


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
