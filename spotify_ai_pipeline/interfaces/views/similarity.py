"""Songs of the library by how they sound: like a song, by words, like some and unlike others, and the way between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from spotify_ai_pipeline.app.mood_requests import fitted, meaning, mood_query, text_vectors
from spotify_ai_pipeline.app.own_lists import towards
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.embedding import blend, index, reasons
from spotify_ai_pipeline.music.mix.target_ids import link_of
from spotify_ai_pipeline.music.mood.parser import understand
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

OF_ONE_ARTIST = 3
"""Songs of one artist that are shown at most: all of an artist's songs are near each other, which is no news."""


@dataclass(frozen=True)
class Found:
    """Songs with how near each is and why; ``about`` is what was asked for."""

    title: str
    about: Mapping[str, object]
    songs: pl.DataFrame
    why: list[str]

    def as_data(self) -> dict[str, Any]:
        rows = zip(self.songs.to_dicts(), self.why, strict=True)
        return {**self.about, "songs": [_facts(row) | {"near": round(row["near"], 4), "why": why} for row, why in rows]}


@dataclass(frozen=True)
class Similarity:
    """The index of the library, opened once for a question. Songs are given by their ids."""

    workspace: Workspace

    @cached_property
    def order(self) -> pl.Series:
        return self.workspace.lake.read(datasets.SONG_INDEX)["song_id"]

    @cached_property
    def index(self) -> index.Index:
        return index.from_bytes(self.workspace.lake.read_blob(datasets.SONG_INDEX, index.FILE))

    @cached_property
    def library(self) -> pl.DataFrame:
        """Every song with its names, link, audio features and tags."""
        lake = self.workspace.lake
        names = lake.read(datasets.SONGS).select("song_id", "artist", "title", "track_id", "mbid", "artist_key")
        audio = lake.read(datasets.AUDIO_FEATURES).select("song_id", *reasons.AXES)
        tags = lake.read(datasets.TAGS).select("song_id", "tags")
        songs = zip(names["track_id"], names["mbid"], strict=True)
        links = pl.Series([link_of(track or mbid or "") or None for track, mbid in songs], dtype=pl.String)
        named = names.with_columns(link=links)
        return named.join(audio, on="song_id", how="left").join(tags, on="song_id", how="left")

    @cached_property
    def usual(self) -> reasons.Usual:
        return reasons.Usual.of(self.library)

    def like(self, song: str, limit: int) -> Found:
        """The songs most like ``song``, with what they share."""
        what, place = self._row(song), self._place(song)
        shown = self._nearest(index.vector_of(self.index, place), limit, [song])
        title = f"like {what['artist']} — {what['title']}"
        return Found(title, {"song": _facts(what)}, shown, reasons.shared(what, shown, self.usual))

    def way(self, start: str, end: str, limit: int) -> Found:
        """The songs from ``start`` to ``end``, each with what it shares with the one before. Raises ``UserError`` where both are
        one song."""
        if start == end:
            raise UserError("a way leads from one song to another; these are the same")
        named = pl.DataFrame({"song_id": self.order}).join(
            self.library, on="song_id", how="left", maintain_order="left"
        )
        artists = named["artist_key"].to_list()
        rows = blend.way(self.index, self._place(start), self._place(end), limit, artists)
        vectors = [index.vector_of(self.index, row) for row in rows]
        songs = named[rows].with_columns(near=pl.Series([1.0, *(float(one @ two) for one, two in pairwise(vectors))]))
        steps = range(len(rows) - 1)
        told = [reasons.shared(songs.row(step, named=True), songs[step + 1], self.usual)[0] for step in steps]
        about = {"from": _facts(songs.row(0, named=True)), "to": _facts(songs.row(-1, named=True))}
        return Found("the way, each song with what it shares with the one before", about, songs, ["", *told])

    def blended(self, like: Sequence[str], unlike: Sequence[str], limit: int) -> Found:
        """The songs like those of ``like`` and unlike those of ``unlike``, with what they share with the former."""
        places = [[self._place(song) for song in songs] for songs in (like, unlike)]
        shown = self._nearest(towards(self.index, *places), limit, [*like, *unlike])
        shared = [reasons.shared(self._row(song), shown, self.usual) for song in like]
        why = [" + ".join(dict.fromkeys(said)) for said in zip(*shared, strict=True)] if like else [""] * shown.height
        about = {
            what: [_facts(self._row(song)) for song in songs] for what, songs in (("like", like), ("unlike", unlike))
        }
        named = [f"{what} {row['artist']} — {row['title']}" for what, rows in about.items() for row in rows]
        return Found(", ".join(named), about, shown, why)

    def by_words(self, said: str, limit: int) -> Found:
        """The songs nearest to what ``said`` asks for. Raises ``UserError`` where nothing of it is understood."""
        model, features = fitted(self.workspace), self.workspace.settings.features
        texts = text_vectors(model, said, features)
        wish = understand(said, model.tags.vocabulary, meaning=meaning()) if texts else mood_query(model, said)
        target = model.direction(wish.axes, wish.tags, features, texts).astype(np.float32)
        shown = self._nearest(target, limit)
        about = {"understood": wish.understood, "not understood": wish.unknown}
        missed = f" ({', '.join(wish.unknown)}: not understood)" if wish.unknown else ""
        title = f"{', '.join(wish.understood)}{missed}"
        return Found(title, about, shown, reasons.wished(wish, shown, self.usual))

    def _place(self, song: str) -> int:
        """The row of the index that holds ``song``."""
        place = self.order.index_of(song)
        if place is None:
            row = self._row(song)
            raise UserError(
                f"{row['artist']} — {row['title']}: its sound is unknown; `spotify-ai refresh --features` looks it up"
            )
        return place

    def _row(self, song: str) -> dict[str, Any]:
        return self.library.row(by_predicate=pl.col("song_id") == song, named=True)

    def _nearest(self, target: index.Vectors, limit: int, but: Sequence[str] = ()) -> pl.DataFrame:
        """The rows of the songs nearest to ``target``, few of one artist, nearest first."""
        near, rows = index.search(self.index, target[None], 50 * limit)
        songs = pl.DataFrame({"song_id": self.order[rows[0]], "near": near[0]})
        named = songs.filter(~pl.col("song_id").is_in(but)).join(self.library, on="song_id", maintain_order="left")
        return named.filter(pl.int_range(pl.len()).over("artist_key") < OF_ONE_ARTIST).head(limit)


def _facts(row: Mapping[str, object]) -> dict[str, object]:
    return {name: row[name] for name in ("song_id", "artist", "title", "link")}
