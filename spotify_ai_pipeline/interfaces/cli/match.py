"""`spotify-ai match`: which names are one song and why, and corrections of it."""

from __future__ import annotations

from typing import Any

import click
import polars as pl
from rich.text import Text

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.choose import choose_song
from spotify_ai_pipeline.interfaces.cli.console import (
    console,
    is_wide,
    listing,
    plain,
    print_json,
    report,
    song_name,
    table,
)
from spotify_ai_pipeline.interfaces.cli.options import Group, json_option
from spotify_ai_pipeline.interfaces.views.song_lookup import name_songs, split_name, track_id_of
from spotify_ai_pipeline.interfaces.views.wording import count_of, when
from spotify_ai_pipeline.music.identity.groups import SPELLING, TRACK
from spotify_ai_pipeline.music.identity.matching import song_key
from spotify_ai_pipeline.storage import datasets, identity_overrides
from spotify_ai_pipeline.storage.identity_overrides import Named
from spotify_ai_pipeline.storage.workspace import Workspace

NEXT = "it counts from the next `spotify-ai refresh` on"


@click.group(cls=Group)
def match() -> None:
    """Show which Spotify ids and spellings count as one song, and correct it.

    SONG is a song id, a Spotify id or link, or "ARTIST - TITLE".
    """


@match.command(name="list")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(0), help="Number of unresolved names to show."
)
@json_option
def list_(limit: int, as_json: bool) -> None:
    """Show your corrections, and names that resemble a song without certainty, most played first."""
    workspace = Workspace.open()
    members = _members(workspace)
    doubts = members.drop_nulls("near").sort("plays", "member", descending=[True, False], nulls_last=True)
    said = identity_overrides.said(workspace.state)
    if as_json:
        overrides = [{"number": one.override_id, "said": one.words, "at": when(workspace, one.said_at)} for one in said]
        print_json({"overrides": overrides, "unresolved": doubts.head(limit).to_dicts()})
        return
    if said:
        shown = table("#", "you said", "when", right=("#",))
        for one in said:
            shown.add_row(str(one.override_id), plain(one.words), when(workspace, one.said_at))
        console.print(shown)
    else:
        console.print("You said nothing yet: `match same`, `match split` and `match set` do.")
    shown = table(
        "plays",
        "unresolved name",
        "song it is like",
        "why it is not taken for it",
        title=f"{doubts.height:,} unresolved names are like a known song",
        right=("plays",),
    )
    called = name_songs(members)
    for row in doubts.head(limit).iter_rows(named=True):
        name = f"{row['artist']} — {row['title']}"
        shown.add_row(str(row["plays"] or 0), plain(name), plain(called[row["near"]]), plain(row["near_evidence"]))
    console.print(shown)


@match.command()
@click.argument("song")
@json_option
def show(song: str, as_json: bool) -> None:
    """Show every Spotify id and spelling of SONG, the rule that joined it, and its evidence.

    How often a spelling was told counts each source: several may tell of the same play, which is one play of the song.
    """
    workspace = Workspace.open()
    members = _members(workspace)
    song_id = choose_song(workspace, song)
    rows = members.filter(pl.col("song_id") == song_id)
    heard = workspace.lake.read_or_none(datasets.LISTENS)
    plays = None if heard is None else heard.filter(pl.col("song_id") == song_id, pl.col("counts")).height
    if as_json:
        print_json({"song_id": song_id, "plays": plays, "members": rows.drop("song_id").to_dicts()})
        return
    heading = f"{name_songs(members)[song_id]}  {song_id}  {'' if plays is None else count_of(plays, 'play')}"
    if not is_wide():
        console.print(plain(heading), style="bold")
        console.print(listing((row["kind"], _name(row), _joined(row)) for row in rows.iter_rows(named=True)))
    shown = table(
        "",
        "name",
        "told",
        "Spotify id",
        "by",
        "evidence",
        title=heading,
        right=("told",),
    )
    for row in rows.iter_rows(named=True) if is_wide() else ():
        track = row["kind"] == TRACK
        shown.add_row(
            row["kind"],
            plain(f"{row['artist']} — {row['title']}"),
            "" if track else str(row["plays"] or 0),
            row["member"] if track else "",
            row["rule"],
            plain(row["evidence"]),
        )
    if is_wide():
        console.print(shown)
    for row in rows.drop_nulls("near").iter_rows(named=True):
        console.print(plain(f"like {name_songs(members)[row['near']]} ({row['near']}), but {row['near_evidence']}"))


@match.command()
@click.argument("a")
@click.argument("b")
@json_option
def same(a: str, b: str, as_json: bool) -> None:
    """Say that songs A and B are one."""
    workspace = Workspace.open()
    members = _members(workspace)
    one, two = (choose_song(workspace, named, surely=True) for named in (a, b))
    if one == two:
        raise UserError(f"{a} and {b} are one song already: {name_songs(members)[one]}")
    words = f"same: {name_songs(members)[two]} = {name_songs(members)[one]}"
    _record(workspace, "same", _anchor(members, two), _anchor(members, one), words, as_json)


@match.command()
@click.argument("track")
@json_option
def split(track: str, as_json: bool) -> None:
    """Say that TRACK (a Spotify id or link) is a song of its own."""
    workspace = Workspace.open()
    members = _members(workspace)
    track_id = track_id_of(track)
    row = members.filter((pl.col("kind") == TRACK) & (pl.col("member") == track_id))
    if not row.height:
        raise UserError(f"{track}: no Spotify id of your library; `spotify-ai match show SONG` lists a song's ids")
    if members.filter((pl.col("song_id") == row["song_id"][0]) & (pl.col("kind") == TRACK)).height == 1:
        raise UserError(f"{track}: is the only Spotify id of its song already")
    words = f"split: {row['artist'][0]} — {row['title'][0]} ({track_id})"
    _record(workspace, "split", Named(TRACK, track_id), None, words, as_json)


@match.command(name="set")
@click.argument("spelling")
@click.argument("song")
@json_option
def set_(spelling: str, song: str, as_json: bool) -> None:
    """Say that SPELLING ("ARTIST - TITLE", as scrobbled) names SONG."""
    workspace = Workspace.open()
    members = _members(workspace)
    song_id = choose_song(workspace, song, surely=True)
    meant = split_name(spelling)
    if not meant:
        raise UserError(f'{spelling!r}: a spelling is written as "ARTIST - TITLE"')
    known = set(members.filter(pl.col("kind") == SPELLING)["member"].to_list())
    artist, title = next((name for name in meant if song_key(*name) in known), meant[0])
    subject, words = Named.spelling(artist, title), f"set: {artist} — {title} = {name_songs(members)[song_id]}"
    _record(workspace, "set", subject, _anchor(members, song_id), words, as_json)


@match.command()
@click.argument("number", type=int)
@json_option
def unset(number: int, as_json: bool) -> None:
    """Take back a correction: NUMBER is its number in `spotify-ai match list`."""
    if not identity_overrides.unsay(Workspace.open().state, number):
        raise UserError(f"{number}: there is no correction with this number; `spotify-ai match list` shows all")
    report(f"taken back; {NEXT}", as_json, taken_back=number)


def _name(row: dict[str, Any]) -> Text:
    return song_name(row["artist"], row["title"])


def _joined(row: dict[str, Any]) -> str:
    """Says why a member is of its song: the rule, and the evidence."""
    told = row["member"] if row["kind"] == TRACK else f"told {count_of(row['plays'] or 0, 'time')}"
    return ", ".join(filter(None, (told, row["rule"], row["evidence"])))


def _record(workspace: Workspace, kind: str, subject: Named, target: Named | None, words: str, as_json: bool) -> None:
    identity_overrides.say(workspace.state, kind, subject, target, words)
    report(f"{words}; {NEXT}", as_json, said=words)


def _members(workspace: Workspace) -> pl.DataFrame:
    return workspace.lake.read(datasets.SONG_MEMBERS)


def _anchor(members: pl.DataFrame, song_id: str) -> Named:
    """A member that stands for the song: its first Spotify id, else its first spelling."""
    first = members.filter(pl.col("song_id") == song_id).row(0, named=True)
    return Named(TRACK, first["member"]) if first["kind"] == TRACK else Named.spelling(first["artist"], first["title"])
