"""The list holds its shape: week after week each slot is near its quota, wherever the dials stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.durations import DAY, HOUR, WEEK
from spotify_ai_pipeline.music import mix
from spotify_ai_pipeline.music.mix.select import LEEWAY
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.music.taste.ranking import CORE, DISCOVERY, EXPLORATION, SLOTS, rank
from spotify_ai_pipeline.music.taste.rolling_forecast import RollingForecast
from spotify_ai_pipeline.music.taste.song_statistics import statistics
from spotify_ai_pipeline.settings import Settings

SONGS, ARTISTS, DAYS = 900, 300, 400
REFRESHES = 12
START = (DAYS - 7 * REFRESHES - 1) * DAY


def listener() -> tuple[Plays, np.ndarray]:
    """A little over a year of a listener whose taste wanders through 900 songs, 25 plays a day, some of them of old ones."""
    rng = np.random.default_rng(7)
    rows: list[tuple[float, int]] = []
    for day in range(DAYS):
        new = (day * 2 + (rng.exponential(120, 19) * rng.choice([-1, 1], 19)).astype(int)) % SONGS
        old = rng.integers(0, SONGS, 6)
        rows += [
            (day * DAY + HOUR * hour, int(song))
            for hour, song in zip(rng.uniform(7, 23, 25), [*new, *old], strict=True)
        ]
    rows.sort()
    plays = Plays(np.array([song for _, song in rows]), np.array([at for at, _ in rows]), SONGS)
    return plays, np.arange(SONGS) % ARTISTS


@pytest.fixture(scope="module")
def weeks(defaults: Settings) -> list[tuple[float, pl.DataFrame]]:
    """Gives what a refresh at each of twelve weeks knows of every song."""
    plays, artist = listener()
    rolling = RollingForecast(plays, artist, shipped(), defaults.cycling.dormant_days, 14)
    rolling.prepare(START)
    known: list[tuple[float, pl.DataFrame]] = []
    for now in START + np.arange(REFRESHES + 1) * WEEK:
        expected = rolling.stand_at(float(now))
        stats = statistics(plays, rolling.memory, defaults.cycling).with_columns(expected)
        about = stats.with_columns(
            song_id=pl.format("s{}", pl.int_range(pl.len())),
            mood_match=pl.lit(None, pl.Float64),
            credits=pl.concat_list(pl.Series(artist)),
        )
        known.append((float(now), about.filter(pl.col("plays") > 0)))
    return known


def on_trial(now: float) -> pl.DataFrame:
    """30 songs on trial, a tenth of them others than a week ago."""
    first = 3 * int(now // WEEK)
    rng = np.random.default_rng(int(now))
    return pl.DataFrame(
        {
            "song_id": [f"trial {first + number}" for number in range(30)],
            "slot": DISCOVERY,
            "score": rng.uniform(0, 1, 30),
            "credits": pl.Series([[-1 - first - number] for number in range(30)], dtype=pl.List(pl.Int64)),
            "tired": False,
        }
    )


def lists(
    weeks: list[tuple[float, pl.DataFrame]], settings: Settings, trials: bool = True
) -> Iterator[tuple[pl.DataFrame, dict[str, int]]]:
    """Each week's list, and the quotas of its slots, by the rules of rests and caps."""
    current, left, changes = list[object](), dict[object, mix.Left](), list[tuple[float, int]]()
    for now, known in weeks:
        ranked = rank(known, settings.cycling, settings.scoring, np.random.default_rng(int(now)))
        if trials:
            ranked = pl.concat([ranked, on_trial(now)], how="diagonal_relaxed")
        rests = mix.resting(left, ranked, now)
        chosen = mix.select(
            ranked,
            current,
            settings.playlist,
            loyalty=mix.loyalty(settings.cycling),
            artist_cap=10,
            most=mix.changes_left(settings.playlist, changes, now),
            resting=rests,
        )
        listed = chosen["song_id"].to_list()
        if current:
            changes.append((now, int(chosen["is_new"].sum())))
            gone = ranked.filter(pl.col("song_id").is_in(list(set(current) - set(listed))))
            left |= mix.departures(gone, now, settings.cycling)
        current = listed
        free = ranked.filter(~pl.col("song_id").is_in(list(rests - set(listed))) & ~pl.col("tired"))
        yield chosen, mix.quotas(Counter(free["slot"]), settings.playlist)


def turned(defaults: Settings, **changed: float) -> Settings:
    """``defaults`` with a dial or a weight turned."""
    whole = {
        section: getattr(defaults, section).model_copy(
            update={
                key: value for key, value in changed.items() if key in type(getattr(defaults, section)).model_fields
            }
        )
        for section in ("playlist", "cycling", "scoring")
    }
    return defaults.model_copy(update=whole)


def near(chosen: pl.DataFrame, wanted: dict[str, int]) -> bool:
    counts = Counter(chosen["slot"])
    return all(abs(counts[slot] - wanted[slot]) <= LEEWAY for slot in SLOTS)


@pytest.mark.parametrize(
    "dials",
    [
        *({"adventurousness": place} for place in (0, 2, 5, 8, 10)),
        *({"aggressiveness": place} for place in (1, 3, 7, 10)),
        {"exploration_noise": 0.3},
        {"exploration_noise": 0.3, "aggressiveness": 10, "adventurousness": 10},
        {"freshness_weight": 1.0, "staleness_lambda": 0.2},
        {"mood_weight": 1.0},
    ],
    ids=str,
)
def test_every_slot_keeps_to_its_quota_over_twelve_refreshes(
    weeks: list[tuple[float, pl.DataFrame]], defaults: Settings, dials: dict[str, float]
) -> None:
    settings = turned(defaults, **dials)
    made = list(lists(weeks, settings))
    assert len(made) == REFRESHES + 1
    for chosen, wanted in made:
        assert chosen.height == chosen["song_id"].n_unique() == 100
        assert near(chosen, wanted), (dials, Counter(chosen["slot"]), wanted)
    came = [int(chosen["is_new"].sum()) for chosen, _ in made[1:]]
    assert 0 < max(came) <= 15


def test_a_dial_that_is_turned_moves_the_shape_within_the_cap_and_there_it_stays(
    weeks: list[tuple[float, pl.DataFrame]], defaults: Settings
) -> None:
    def ranked(now: float, known: pl.DataFrame) -> pl.DataFrame:
        own = rank(known, defaults.cycling, defaults.scoring, np.random.default_rng(0))
        return pl.concat([own, on_trial(now)], how="diagonal_relaxed")

    current = mix.select(ranked(*weeks[0]), [], defaults.playlist)["song_id"].to_list()
    turned_up = turned(defaults, adventurousness=10)
    shapes: list[Counter[str]] = []
    for now, known in weeks[1:]:
        chosen = mix.select(ranked(now, known), current, turned_up.playlist)
        assert chosen["is_new"].sum() <= 15
        current = chosen["song_id"].to_list()
        shapes.append(Counter(chosen["slot"]))
    for shape in shapes[4:]:
        assert shape[DISCOVERY] == 20
        assert max(abs(shape[slot] - 40) for slot in (CORE, EXPLORATION)) <= LEEWAY, shape


def test_at_the_dials_end_the_core_is_alone(weeks: list[tuple[float, pl.DataFrame]], defaults: Settings) -> None:
    for chosen, _ in lists(weeks, turned(defaults, adventurousness=0)):
        assert Counter(chosen["slot"])[DISCOVERY] == 0
        assert Counter(chosen["slot"])[EXPLORATION] <= LEEWAY


@pytest.mark.parametrize("dial", [0, 5, 10])
@pytest.mark.parametrize("own", [1, 12, 30, 60])
def test_a_small_library_gets_no_more_strangers_than_their_share(
    weeks: list[tuple[float, pl.DataFrame]], defaults: Settings, own: int, dial: int
) -> None:
    settings = turned(defaults, adventurousness=dial)
    share = {0: 0.0, 5: 0.1, 10: 0.2}[dial]
    few = [(now, known.head(own)) for now, known in weeks]
    for chosen, _ in lists(few, settings):
        strangers = Counter(chosen["slot"])[DISCOVERY]
        assert chosen.height - strangers == own, "all of their own"
        assert strangers <= round(chosen.height * share + 0.5)
        assert strangers <= own
