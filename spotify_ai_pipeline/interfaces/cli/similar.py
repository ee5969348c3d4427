"""`spotify-ai similar` and `spotify-ai find`: your songs that are nearest to a song, or to words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import click
import numpy as np
import polars as pl

from spotify_ai_pipeline.app.mood_requests import fitted, meaning, mood_query, text_vectors
from spotify_ai_pipeline.app.own_lists import towards
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.choose import choose_song
from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, listing, plain, print_json, song_name, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.music.embedding import blend, index, reasons
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
@click.argument("song", required=False)
@click.option("--from", "start", metavar="SONG", help="Show the way from this song …")
@click.option("--to", "end", metavar="SONG", help="… to this one, in as many songs as --limit.")
@limit_option
@json_option
def similar(song: str | None, start: str | None, end: str | None, limit: int, as_json: bool) -> None:
    """Show the songs of your library that are most like SONG, and why.

    It shows at most three songs of each artist. SONG is "ARTIST - TITLE", a title, a song id, or a Spotify id or link.
    --from A --to B shows the way between two songs instead, without an artist twice in a row; `spotify-ai list add --from A --to B`
    keeps it as a playlist.
    """
    if (song is None) == (start is None) or (start is None) != (end is None):
        raise click.UsageError("give SONG, or --from and --to")
    workspace = Workspace.open()
    order = workspace.lake.read(datasets.SONG_INDEX)["song_id"]
    found = index.from_bytes(workspace.lake.read_blob(datasets.SONG_INDEX, index.FILE))
    library = _read_library(workspace)
    if start is not None and end is not None:
        _print_way(library, found, order, [_place(workspace, order, one) for one in (start, end)], limit, as_json)
        return
    place = _place(workspace, order, song or "")
    song_id = order[place]
    what = library.row(by_predicate=pl.col("song_id") == song_id, named=True)
    shown = _find_nearest(library, found, order, index.vector_of(found, place), limit, but=[song_id])
    why = reasons.shared(what, shown, reasons.Usual.of(library))
    _print_songs(f"like {what['artist']} — {what['title']}", {"song": _facts(what)}, shown, why, as_json)


def _place(workspace: Workspace, order: pl.Series, song: str) -> int:
    """The row of the index that holds the song that ``song`` names."""
    place = order.index_of(choose_song(workspace, song))
    if place is None:
        raise UserError(f"{song}: its sound is unknown; `spotify-ai refresh --features` looks it up")
    return place


def _print_way(
    library: pl.DataFrame, found: index.Index, order: pl.Series, ends: list[int], limit: int, as_json: bool
) -> None:
    """Prints the songs from one end to the other, each with what it shares with the one before."""
    named = pl.DataFrame({"song_id": order}).join(library, on="song_id", how="left", maintain_order="left")
    rows = blend.way(found, *ends, limit, named["artist_key"].to_list())
    near = [float(index.vector_of(found, one) @ index.vector_of(found, two)) for one, two in pairwise(rows)]
    songs = named[rows].with_columns(near=pl.Series([1.0, *near]))
    usual = reasons.Usual.of(library)
    told = [reasons.shared(songs.row(place, named=True), songs[place + 1], usual)[0] for place in range(len(rows) - 1)]
    about = {"from": _facts(songs.row(0, named=True)), "to": _facts(songs.row(-1, named=True))}
    _print_songs("the way, each song with what it shares with the one before", about, songs, ["", *told], as_json)


@click.command()
@click.argument("words", nargs=-1)
@click.option("--like", multiple=True, metavar="SONG", help="Find what sounds like this song; give several.")
@click.option("--unlike", multiple=True, metavar="SONG", help="… and not like this one.")
@limit_option
@json_option
def find(words: tuple[str, ...], like: tuple[str, ...], unlike: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find songs of your library by WORDS such as "rainy late-night piano" or "fast happy punk, not loud".

    It understands words for moods and sounds, and the tags of your songs. If songs have lyrics or CLAP vectors, it compares the
    whole text with these too. It shows at most three songs of each artist. Songs do instead of words: --like A --like B
    --unlike C finds what the first two have in common, away from the third.
    """
    workspace = Workspace.open()
    if bool(words) == bool(like or unlike):
        raise click.UsageError("give WORDS, or songs with --like and --unlike")
    if not words:
        _find_blend(workspace, like, unlike, limit, as_json)
        return
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


def _find_blend(
    workspace: Workspace, like: tuple[str, ...], unlike: tuple[str, ...], limit: int, as_json: bool
) -> None:
    order = workspace.lake.read(datasets.SONG_INDEX)["song_id"]
    wanted, shunned = ([_place(workspace, order, song) for song in songs] for songs in (like, unlike))
    found = index.from_bytes(workspace.lake.read_blob(datasets.SONG_INDEX, index.FILE))
    library = _read_library(workspace)
    ids = [order[place] for place in (*wanted, *shunned)]
    shown = _find_nearest(library, found, order, towards(found, wanted, shunned), limit, but=ids)
    rows = {row["song_id"]: row for row in library.filter(pl.col("song_id").is_in(ids)).iter_rows(named=True)}
    usual = reasons.Usual.of(library)
    liked = [reasons.shared(rows[order[place]], shown, usual) for place in wanted]
    why = [" + ".join(dict.fromkeys(said)) for said in zip(*liked, strict=True)] if liked else [""] * shown.height
    about = {
        what: [_facts(rows[order[place]]) for place in places]
        for what, places in (("like", wanted), ("unlike", shunned))
    }
    title = ", ".join(f"{what} {row['artist']} — {row['title']}" for what, songs in about.items() for row in songs)
    _print_songs(title, about, shown, why, as_json)


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
    library: pl.DataFrame,
    found: index.Index,
    order: pl.Series,
    target: index.Vectors,
    limit: int,
    but: Sequence[str] = (),
) -> pl.DataFrame:
    """The rows of the songs nearest to ``target``, few of one artist, nearest first."""
    near, rows = index.search(found, target[None], 50 * limit)
    songs = pl.DataFrame({"song_id": order[rows[0]], "near": near[0]}).filter(~pl.col("song_id").is_in(but))
    named = songs.join(library, on="song_id", maintain_order="left")
    return named.filter(pl.int_range(pl.len()).over("artist_key") < OF_ONE_ARTIST).head(limit)


def _facts(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in ("song_id", "artist", "title", "link")}


def _print_songs(title: str, about: Mapping[str, object], songs: pl.DataFrame, why: list[str], as_json: bool) -> None:
    rows = songs.to_dicts()
    if as_json:
        found = [
            _facts(row) | {"near": round(row["near"], 4), "why": said} for row, said in zip(rows, why, strict=True)
        ]
        print_json({**about, "songs": found})
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
