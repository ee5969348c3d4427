"""`spotify-ai why`: the parts of a song's score."""

from __future__ import annotations

import click
import polars as pl
from rich.table import Table

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.mix import json_option
from spotify_ai_pipeline.music.plays.play_counts import seconds
from spotify_ai_pipeline.music.taste import explain
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

BAR = 24
"""Characters of the longest bar."""


@click.command()
@click.argument("song")
@json_option
def why(song: str, as_json: bool) -> None:
    """Show why SONG (a part of its title, of "artist title", or its id) has its rank.

    The parts sum to the score: the score of an average song of the slot, and what the song's own plays, its artist, the songs
    played beside it, its age, mood and freshness add or take.
    """
    workspace = Workspace.open()
    row, place, story, parts = explained(workspace, song)
    if as_json:
        print_json(
            {key: row[key] for key in ("song_id", "artist", "title", "slot", "score")}
            | {"place": place, "story": story, "parts": [vars(part) for part in parts]}
        )
        return
    console.print(plain(f"{row['artist']} — {row['title']}: {place} ({row['slot']}, score {_number(row['score'])})"))
    console.print(plain(story))
    if parts:
        console.print(_bars(parts))


def explained(workspace: Workspace, song: str) -> tuple[dict[str, object], str, str, list[explain.Part]]:
    """A song's row of the scores, its place on the mix, the story of its plays, and the parts of its score."""
    row = find(workspace.lake.read(datasets.SONG_SCORES), song)
    listed = workspace.lake.read(datasets.MIX).drop_nulls("rank").filter(song_id=row["song_id"])
    place = f"number {listed['rank'][0]} of the mix" if listed.height else "not on the mix"
    return row, place, _story(workspace, row), explain.parts(row)


def _bars(parts: list[explain.Part]) -> Table:
    """The parts and their sum as a table; a full bar adds, a light one takes."""
    longest = max(abs(part.worth) for part in parts) or 1.0
    shown = table("part", "worth", "", "because", right=("worth",))
    for part in parts:
        bar = ("█" if part.worth >= 0 else "░") * round(BAR * abs(part.worth) / longest)
        shown.add_row(plain(part.name), f"{part.worth:+.3f}", bar, plain(part.says))
    shown.add_row("score", f"{sum(part.worth for part in parts):.3f}", "", "the sum (█ adds, ░ takes)")
    return shown


def _story(workspace: Workspace, row: dict[str, object]) -> str:
    artist = workspace.lake.read(datasets.SONGS).filter(artist_key=row["artist_key"])["song_id"].to_list()
    listens = workspace.lake.scan(datasets.LISTENS).filter("counts").select("song_id", "played_at")
    of_artist = listens.filter(pl.col("song_id").is_in(artist)).collect().sort("played_at")
    of_song = of_artist.filter(song_id=row["song_id"])
    song_times, artist_times = seconds(of_song["played_at"]), seconds(of_artist["played_at"])
    return explain.story(song_times, artist_times, clock.now(), workspace.settings.listener.zone)


def find(scores: pl.DataFrame, words: str) -> dict[str, object]:
    """The best-scored row whose id is ``words`` or whose artist and title hold them; raises ``UserError`` for none."""
    name = (pl.col("artist") + " " + pl.col("title")).str.to_lowercase()
    found = scores.filter((pl.col("song_id") == words) | name.str.contains(words.lower(), literal=True))
    if found.is_empty():
        raise UserError(f"{words!r}: no song of yours has that in its artist or title; `spotify-ai mix` shows the list")
    return found.sort("score", descending=True, nulls_last=True).row(0, named=True)


def _number(score: object) -> str:
    return f"{score:.2f}" if isinstance(score, float) else "unknown"
