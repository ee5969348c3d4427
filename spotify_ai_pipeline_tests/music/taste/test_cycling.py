"""Every tunable of cycling moves the mix, tiredness is learned where there is something to learn from, removal is proposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music import mix
from spotify_ai_pipeline.music.mix.removal_rules import to_remove
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.ranking import CORE, EXPLORATION, rank
from spotify_ai_pipeline.music.taste.song_statistics import statistics
from spotify_ai_pipeline.music.taste.staleness import Heard, exposure_curve, formula, heard_less, staleness
from spotify_ai_pipeline.settings import Settings

NOW = 1_600_000_000.0
WINDOW = 30 * DAY


def plays_of(days_ago: Mapping[int, Sequence[float]], songs: int) -> Plays:
    rows = sorted((NOW - day * DAY, song) for song, days in days_ago.items() for day in days)
    return Plays(np.array([song for _, song in rows]), np.array([at for at, _ in rows]), songs)


SONGS = 12
RACED = 0
"""The song played most of late: twelve times in a month; the others four to seven times each, a few in an earlier month."""
LISTENING = plays_of(
    {RACED: [1 + 2 * n for n in range(12)]}
    | {song: [3 + 4 * n for n in range(4 + song % 4)] for song in range(1, 10)}
    | {10: [40 + n for n in range(9)], 11: [50.0, 90.0]},
    SONGS,
)


def table(settings: Settings, **cycling: float) -> pl.DataFrame:
    """The songs ranked as the pipeline does, with freshness that counts as much as taste."""
    changed = settings.cycling.model_copy(update=cycling)
    scoring = settings.scoring.model_copy(update={"freshness_weight": 1.0})
    stats = statistics(LISTENING, Memory.empty(SONGS).until(NOW, LISTENING), changed)
    songs = stats.with_columns(
        song_id=pl.int_range(pl.len()), mood_match=pl.lit(None, pl.Float64), expected=pl.col("activation")
    )
    return rank(songs, changed, scoring, np.random.default_rng(0))


def chosen(settings: Settings, size: int = 10, **cycling: float) -> list[int]:
    playlist = settings.playlist.model_copy(
        update={"target_size": size, "core_fraction": 0.9, "exploration_fraction": 0.1, "discovery_fraction": 0.0}
    )
    return mix.select(table(settings, **cycling), [], playlist)["song_id"].to_list()


def place(settings: Settings, **cycling: float) -> int:
    """The raced song's place on the list."""
    core = table(settings, **cycling).filter(slot=CORE).sort("score", descending=True)["song_id"].to_list()
    return core.index(RACED)


def test_a_larger_lambda_lets_a_raced_song_fall(defaults: Settings) -> None:
    assert place(defaults, staleness_lambda=0.0) == 0
    assert place(defaults, staleness_lambda=0.5) > 0


def test_a_shorter_window_forgives_sooner(defaults: Settings) -> None:
    assert place(defaults, staleness_lambda=0.5, staleness_window_days=2) == 0
    assert place(defaults, staleness_lambda=0.5, staleness_window_days=30) > 0


def test_a_song_with_few_plays_in_the_window_is_never_stale(defaults: Settings) -> None:
    assert place(defaults, staleness_lambda=0.5, min_plays_for_staleness=13) == 0
    assert place(defaults, staleness_lambda=0.5, min_plays_for_staleness=12) > 0


def test_dormant_days_say_when_a_song_may_be_brought_back(defaults: Settings) -> None:
    slots = {days: dict(table(defaults, dormant_days=days).select("song_id", "slot").iter_rows()) for days in (30, 60)}
    assert (slots[30][10], slots[60][10]) == (EXPLORATION, CORE), "quiet for 40 days"
    assert chosen(defaults, dormant_days=30) != chosen(defaults, dormant_days=60)


def listener(tiring: bool) -> Plays:
    """Two years of 200 songs that come up at random; where they tire, a song played ten times in a month then rests."""
    rng = np.random.default_rng(4)
    rows: list[tuple[float, int]] = []
    last = np.zeros(200, np.int64)
    for month in range(24):
        taste = (
            rng.gamma(0.5, 6.0, 200) if month == 0 or not tiring else np.where(last >= 10, 0.2, rng.gamma(1.5, 4, 200))
        )
        if not tiring and month:
            taste = last * 0.9 + 0.5
        last = rng.poisson(taste)
        rows += [(NOW - (24 - month - rng.random()) * WINDOW, song) for song in range(200) for _ in range(last[song])]
    rows.sort()
    return Plays(np.array([song for _, song in rows]), np.array([at for at, _ in rows]), 200)


def test_the_exposure_curve_finds_who_tires(defaults: Settings) -> None:
    tired, seen = exposure_curve(listener(True), NOW, WINDOW)
    steady, _ = exposure_curve(listener(False), NOW, WINDOW)
    assert seen[12] > 0
    assert tired[13] > 0.5
    assert tired[:4].max() < 0.3
    assert steady[:16].max() < 0.2


def test_behaviour_outweighs_the_formula_only_where_there_is_some(defaults: Settings) -> None:
    often = defaults.cycling.model_copy(update={"staleness_lambda": 0.2})
    little = plays_of({0: [1, 2, 3, 4, 5, 6.0]}, 2)
    assert staleness(little, NOW, often)[0] == pytest.approx(formula(np.array([6]), often)[0]), "no past: the formula"
    steady = listener(False)
    recent = steady.since(NOW - WINDOW).count()
    played = recent >= often.min_plays_for_staleness
    learned = staleness(steady, NOW, often)[played].mean()
    assert learned < formula(recent, often)[played].mean(), "who goes on playing is not as tired as the formula has it"


def heard(shares: dict[int, list[tuple[float, float]]]) -> Heard:
    rows = sorted((NOW - day * DAY, song, share) for song, told in shares.items() for day, share in told)
    at, song, share = (np.array(column) for column in zip(*rows, strict=True))
    return Heard(song.astype(np.int64), at, share, np.full(len(at), 0.9))


def test_skips_and_falling_completion_tell_of_tiredness(defaults: Settings) -> None:
    before = [(40.0 + day, 1.0) for day in range(20)]
    known = heard(
        {
            0: [*before, *((day, 0.1) for day in range(1, 11))],  # skipped of late
            1: [*before, *((day, 1.0) for day in range(1, 11))],  # heard to its end as ever
            2: [*before, *((day, 0.5) for day in range(1, 11))],  # broken off half way
        }
    )
    less, sure = heard_less(known, 4, NOW, WINDOW)
    assert less[0] > less[2] > less[1]
    assert less[1] == pytest.approx(0, abs=1e-9)
    assert sure.tolist() == pytest.approx([9, 9, 9, 0])
    plays = plays_of({song: [float(day) for day in range(1, 11)] for song in range(4)}, 4)
    without, told = staleness(plays, NOW, defaults.cycling), staleness(plays, NOW, defaults.cycling, known)
    assert told[0] > without[0], "skipped: more tired than the formula has it"
    assert told[1] < without[1], "heard to its end: less"
    assert told[3] == without[3], "nothing known of this one: the formula"


def said(*verdicts: tuple[str, str]) -> pl.DataFrame:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [(song, verdict, start + timedelta(days=day)) for day, (song, verdict) in enumerate(verdicts)]
    return pl.DataFrame(
        rows,
        schema={"song_id": pl.String, "verdict": pl.String, "said_at": pl.Datetime("ms", "UTC")},
        orient="row",
    )


def library(**last_played: datetime | None) -> pl.DataFrame:
    rows = [(song, song[0], True, last_played.get(song)) for song in ("a1", "a2", "a3", "b1", "b2")]
    schema = {
        "song_id": pl.String,
        "artist_key": pl.String,
        "in_library": pl.Boolean,
        "last_played": pl.Datetime("ms", "UTC"),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


NO = [("b1", "later"), ("b1", "reject"), ("b1", "remove")]


def removed(verdicts: pl.DataFrame, threshold: int, songs: pl.DataFrame | None = None) -> list[str]:
    return to_remove(verdicts, library() if songs is None else songs, threshold)["song_id"].sort().to_list()


def test_the_threshold_says_after_how_many_rejections_removal_is_proposed() -> None:
    assert removed(said(*NO), 4) == []
    assert removed(said(*NO), 3) == ["b1"], "one song turned down thrice is not an artist turned down"
    assert removed(said(*NO[:2], ("b1", "keep"), NO[2]), 3) == []
    artist = [("a1", "reject"), ("a2", "reject")]
    assert removed(said(*artist), 2) == ["a1", "a2", "a3"], "the third song of an artist whose others were turned down"
    assert removed(said(*artist, ("a3", "approve")), 2) == []


def test_a_song_that_was_played_since_is_not_proposed() -> None:
    played = library(b1=datetime(2026, 1, 2, 12, tzinfo=UTC))
    assert removed(said(*NO), 3, played) == []


def test_a_removal_says_why() -> None:
    row = to_remove(said(*NO), library(), 3).row(0, named=True)
    assert row["reason"] == "you turned it down 3 times in a row: keep it in your library?"
