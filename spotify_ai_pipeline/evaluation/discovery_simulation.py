"""A year of discovery on a listener whose taste is known: what is proposed, what is said to it, and what the list becomes.

The same functions decide as in the pipeline (leads, dedupe, affinity, bandit, diversify, trial, mix); only services, clock and
listener are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.durations import WEEK
from spotify_ai_pipeline.music import mix
from spotify_ai_pipeline.music.discovery import affinity, bandit, diversify, seeds, trial
from spotify_ai_pipeline.music.discovery.dedupe import Refused, new_songs
from spotify_ai_pipeline.music.discovery.leads import Lead, gather
from spotify_ai_pipeline.music.mix.habit import artist_cap
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.tables import LEADS
from spotify_ai_pipeline.music.taste.taste_model import artist_numbers
from spotify_ai_pipeline.settings import Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEKS, PLAYS_A_WEEK, ANSWERS_A_WEEK, SEEDS = 52, 250, 5, 40
HALF_LIFE_WEEKS = 30 / 7
DORMANT_WEEKS = 9
PER_ARTIST = 2
STALE_WEEKS = KEPT_WEEKS = 4
ARMS = ["source", "region", "artist_key", "chance"]
FROM_THE_LIST = 0.6
"""Share of the plays that are of the list."""

LEARNING = 50
"""Verdicts after which approvals are compared."""

Ask = Callable[[pl.DataFrame], Sequence[Lead]]
"""A source: leads for the seeds of a week."""


@dataclass(frozen=True)
class World:
    """``songs`` (song_id, key, artist, artists, title, artist_key, track_id, popularity, tags) with the chance ``yes`` (n,) that
    the listener likes each; ``weight`` (n,): expected plays a week at the start, 0 for what was never heard; ``library`` (n,) of
    bool; ``plays`` of the time before, in seconds from the start of the year (below 0); and the sources."""

    songs: pl.DataFrame
    yes: Floats
    weight: Floats
    library: NDArray[np.bool_]
    plays: Plays
    sources: Mapping[str, Ask]


@dataclass
class Year:
    """A simulation's course: answers in order (1 yes, 0 no), and figures of each week."""

    answers: list[int] = field(default_factory=list[int])
    changed: list[float] = field(default_factory=list[float])
    overlap: list[float] = field(default_factory=list[float])
    most_of_an_artist: list[int] = field(default_factory=list[int])
    over_the_cap: list[int] = field(default_factory=list[int])
    """Songs by which an artist had more on the list than they may."""
    most_new_of_an_artist: list[int] = field(default_factory=list[int])
    popularity: list[float] = field(default_factory=list[float])
    """Mean percentile in the catalogue of the songs in the discovery slot, 0 to 100."""
    trials: dict[str, int] = field(default_factory=dict[str, int])


def live(world: World, settings: Settings, seed: int) -> Year:
    """A year: each week the listener plays, the sources are asked, songs are proposed, the list is refreshed, and a few
    questions are answered."""
    rng = np.random.default_rng([seed, 2])
    life = _Life(world, settings, rng)
    for week in range(WEEKS):
        life.listen(week)
        life.search(week)
        life.refresh()
        life.answer(week)
    return life.year


def summarize_years(years: Sequence[tuple[Year, float]]) -> dict[str, Any]:
    """The figures of ``years``. Each comes with the approval of random songs of the genres that its listener loves."""
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


@dataclass
class _Open:
    """A question that waits."""

    row: int
    source: str
    region: str
    chance: float
    since: int
    listed_at: int | None = None
    plays: int = 0
    skips: int = 0


class _Life:
    def __init__(self, world: World, settings: Settings, rng: np.random.Generator) -> None:
        self.world, self.settings, self.rng, self.year = world, settings, rng, Year()
        self.artists = world.songs["artist_key"].to_list()
        self.row = {song: row for row, song in enumerate(world.songs["song_id"])}
        self.weight, self.library = world.weight.copy(), world.library.copy()
        self.quiet = np.where(world.weight > 0, 0, DORMANT_WEEKS)
        self.open: dict[int, _Open] = {}
        self.refused: list[Refused] = []
        self.said: list[dict[str, object]] = []
        self.list = list[int]()
        self.leads = pl.DataFrame(schema=LEADS)
        self.belief = bandit.learn(pl.DataFrame(schema=bandit.OUTCOMES))
        popularity = world.songs["popularity"].to_numpy()
        self.artist = artist_numbers(world.songs["artist_key"])
        self.weeks = list[NDArray[np.int64]]()
        self.percentile = 100 * np.searchsorted(np.sort(popularity), popularity) / len(popularity)

    def listen(self, week: int) -> None:
        """Plays of the list and of the rest of the library, more of what is liked; a trial is skipped when it is not."""
        own = np.flatnonzero(self.library)
        pools = [(own, PLAYS_A_WEEK)]
        if self.list:
            listed = np.array(self.list)
            many = round(FROM_THE_LIST * PLAYS_A_WEEK)
            pools = [(listed, many), (own, PLAYS_A_WEEK - many)]
        played = np.zeros(len(self.weight))
        for pool, many in pools:
            wish = self.world.yes[pool]
            played += np.bincount(self.rng.choice(pool, many, p=wish / wish.sum()), minlength=len(played))
        self.weeks.append(np.repeat(np.arange(len(played)), played.astype(np.int64)))
        for item in self.open.values():
            times = int(played[item.row]) if item.listed_at is not None else 0
            item.plays += times
            item.skips += int((self.rng.random(times) > self.world.yes[item.row]).sum())
        self.weight = self.weight * 0.5 ** (1 / HALF_LIFE_WEEKS) + played * (1 - 0.5 ** (1 / HALF_LIFE_WEEKS))
        self.quiet = np.where(played > 0, 0, self.quiet + 1)

    def search(self, week: int) -> None:
        """Asks the sources and fills the queue."""
        settings, songs = self.settings.discovery, self.world.songs
        heard = np.flatnonzero(self.library | (self.weight > 0))
        liking = songs[heard].with_columns(weight=pl.Series(self.weight[heard]), mbid=pl.lit(None, pl.String))
        drawn = seeds.draw(liking, self.rng).head(SEEDS)
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(weeks=week)
        rows = [
            {**vars(lead), "source": name, "found_at": now}
            for name, ask in self.world.sources.items()
            for lead in ask(drawn)
        ]
        since = pl.col("found_at") > now - timedelta(weeks=KEPT_WEEKS)
        self.leads = pl.concat([pl.DataFrame(rows, schema=LEADS), self.leads.filter(since)])
        known = liking.with_columns(track_ids=pl.concat_list("track_id"), keys=pl.concat_list("key"))
        waiting = [self._refuse(row, "asked") for row in self.open]
        fresh, _ = new_songs(gather(self.leads), known, [*self.refused, *waiting])
        fresh = fresh.join(songs.select("song_id", "tags"), on="song_id", maintain_order="left")
        tags = liking.select("song_id", "tags").explode("tags").unnest("tags").drop_nulls("tag").rename({"weight": "w"})
        profile = affinity.Profile.of(liking, tags.rename({"w": "weight"}))
        fresh = fresh.with_columns(
            chance=pl.Series(affinity.chance(fresh, profile)),
            region=pl.Series(affinity.regions(fresh, profile, None, songs), dtype=pl.String),
        )
        waits = [self.artists[row] for row in self.open]
        self.belief = bandit.learn(self._outcomes(week))
        for row in [
            row for row, item in self.open.items() if item.listed_at is None and week - item.since >= STALE_WEEKS
        ]:
            del self.open[row]
        free = settings.candidates_per_refresh - sum(item.listed_at is None for item in self.open.values())
        draw = bandit.draws(self.belief, fresh, self.rng, settings.bandit, settings.epsilon)
        vectors = diversify.unit_vectors(fresh["tags"].to_list())
        for place in diversify.pick(draw, vectors, fresh["artist_key"].to_list(), max(free, 0), PER_ARTIST, waits):
            found = fresh.row(place, named=True)
            row = self.row[found["song_id"]]
            self.open[row] = _Open(row, found["source"], found["region"], found["chance"], week)
        news = [self.artists[row] for row in self.open]
        self.year.most_new_of_an_artist.append(max(map(news.count, set(news)), default=0))

    def refresh(self) -> None:
        """The list moves towards what it should be, within the cap of change and of one artist."""
        own = np.flatnonzero(self.library)
        slots = np.where(self.quiet[own] >= DORMANT_WEEKS, "exploration", "core")
        trials = list(self.open.values())
        rows = [*own.tolist(), *(item.row for item in trials)]
        ranked = pl.DataFrame(
            {
                "song_id": rows,
                "slot": [*slots.tolist(), *["discovery"] * len(trials)],
                "score": [*self.weight[own].tolist(), *(item.chance + (item.listed_at is not None) for item in trials)],
                "artist_key": [self.artists[row] for row in rows],
                "credits": [[self.artists[row]] for row in rows],
            }
        )
        cap = self._artist_cap()
        before = set(self.list)
        chosen = mix.select(
            ranked,
            self.list,
            self.settings.playlist,
            loyalty=mix.loyalty(self.settings.cycling),
            artist_cap=cap,
        )
        self.list = chosen["song_id"].to_list()
        artists = chosen["artist_key"].to_list()
        most = max(map(artists.count, set(artists)))
        self.year.most_of_an_artist.append(most)
        self.year.over_the_cap.append(0 if cap is None else max(most - cap, 0))
        if before:
            same = len(before & set(self.list))
            self.year.changed.append(1 - same / len(self.list))
            self.year.overlap.append(same / len(before | set(self.list)))
        listed = [row for row in self.list if row in self.open]
        if listed:
            self.year.popularity.append(float(self.percentile[listed].mean()))

    def _artist_cap(self) -> int:
        """The cap by the habit of the weeks up to now (``mix.habit``)."""
        before = self.world.plays
        at = np.repeat(np.arange(len(self.weeks)) * WEEK, list(map(len, self.weeks)))
        plays = Plays(
            np.concatenate([before.song, *self.weeks]), np.concatenate([before.at, at.astype(np.float64)]), before.songs
        )
        return artist_cap(plays, self.artist, len(self.weeks) * WEEK, self.settings.playlist)

    def answer(self, week: int) -> None:
        """Trials take their steps; the listener answers a few questions, what was heard first."""
        asked = list[_Open]()
        for item in list(self.open.values()):
            if item.row in self.list and item.listed_at is None:
                item.listed_at = week
            if item.listed_at is None:
                continue
            heard = trial.Heard(item.plays, item.skips, 7 * (week - item.listed_at))
            step = trial.next_step(heard, self.settings.discovery)
            if step and step[0] == "asked":
                asked.append(item)
            elif step:
                self._end(item, "expired")
                if item.plays:
                    self._say(item, 0.0, 0.5, week)
        waiting = [item for item in self.open.values() if item not in asked]
        likely: list[float] = bandit.expected(self.belief, self._arms(waiting)).tolist()
        best_first = sorted(range(len(waiting)), key=lambda place: -likely[place])
        for item in [*asked, *(waiting[place] for place in best_first)][:ANSWERS_A_WEEK]:
            yes = int(self.rng.random() < self.world.yes[item.row])
            self.year.answers.append(yes)
            self._say(item, float(yes), 1.0, week)
            self._end(item, "approved" if yes else "rejected")
            self.library[item.row] |= bool(yes)

    def _end(self, item: _Open, how: str) -> None:
        del self.open[item.row]
        self.year.trials[how] = self.year.trials.get(how, 0) + 1
        if how != "approved":
            self.refused.append(self._refuse(item.row, how))

    def _refuse(self, row: int, verdict: str) -> Refused:
        song = self.world.songs.row(row, named=True)
        return Refused(song["song_id"], song["track_id"], song["artist"], song["title"], verdict)

    def _say(self, item: _Open, reward: float, weight: float, week: int) -> None:
        self.said.append(
            {**self._arms([item]).row(0, named=True), "reward": reward, "weight": weight, "days": -7.0 * week}
        )

    def _outcomes(self, week: int) -> pl.DataFrame:
        return pl.DataFrame(self.said, schema=bandit.OUTCOMES).with_columns(pl.col("days") + 7.0 * week)

    def _arms(self, items: Iterable[_Open]) -> pl.DataFrame:
        rows = [(item.source, item.region, self.artists[item.row], item.chance) for item in items]
        return pl.DataFrame(rows, schema={**dict.fromkeys(ARMS[:3], pl.String), "chance": pl.Float64}, orient="row")
