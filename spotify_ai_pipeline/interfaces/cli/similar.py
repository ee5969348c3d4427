"""`spotify-ai similar` and `spotify-ai find`: your songs that are nearest to a song, or to words."""

from __future__ import annotations

import click
import numpy as np
import polars as pl

from spotify_ai_pipeline.app.mood_requests import fitted, meaning, mood_query, text_vectors
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.choose import choose_song
from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, listing, plain, print_json, song_name, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.music.embedding import index, reasons
from spotify_ai_pipeline.music.mix.target_ids import link_of
from spotify_ai_pipeline.music.mood.parser import understand
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

OF_ONE_ARTIST = 3
"""Songs of one artist that are shown at most: all of an artist's songs are near each other, which is no news."""
limit_option = click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(1, 1000), help="Songs to show."
)


@click.command()
@click.argument("song")
@limit_option
@json_option
def similar(song: str, limit: int, as_json: bool) -> None:
    """Show the songs of your library that are most like SONG, and why.

    It shows at most three songs of each artist. SONG is "ARTIST - TITLE", a title, a song id, or a Spotify id or link.
    """
    workspace = Workspace.open()
    song_id = choose_song(workspace, song)
    order = workspace.lake.read(datasets.SONG_INDEX)["song_id"]
    place = order.index_of(song_id)
    if place is None:
        raise UserError(f"{song}: its sound is unknown; `spotify-ai refresh --features` looks it up")
    found = index.from_bytes(workspace.lake.read_blob(datasets.SONG_INDEX, index.FILE))
    library = _read_library(workspace)
    what = library.row(by_predicate=pl.col("song_id") == song_id, named=True)
    shown = _find_nearest(library, found, order, index.vector_of(found, place), limit, but=song_id)
    why = reasons.shared(what, shown, reasons.Usual.of(library))
    _print_songs(f"like {what['artist']} — {what['title']}", {"song": _facts(what)}, shown, why, as_json)


@click.command()
@click.argument("words", nargs=-1, required=True)
@limit_option
@json_option
def find(words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find songs of your library by WORDS such as "rainy late-night piano" or "fast happy punk, not loud".

    It understands words for moods and sounds, and the tags of your songs. If songs have lyrics or CLAP vectors, it compares the
    whole text with these too. It shows at most three songs of each artist.
    """
    workspace = Workspace.open()
    model = fitted(workspace)
    said = " ".join(words)
    texts = text_vectors(model, said, workspace.settings.features)
    wish = understand(said, model.tags.vocabulary, meaning=meaning()) if texts else mood_query(model, said)
    target = model.direction(wish.axes, wish.tags, workspace.settings.features, texts).astype(np.float32)
    order = workspace.lake.read(datasets.SONG_INDEX)["song_id"]
    found = index.from_bytes(workspace.lake.read_blob(datasets.SONG_INDEX, index.FILE))
    library = _read_library(workspace)
    shown = _find_nearest(library, found, order, target, limit)
    why = reasons.wished(wish, shown, reasons.Usual.of(library))
    heard: dict[str, object] = {"understood": wish.understood, "not understood": wish.unknown}
    missed = f" ({', '.join(wish.unknown)}: not understood)" if wish.unknown else ""
    _print_songs(f"{', '.join(wish.understood)}{missed}", heard, shown, why, as_json)


def _read_library(workspace: Workspace) -> pl.DataFrame:
    """Every song with its names, link, audio features and tags."""
    names = workspace.lake.read(datasets.SONGS).select("song_id", "artist", "title", "track_id", "mbid", "artist_key")
    audio = workspace.lake.read(datasets.AUDIO_FEATURES).select("song_id", *reasons.AXES)
    tags = workspace.lake.read(datasets.TAGS).select("song_id", "tags")
    songs = zip(names["track_id"], names["mbid"], strict=True)
    names = names.with_columns(
        link=pl.Series([link_of(track or mbid or "") or None for track, mbid in songs], dtype=pl.String)
    )
    return names.join(audio, on="song_id", how="left").join(tags, on="song_id", how="left")


def _find_nearest(
    library: pl.DataFrame, found: index.Index, order: pl.Series, target: index.Vectors, limit: int, but: str = ""
) -> pl.DataFrame:
    """The rows of the songs nearest to ``target``, few of one artist, nearest first."""
    near, rows = index.search(found, target[None], 50 * limit)
    songs = pl.DataFrame({"song_id": order[rows[0]], "near": near[0]}).filter(pl.col("song_id") != but)
    named = songs.join(library, on="song_id", maintain_order="left")
    return named.filter(pl.int_range(pl.len()).over("artist_key") < OF_ONE_ARTIST).head(limit)


def _facts(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in ("song_id", "artist", "title", "link")}


def _print_songs(title: str, about: dict[str, object], songs: pl.DataFrame, why: list[str], as_json: bool) -> None:
    rows = songs.to_dicts()
    if as_json:
        found = [
            _facts(row) | {"near": round(row["near"], 4), "why": said} for row, said in zip(rows, why, strict=True)
        ]
        print_json(about | {"songs": found})
        return
    console.print(plain(title), style="bold")
    names = [song_name(row["artist"], row["title"], row["link"]) for row in rows]
    if not is_wide():
        console.print(
            listing((f"{row['near']:.2f}", name, said) for row, name, said in zip(rows, names, why, strict=True))
        )
        return
    shown = table("near", "song", "why", "listen", right=("near",))
    for row, name, said in zip(rows, names, why, strict=True):
        shown.add_row(f"{row['near']:.2f}", name, plain(said), plain(row["link"]))
    console.print(shown)
