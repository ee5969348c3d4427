"""`spotify-ai evaluate bandit | discovery`: discovery on listeners whose truth is known."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
import numpy as np
import polars as pl

from spotify_ai_pipeline.evaluation import bandit_simulation
from spotify_ai_pipeline.evaluation.discovery_simulation import World, Year, live
from spotify_ai_pipeline.interfaces.cli.console import console, print_json, table
from spotify_ai_pipeline.interfaces.cli.mix import json_option
from spotify_ai_pipeline.music.discovery.leads import Lead
from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.identity.matching import song_id, song_key
from spotify_ai_pipeline.music.plays.play_counts import WEEK, Plays
from spotify_ai_pipeline.storage.workspace import Workspace

END = datetime(2026, 1, 5, tzinfo=UTC)
LOVED = 3
"""Genres, by plays, of which the random songs are that discovery is compared with."""
LEARNING = 50
"""Verdicts after which approvals are compared."""


@click.command()
@click.option(
    "--listeners", default=100, show_default=True, type=click.IntRange(2), help="Number of made-up listeners."
)
@click.option("--verdicts", default=200, show_default=True, type=click.IntRange(1), help="Verdicts of each listener.")
@click.option("--seed", default=1, show_default=True, help="Seed of the listeners; both policies meet the same ones.")
@json_option
def bandit(listeners: int, verdicts: int, seed: int, as_json: bool) -> None:
    """Measure what Thompson sampling loses against always knowing the best source and region, beside epsilon-greedy."""
    epsilon = Workspace.open().settings.discovery.epsilon
    lost = {
        policy: np.array([bandit_simulation.regret(policy, epsilon, verdicts, seed + n)[-1] for n in range(listeners)])
        for policy in bandit_simulation.POLICIES
    }
    found = {policy: bandit_simulation.interval(values) for policy, values in lost.items()}
    saved = bandit_simulation.interval(lost["epsilon_greedy"] - lost["thompson"])
    if as_json:
        print_json({"listeners": listeners, "verdicts": verdicts, "regret": found, "saved_by_thompson": saved})
        return
    shown = table(
        "policy", "regret", "95 % interval", right=("regret",), title=f"{listeners} listeners, {verdicts} verdicts"
    )
    for policy, (mean, low, high) in [*found.items(), ("saved by thompson", saved)]:
        shown.add_row(policy, f"{mean:.1f}", f"{low:.1f} to {high:.1f}")
    console.print(shown)


@click.command()
@click.option(
    "--listeners",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Number of made-up listeners, a year each.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the first listener's world.")
@json_option
def discovery(listeners: int, seed: int, as_json: bool) -> None:
    """Simulate a year of discovery for made-up listeners whose taste is known. Compare the share that they approve with that of
    random songs of the genres they love."""
    settings, started = Workspace.open().settings, time.perf_counter()
    years = list[tuple[Year, float]]()
    with console.status("living through the year"):
        for number in range(listeners):
            world, random_yes = _world(seed + number)
            years.append((live(world, settings, seed + number), random_yes))
    found = _figures(years) | {
        "cap_of_change": settings.playlist.max_change_per_refresh,
        "seconds": round(time.perf_counter() - started, 1),
    }
    if as_json:
        print_json(found)
        return
    shown = table("figure", "value", title=f"a year of {listeners} listeners")
    for name, value in found.items():
        shown.add_row(name.replace("_", " "), f"{value:.3g}" if isinstance(value, float) else str(value))
    console.print(shown)


def _figures(years: Sequence[tuple[Year, float]]) -> dict[str, Any]:
    late = [np.mean(year.answers[LEARNING:]) for year, _ in years]
    ratios = [float(rate) / random_yes for rate, (_, random_yes) in zip(late, years, strict=True)]
    changed = np.concatenate([year.changed for year, _ in years])
    overlap = np.concatenate([year.overlap for year, _ in years])
    return {
        f"approved_of_the_first_{LEARNING}": float(np.mean([np.mean(year.answers[:LEARNING]) for year, _ in years])),
        f"approved_after_{LEARNING}": float(np.mean(late)),
        "random_songs_of_loved_genres": float(np.mean([random_yes for _, random_yes in years])),
        "ratio": float(np.mean(ratios)),
        "lowest_ratio": min(ratios),
        "answers": sum(len(year.answers) for year, _ in years),
        "expired_on_trial": sum(year.trials.get("expired", 0) for year, _ in years),
        "mean_change": float(changed.mean()),
        "largest_change": float(changed.max()),
        "overlap_of_weeks": float(overlap.mean()),
        "most_songs_of_an_artist_on_a_list": max(max(year.most_of_an_artist) for year, _ in years),
        "weeks_with_an_artist_over_the_cap": sum(sum(map(bool, year.over_the_cap)) for year, _ in years),
        "most_open_proposals_of_an_artist": max(max(year.most_new_of_an_artist) for year, _ in years),
        "popularity_percentile_of_new_songs": float(np.mean(np.concatenate([year.popularity for year, _ in years]))),
    }


def _world(seed: int) -> tuple[World, float]:
    """A world of the sandbox in memory with its truth, and the approval of random unheard songs of the loved genres."""
    from spotify_ai_pipeline.sandbox.known_taste import known_taste

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
