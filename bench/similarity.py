"""How long the index of songs takes, and what it finds: `make bench`.

Made-up unit vectors in two shapes: in 2,000 clumps, as songs lie, and spread evenly, the hardest case. Recall is against
the exact ten nearest; queries are songs moved a little, one at a time.
"""

from __future__ import annotations

import resource
import time

import numpy as np

from spotify_ai_pipeline.music.embedding import index

SIZES = [8_000, 200_000, 1_000_000]
DIMENSIONS = 64
QUERIES = 200


def unit(rows: np.ndarray) -> np.ndarray:
    rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return rows


def songs(count: int, clumped: bool, rng: np.random.Generator) -> np.ndarray:
    rows = rng.standard_normal((count, DIMENSIONS), dtype=np.float32)
    if clumped:
        middles = rng.standard_normal((2_000, DIMENSIONS), dtype=np.float32)
        rows *= 0.6
        for start in range(0, count, 50_000):
            here = rows[start : start + 50_000]
            here += middles[rng.integers(0, len(middles), len(here))]
    return unit(rows)


def measure(count: int, clumped: bool) -> str:
    rng = np.random.default_rng(1)
    rows = songs(count, clumped, rng)
    noise = rng.standard_normal((QUERIES, DIMENSIONS), dtype=np.float32)
    queries = unit(rows[rng.choice(count, QUERIES, replace=False)] + 0.05 * noise)
    start = time.perf_counter()
    found = index.build(rows)
    built = time.perf_counter() - start
    taken, places = [], []
    for query in queries:
        start = time.perf_counter()
        places.append(index.search(found, query[None], 10)[1][0])
        taken.append(time.perf_counter() - start)
    exact = [np.argpartition(-(rows @ query), 10)[:10] for query in queries]
    recall = np.mean([len(set(mine) & set(theirs)) / 10 for mine, theirs in zip(places, exact, strict=True)])
    start = time.perf_counter()
    index.append(found, queries[:1])
    appended = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return (
        f"{count:>9,} x {DIMENSIONS} {'clumped' if clumped else 'even   '}: build {built:5.1f} s, recall@10 {recall:.3f}, "
        f"query {np.median(taken) * 1e3:.2f} ms (95 % within {np.quantile(taken, 0.95) * 1e3:.2f}), "
        f"append {appended * 1e3:.2f} ms, peak {peak:.2f} GB"
    )


def main() -> None:
    for count in SIZES:
        for clumped in (True, False):
            print(measure(count, clumped))  # noqa: T201


if __name__ == "__main__":
    main()
