"""How fast, good and stable the clusters are: `python bench/clusters.py`.

Against the sketch of the plan (UMAP to 20 dimensions, cosine, random_state=42; HDBSCAN with min_cluster_size 15, min_samples 5)
on the same vectors in the same process. Genres of the catalogue are hidden from the vectors (audio features and tags) and serve
as truth. Each way runs once unmeasured: imports and compilation by numba are told apart. Needs ../shared/data/catalogue.parquet.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.clustering import clusters, library, reduce
from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS
from spotify_ai_pipeline.music.embedding.inputs import Inputs
from spotify_ai_pipeline.music.embedding.model import Model
from spotify_ai_pipeline.settings import PROJECT_ROOT, Settings, load

Made = TypeVar("Made")
CATALOGUE = PROJECT_ROOT.parent / "shared" / "data" / "catalogue.parquet"
SONGS, MANY, SAMPLES = 8_000, 100_000, (1, 2, 3)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def sample(settings: Settings, songs: int, seed: int, *, with_genre: bool) -> tuple[pl.DataFrame, np.ndarray]:
    """(embeddings, genres) of random songs of the catalogue."""
    rows = pl.read_parquet(CATALOGUE).rename({"spotify_id": "song_id"})
    if with_genre:
        rows = rows.filter(pl.col("genres").is_not_null() & pl.col("tags").is_not_null())
    rows = rows.sample(songs, seed=seed, shuffle=True)
    words = rows.select("song_id", tag=pl.col("tags").str.split(", ")).drop_nulls().explode("tag")
    content = Inputs(
        rows.select("song_id", artist_key=pl.col("artist").str.to_lowercase()),
        rows.select("song_id", *AUDIO_COLUMNS),
        words.with_columns(weight=pl.lit(1.0)),
    )
    vectors = Model.fit(content, settings.features).embed(content, settings.features)
    genre = pl.col("genres").str.split("|").list.first().str.to_lowercase()
    known = vectors.join(rows.select("song_id", genre=genre), on="song_id", how="left", maintain_order="left")
    return vectors, known["genre"].to_numpy()


def sketch(vectors: np.ndarray) -> np.ndarray:
    import hdbscan
    import umap

    reduced = umap.UMAP(n_components=20, metric="cosine", random_state=42).fit_transform(vectors)
    return hdbscan.HDBSCAN(min_cluster_size=15, min_samples=5).fit_predict(reduced)


def ours(embeddings: pl.DataFrame, settings: Settings, last: pl.DataFrame | None = None) -> pl.DataFrame:
    empty = pl.DataFrame(schema=library.CLUSTERS)
    return library.clustered(embeddings, empty if last is None else last, settings.clustering, 1, NOW)[0]


def grouped(vectors: np.ndarray, settings: Settings) -> clusters.Found:
    """What the sketch does, our way: reduced, and the dense groups in it."""
    near = reduce.neighbours(vectors)
    return clusters.find(reduce.layout(vectors, near, library.DIMENSIONS), settings.clustering)


def timed(action: Callable[[], Made]) -> tuple[Made, float, float]:
    """(what it made, seconds by the clock, seconds of the processors: those do not depend on what else runs here)."""
    start, worked = time.perf_counter(), time.process_time()
    made = action()
    return made, time.perf_counter() - start, time.process_time() - worked


def against_the_sketch(settings: Settings) -> None:
    from sklearn.metrics import adjusted_mutual_info_score as ami
    from sklearn.metrics import adjusted_rand_score as ari

    for place, seed in enumerate(SAMPLES):
        embeddings, genre = sample(settings, SONGS, seed, with_genre=True)
        vectors = np.ascontiguousarray(embeddings["vector"].to_numpy())
        runs = {"ours": lambda: grouped(vectors, settings), "sketch": lambda: sketch(vectors)}  # noqa: B023
        first = {name: timed(run)[2] for name, run in runs.items()} if not place else {}
        labels, of_sketch, worked_sketch = timed(lambda: sketch(vectors))  # noqa: B023
        found, of_ours, worked_ours = timed(lambda: grouped(vectors, settings))  # noqa: B023
        if first:
            say(
                f"imports and compilation, processor: ours {first['ours'] - worked_ours:.1f} s, and what the sketch needs beyond "
                f"that {first['sketch'] - worked_sketch:.1f} s"
            )
        dense = np.where(found.core, found.labels, -1)
        for name, groups, seconds, worked in (
            ("sketch", labels, of_sketch, worked_sketch),
            ("ours, dense alone", dense, of_ours, worked_ours),
            ("ours, all", found.labels, of_ours, worked_ours),
        ):
            say(
                f"sample {seed} {name:<18} {seconds:6.2f} s, processor {worked:6.2f} s  {len(set(groups) - {-1}):3d} clusters  "
                f"noise {np.mean(groups == -1):.3f}  ARI {ari(genre, groups):.4f}  AMI {ami(genre, groups):.4f}"
            )
        same = (found.labels == grouped(vectors, settings).labels).all()
        say(
            f"sample {seed} {of_sketch / of_ours:.1f} x as fast by the clock, {worked_sketch / worked_ours:.1f} x by the "
            f"processor; the same again: {same}"
        )


def stability(settings: Settings) -> None:
    """1 % of the songs are new: made anew, and once more after the embedding was fitted to all songs."""
    for seed in SAMPLES:
        more, _ = sample(settings, SONGS + SONGS // 100, seed, with_genre=True)
        table = ours(more.head(SONGS), settings)
        now = ours(more, settings, table)
        both = table.join(now, on="song_id")
        same = (both["cluster_id"] == both["cluster_id_right"]).mean()
        say(f"sample {seed} with 1 % new songs: {same:.4f} of the songs under the same name ({now['how'][0]})")


def many(settings: Settings) -> None:
    embeddings, _ = sample(settings, MANY, 1, with_genre=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    table, seconds, worked = timed(lambda: ours(embeddings, settings))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    say(
        f"{table.height:,} songs, clusters and map: {seconds:.0f} s (processor {worked:.0f} s) with imports and compilation, "
        f"peak {peak:.2f} GB ({before:.2f} GB of it before), "
        f"{table['cluster_id'].n_unique()} clusters, noise {table.filter(~pl.col('core')).height / table.height:.3f}"
    )


def say(words: str) -> None:
    print(words, flush=True)  # noqa: T201


def main() -> None:
    if not CATALOGUE.exists():
        say(f"skipped: needs the catalogue of songs with genres at {CATALOGUE}")
        return
    warnings.filterwarnings("ignore", message="n_jobs value")
    settings = load([PROJECT_ROOT / "config" / "config.yaml"])
    parts = {"sketch": against_the_sketch, "stable": stability, "many": many}
    for name in sys.argv[1:] or parts:
        # each part in a process of its own, so that peak memory and compilation are its own
        process = multiprocessing.get_context("spawn").Process(target=parts[name], args=(settings,))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
