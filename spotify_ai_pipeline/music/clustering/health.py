"""The health of each cluster: size, cohesion, drift since last time, share of plays."""

from __future__ import annotations

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.clustering.hierarchy import centres
from spotify_ai_pipeline.music.clustering.reduce import Floats, Ids


def health(vectors: Floats, clusters: Ids, core: np.ndarray, plays: np.ndarray, recent: np.ndarray) -> pl.DataFrame:
    """A row a cluster: songs, cohesion (mean cosine to the centre, 1: all the same), separation (1 - cosine to the nearest other
    centre; null for a single cluster), core_share (share in the dense part), play_share and recent_play_share (of all plays of
    clustered songs; null where there are none), centre (unit vector)."""
    ids, middles = centres(vectors, clusters)
    rows = np.searchsorted(ids, clusters)
    count = np.bincount(rows)
    near = np.einsum("ij,ij->i", vectors, middles[rows])
    between = middles @ middles.T
    np.fill_diagonal(between, -np.inf)
    apart = [None] * len(ids) if len(ids) < 2 else (1 - between.max(axis=1)).tolist()
    return pl.DataFrame(
        {
            "cluster_id": ids,
            "songs": count,
            "cohesion": np.bincount(rows, near) / count,
            "separation": pl.Series(apart, dtype=pl.Float64),
            "core_share": np.bincount(rows, core) / count,
            "play_share": _shares(rows, plays),
            "recent_play_share": _shares(rows, recent),
            "centre": pl.Series(middles, dtype=pl.Array(pl.Float32, vectors.shape[1])),
        }
    )


def drift(now: pl.DataFrame, before: pl.DataFrame | None) -> pl.Series:
    """1 - cosine between each cluster's centre now and last time; null for a cluster that is new, and for all where the vectors
    are of another kind (embeddings were refitted): they cannot be compared."""
    unknown = pl.Series("drift", [None] * now.height, dtype=pl.Float64)
    if before is None or before.schema["centre"] != now.schema["centre"]:
        return unknown
    both = now.join(before.select("cluster_id", last="centre"), on="cluster_id", how="left", maintain_order="left")
    old = both["last"].to_list()
    middles = now["centre"].to_numpy()
    return pl.Series(
        "drift",
        [
            None if last is None else 1 - float(middle @ np.array(last))
            for middle, last in zip(middles, old, strict=True)
        ],
        dtype=pl.Float64,
    )


def _shares(rows: Ids, amounts: np.ndarray) -> pl.Series:
    total = float(amounts.sum())
    sums = np.bincount(rows, amounts)
    return pl.Series((sums / total).tolist() if total else [None] * len(sums), dtype=pl.Float64)
