"""How long the ranker needs: `make bench`. Sizes grow tenfold; ratios of one run are what counts.

Made-up listening of one shape at each size: the decision from plays in memory (memory, terms, forecast, scores,
selection), the same with yesterday's memory kept, and the training of the taste model at the first size.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from spotify_ai_pipeline.music import listening, mix, ranking, taste_model
from spotify_ai_pipeline.music.activation import Memory
from spotify_ai_pipeline.music.championship import Championship
from spotify_ai_pipeline.music.listening import DAY, Plays
from spotify_ai_pipeline.settings import PROJECT_ROOT, Settings, load

SIZES = [(8_000, 100_000), (80_000, 1_000_000), (800_000, 10_000_000)]
YEARS = 8


def listener(songs: int, listens: int) -> tuple[Plays, np.ndarray]:
    rng = np.random.default_rng(1)
    at = np.sort(rng.uniform(0, YEARS * 365 * DAY, listens))
    song = (rng.pareto(1.1, listens) * songs / 50).astype(np.int64) % songs
    return Plays(song, at, songs), rng.integers(0, songs // 10, songs)


def decide(
    plays: Plays, artist: np.ndarray, model: taste_model.TasteModel, memory: Memory, now: float, settings: Settings
) -> pl.DataFrame:
    stats = listening.statistics(plays, now, settings.cycling, settings.scoring)
    at = taste_model.moment(memory.until(now, plays), plays, artist, settings.cycling.cooldown_days)
    forecast = taste_model.forecast(model, at, plays.songs)
    songs = (
        stats.drop("expected")
        .hstack(forecast)
        .with_columns(song_id=pl.int_range(pl.len()), mood_match=pl.lit(None, pl.Float64))
    )
    ranked = ranking.rank(songs, settings.cycling, settings.scoring, np.random.default_rng(0))
    return mix.select(ranked, list(range(100)), settings.playlist)


def seconds(action: Callable[[], object], repeats: int = 3) -> float:
    """The fastest of ``repeats``."""
    taken: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    settings = load([PROJECT_ROOT / "config" / "config.yaml"])
    now = YEARS * 365 * DAY
    model = None
    for songs, listens in SIZES:
        plays, artist = listener(songs, listens)
        if model is None:
            start = time.perf_counter()
            rankers = Championship(plays, artist, settings)
            rankers.prepare(now)
            rankers.stand_at(now)
            model = rankers.model
            assert model is not None
            print(f"training at {songs:,} songs, {listens:,} listens: {time.perf_counter() - start:.1f} s")  # noqa: T201
        empty = Memory.empty(songs)
        kept = empty.until(float(plays.at[-20]), plays)
        whole = seconds(lambda: decide(plays, artist, model, empty, now, settings))  # noqa: B023
        update = seconds(lambda: kept.until(now, plays))  # noqa: B023
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(  # noqa: T201
            f"{songs:>8,} songs {listens:>11,} listens: decision {whole * 1e3:8.0f} ms, "
            f"memory after 20 new plays {update * 1e3:6.1f} ms, peak {peak:.2f} GB"
        )


if __name__ == "__main__":
    main()
