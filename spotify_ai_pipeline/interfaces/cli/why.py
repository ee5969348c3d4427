"""`spotify-ai why`: what a song's score is made of."""

from __future__ import annotations

import click
import polars as pl

from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.look import json_option
from spotify_ai_pipeline.music.explain import why as explain
from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.storage.home import Home


@click.command()
@click.argument("song")
@json_option
def why(song: str, as_json: bool) -> None:
    """Show why SONG (a part of its title, of "artist title", or its id) is ranked as it is."""
    home = Home.open()
    row = find(home.lake.read("taste", "song_scores"), song)
    listed = home.lake.read("playlist", "mix").drop_nulls("rank").filter(song_id=row["song_id"])
    place = f"number {listed['rank'][0]} of the mix" if listed.height else "not on the mix"
    parts = explain(row)
    if as_json:
        print_json(
            {"song_id": row["song_id"], "artist": row["artist"], "title": row["title"], "place": place, "why": parts}
        )
        return
    console.print(plain(f"{row['artist']} — {row['title']}: {place} ({row['slot']}, score {_number(row['score'])})"))
    shown = table("part", "says")
    for part, sentence in parts:
        shown.add_row(plain(part), plain(sentence))
    console.print(shown)


def find(scores: pl.DataFrame, words: str) -> dict[str, object]:
    """The best-scored row whose id is ``words`` or whose artist and title hold them; raises ``Problem`` for none."""
    name = (pl.col("artist") + " " + pl.col("title")).str.to_lowercase()
    found = scores.filter((pl.col("song_id") == words) | name.str.contains(words.lower(), literal=True))
    if found.is_empty():
        raise Problem(f"{words!r}: no song of yours has that in its artist or title; `spotify-ai mix` shows the list")
    return found.sort("score", descending=True, nulls_last=True).row(0, named=True)


def _number(score: object) -> str:
    return f"{score:.2f}" if isinstance(score, float) else "unknown"
