"""How long a refresh decision needs, and how that grows: `make bench`. Ratios of one run are what counts.

* the decision, from data on disk to the list in hand, beside the plan's sketch of it on the same listener (sketch.py);
* the decision at ten and a hundred times the size, each in a process of its own, with its peak memory;
* learning 20 new plays, after histories of three lengths; training the taste model at the first size.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

import listener
import numpy as np
import polars as pl
import sketch
from listener import NOW

from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music import mix
from spotify_ai_pipeline.music.mood.detection import heard_mood, mood_match
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste import activation_store, ranking, taste_model
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.music.taste.rolling_forecast import RollingForecast
from spotify_ai_pipeline.music.taste.song_statistics import statistics
from spotify_ai_pipeline.music.taste.staleness import Heard
from spotify_ai_pipeline.settings import PROJECT_ROOT, Settings, load
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Lake

P = ParamSpec("P")
T = TypeVar("T")

SIZES = [(8_000, 100_000), (80_000, 1_000_000), (800_000, 10_000_000)]


def decide(lake: Lake, model: taste_model.TasteModel, settings: Settings) -> list[str]:
    """The Spotify ids of the list: what the assets from ``activations`` to ``mix`` do, without Dagster between them."""
    songs, listens = lake.read(datasets.SONGS), lake.read(datasets.LISTENS)
    embeddings = lake.read(datasets.SONG_EMBEDDINGS)
    plays = Plays.of(listens, songs["song_id"])
    known = Memory.empty(songs.height)
    if (kept := lake.read_or_none(datasets.ACTIVATIONS)) is not None:
        rest = json.loads(lake.read_blob(datasets.ACTIVATIONS, listener.REST))
        known = activation_store.recall(kept, rest, listens, songs["song_id"])
    memory = known.until(NOW, plays)
    heard = Heard.of(listens, songs["song_id"])
    stats = statistics(plays, memory, settings.cycling, heard)
    mood = heard_mood(listens, embeddings, NOW, settings.listener.zone, settings.mood)
    assert mood is not None
    match = mood_match(embeddings["vector"].to_numpy(), mood.vector.astype(np.float32))
    artist = taste_model.artist_numbers(songs["artist_key"])
    at = taste_model.moment(memory, plays.before(NOW), artist, settings.cycling.dormant_days)
    forecast = taste_model.forecast(model, at, plays.songs)
    table = pl.concat([songs, stats, forecast, pl.DataFrame({"mood_match": match})], how="horizontal")
    ranked = ranking.rank(table, settings.cycling, settings.scoring, np.random.default_rng(0))
    current = songs["song_id"].head(settings.playlist.target_size).to_list()
    chosen = mix.select(ranked, current, settings.playlist, loyalty=mix.loyalty(settings.cycling))
    credits = [(artist,) for artist in chosen["artist_key"]]
    order = mix.sequence(credits, settings.playlist.min_artist_spacing)
    return chosen[order]["track_id"].to_list()


def training(lake: Lake, settings: Settings) -> tuple[taste_model.TasteModel, float]:
    """The taste model of the listener, and the seconds that it took."""
    songs, listens = lake.read(datasets.SONGS), lake.read(datasets.LISTENS)
    start = time.perf_counter()
    plays = Plays.of(listens, songs["song_id"])
    artist = taste_model.artist_numbers(songs["artist_key"])
    every = settings.taste_model.retrain_interval_days
    rolling = RollingForecast(plays, artist, shipped(), settings.cycling.dormant_days, every)
    rolling.prepare(NOW)
    rolling.stand_at(NOW)
    return rolling.model, time.perf_counter() - start


def learning_20_plays(songs: int, listens: int) -> float:
    rng = np.random.default_rng(2)
    memory = Memory.empty(songs)
    memory.learn(Plays(rng.integers(0, songs, listens), np.sort(rng.uniform(0, NOW - DAY, listens)), songs))
    later = [Plays(rng.integers(0, songs, 20), NOW + DAY * (n + np.arange(20) / 20), songs) for n in range(200)]
    return min(fastest(lambda new=new: memory.learn(new), 1) for new in later)


def fastest(action: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of ``repeats``."""
    taken: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return min(taken)


def decision(folder: Path, model_file: Path, repeats: int) -> tuple[float, float]:
    """Seconds of the fastest decision, and the peak of this process in GB."""
    settings = load([PROJECT_ROOT / "config" / "config.yaml"])
    model = taste_model.from_table(pl.read_parquet(model_file))
    taken = fastest(lambda: decide(listener.lake(folder), model, settings), repeats)
    return taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def train(folder: Path, model_file: Path) -> float:
    """Writes the listener's taste model, and gives the seconds that it took."""
    settings = load([PROJECT_ROOT / "config" / "config.yaml"])
    model, taken = training(listener.lake(folder), settings)
    taste_model.to_table(model).write_parquet(model_file)
    return taken


def apart(action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``action`` gives, run in a process of its own: its memory is its own too."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
        return processes.submit(action, *args, **kwargs).result()


def main() -> None:
    say = print
    with tempfile.TemporaryDirectory(prefix="spotify-ai-bench-") as root:
        model_file = Path(root) / "model.parquet"
        for songs, listens in SIZES:
            folder = Path(root) / str(songs)
            apart(listener.make, folder, songs, listens)
            if not model_file.exists():
                say(f"training at {songs:,} songs, {listens:,} listens: {apart(train, folder, model_file):.1f} s")
            repeats = max(3, 2_000_000 // listens)
            anew, _ = apart(decision, folder, model_file, repeats)
            apart(listener.keep_memory, folder)
            kept, peak = apart(decision, folder, model_file, repeats)
            say(
                f"{songs:>8,} songs {listens:>11,} listens: decision {kept * 1e3:7.0f} ms"
                f" ({anew * 1e3:7.0f} ms where nothing was kept), peak {peak:.2f} GB"
            )
            if (songs, listens) == SIZES[0]:
                peer = apart(sketch.refresh, folder)
                say(f"the plan's sketch of that decision: {peer:.1f} s, {peer / kept:,.0f} times as long")
            shutil.rmtree(folder)
    for songs, listens in [*SIZES[:2], (SIZES[0][0], SIZES[1][1])]:
        say(
            f"20 new plays after {listens:,} of {songs:,} songs: {apart(learning_20_plays, songs, listens) * 1e6:.0f} µs"
        )


if __name__ == "__main__":
    main()
