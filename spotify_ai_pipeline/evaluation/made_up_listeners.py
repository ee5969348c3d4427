"""Made-up listeners whose taste is known: worlds of the sandbox, in memory, with their truth."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from spotify_ai_pipeline.durations import WEEK
from spotify_ai_pipeline.evaluation.discovery_simulation import World
from spotify_ai_pipeline.music.discovery.leads import Lead
from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.identity.matching import song_id, song_key
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.sandbox.generate import known_taste

END = datetime(2026, 1, 5, tzinfo=UTC)
LOVED = 3
"""Genres, by plays, of which the random songs are that discovery is compared with."""


def make_listener(seed: int) -> tuple[World, float]:
    """(a listener's world, the approval of random unheard songs of the genres that the listener loves)."""
    known = known_taste(seed, songs=1_500, catalogue=10_000, plays=15_000, years=2, end=END)
    tracks = known.tables["catalogue"].with_row_index("row")
    names = [
        (row["artist_names"][0], row["name"]) for row in tracks.select("artist_names", "name").iter_rows(named=True)
    ]
    tags, genres = _tags(known.tables, tracks)
    keys = [song_key(*name) for name in names]
    songs = tracks.select(
        "popularity",
        track_id="id",
        artist=pl.Series([artist for artist, _ in names]),
        title=pl.Series([title for _, title in names]),
        artists=pl.col("artist_names"),
        key=pl.Series(keys),
        song_id=pl.Series([song_id(key) for key in keys]),
        artist_key=pl.Series([artist_key(artist) for artist, _ in names]),
        tags=tags,
    )
    first = songs.with_row_index("row").unique("song_id", keep="first", maintain_order=True)["row"].to_numpy()
    row_of = {track: row for row, track in enumerate(tracks["id"])}
    merged = dict(zip(songs["song_id"][first].to_list(), range(len(first)), strict=True))
    place = np.array([merged[song] for song in songs["song_id"]])  # a song with two ids is one
    plays = known.tables["plays"]
    heard = place[[row_of[track] for track in plays["track_id"]]]
    age = (plays["started"].max() - plays["started"].to_numpy()) / (7 * 86_400)  # pyright: ignore[reportOperatorIssue]
    weight = np.bincount(heard, weights=0.5 ** (age / (30 / 7)), minlength=len(first)) * (1 - 0.5 ** (7 / 30))
    owned = [*known.tables["likes"]["track_id"], *known.tables["playlist_items"]["track_id"].drop_nulls()]
    library = np.zeros(len(first), bool)
    library[[place[row_of[track]] for track in owned if track in row_of]] = True
    library[np.unique(heard)] = True
    genre = np.array(genres, dtype=object)[first]
    by_genre = (
        pl.DataFrame({"genre": genre[heard].tolist()}).drop_nulls().group_by("genre").len().sort("len", descending=True)
    )
    loved = np.isin(genre.astype(str), by_genre["genre"].head(LOVED).to_list()) & ~library
    yes = known.yes[first]
    sources = _Sources(known.tables, tracks, row_of, names).all(np.random.default_rng([seed, 3]))
    order = np.argsort(-age, kind="stable")
    before = Plays(heard[order], -age[order] * WEEK - 1, len(first))
    return World(songs[first], yes, weight, library, before, sources), float(yes[loved].mean())


def _tags(tables: dict[str, pl.DataFrame], tracks: pl.DataFrame) -> tuple[pl.Series, list[str | None]]:
    """(tags of each track: its own, else its artist's at half weight; the genre of its artist)."""
    rows = {(row["kind"], row["id"]): row for row in tables["tags"].iter_rows(named=True)}
    genre_of = dict(tables["artists"].select("id", pl.col("genres").list.first()).iter_rows())
    found, genres = list[list[dict[str, Any]] | None](), list[str | None]()
    for track, artists in tracks.select("id", "artist_ids").iter_rows():
        row, share = rows.get(("track", track)), 1.0
        if row is None:
            row, share = rows.get(("artist", artists[0])), 0.5
        tags = [] if row is None else zip(row["tags"], row["counts"], strict=True)
        found.append([{"tag": tag, "weight": share * count / 100} for tag, count in tags] or None)
        genres.append(genre_of.get(artists[0]))
    kind = pl.List(pl.Struct({"tag": pl.String, "weight": pl.Float64}))
    return pl.Series("tags", found, dtype=kind), genres


class _Sources:
    """The sandbox's services as functions: similar songs and artists, friends, radio by tag, and a chart as noise."""

    def __init__(
        self,
        tables: dict[str, pl.DataFrame],
        tracks: pl.DataFrame,
        row_of: dict[str, int],
        names: list[tuple[str, str]],
    ) -> None:
        near = tables["similar"]
        self.near = {
            (kind, key): list(zip(others, matches, strict=True))
            for kind, key, others, matches in near.select("kind", "id", "others", "matches").iter_rows()
        }
        self.names, self.row_of, self.tracks, self.tables = names, row_of, tracks, tables
        self.popularity = tracks["popularity"].to_numpy()
        self.artist_of = dict(tracks.select("id", pl.col("artist_ids").list.first()).iter_rows())
        best = tracks.sort("popularity", descending=True).select("row", artist=pl.col("artist_ids").list.first())
        self.best = dict(best.group_by("artist").agg(pl.col("row").head(5)).iter_rows())

    def all(self, rng: np.random.Generator) -> dict[str, Any]:
        friends = [self.row_of[track] for track in self.tables["friend_plays"]["track_id"]]

        def lead(row: int, strength: float, because: str = "") -> Lead:
            return Lead(*self.names[row], strength, because, self.tracks["id"][row])

        def similar(seeds: pl.DataFrame) -> list[Lead]:
            return [
                lead(self.row_of[other], 0.8 * match, seed["artist"])
                for seed in seeds.head(20).iter_rows(named=True)
                for other, match in self.near.get(("track", seed["track_id"]), [])
            ]

        def artists(seeds: pl.DataFrame) -> list[Lead]:
            return [
                lead(row, 0.6 * match, seed["artist"])
                for seed in seeds.head(5).iter_rows(named=True)
                for other, match in self.near.get(("artist", self.artist_of[seed["track_id"]]), [])[:3]
                for row in self.best.get(other, [])
            ]

        def friends_play(_: pl.DataFrame) -> list[Lead]:
            return [lead(row, 0.4, "a friend") for row in rng.choice(friends, 40, replace=False).tolist()]

        def chart(_: pl.DataFrame) -> list[Lead]:
            odds = self.popularity**2 / (self.popularity**2).sum()
            return [lead(row, 0.4, "chart") for row in rng.choice(len(odds), 40, replace=False, p=odds).tolist()]

        return {"lastfm_similar": similar, "lastfm_artists": artists, "lastfm_friends": friends_play, "files": chart}
