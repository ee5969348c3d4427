"""What sets a cluster apart in words: its distinctive tags by c-TF-IDF, its most typical songs, and a name made of both.

Class-based TF-IDF (Grootendorst 2022): the share of a tag among its cluster's tags, times log(1 + mean tag weight of a cluster
/ the tag's weight over all). A tag that every cluster has is worth little, however common.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.clustering.reduce import Floats, Ids

SONGS_OF_A_TAG = 0.04
"""Share of a cluster's songs that carry a tag before it may stand for the cluster: one enthusiast's tag does not."""


def distinctive_tags(tags: pl.DataFrame, clusters: pl.DataFrame, most: int = 8) -> pl.DataFrame:
    """(cluster_id, tags: the most distinctive first) for clusters that have any.

    ``tags`` is a row a tag of a song (song_id, tag, weight), ``clusters`` a row a song (song_id, cluster_id).
    """
    sizes = clusters.group_by("cluster_id").len("size")
    counts = (
        tags.filter(pl.col("weight") > 0)
        .join(clusters, on="song_id", maintain_order="left")
        .group_by("cluster_id", "tag", maintain_order=True)
        .agg(pl.sum("weight"), pl.len().alias("songs"))
    )
    common = counts.join(sizes, on="cluster_id", maintain_order="left").filter(
        pl.col("songs") >= (SONGS_OF_A_TAG * pl.col("size")).clip(lower_bound=2)
    )
    mean_of_a_cluster = pl.col("weight").sum() / pl.col("cluster_id").n_unique()
    share = pl.col("weight") / pl.col("weight").sum().over("cluster_id")
    rarity = (1 + mean_of_a_cluster / pl.col("weight").sum().over("tag")).log()
    return (
        common.with_columns(score=share * rarity)
        .sort("cluster_id", "score", "tag", descending=[False, True, False])
        .group_by("cluster_id", maintain_order=True)
        .agg(pl.col("tag").head(most).alias("tags"))
    )


def typical(vectors: Floats, clusters: Ids, artists: list[str], cluster: int, most: int) -> list[int]:
    """Rows of the songs nearest to the middle of ``cluster``, one an artist while there are other artists."""
    members = np.flatnonzero(clusters == cluster)
    middle = vectors[members].mean(axis=0)
    order: list[int] = members[np.argsort(-(vectors[members] @ middle), kind="stable")].tolist()
    seen: set[str] = set()
    firsts: list[int] = []
    others: list[int] = []
    for row in order:
        (others if artists[row] in seen else firsts).append(row)
        seen.add(artists[row])
    return (firsts + others)[:most]


def name_by_tags(tags: list[str], artists: list[str], taken: set[str]) -> tuple[str, str]:
    """(name, one-sentence description) from distinctive ``tags``, else from typical ``artists``; unlike any name ``taken``."""
    words = tags[:2] or [f"around {artist}" for artist in artists[:1]] or ["songs without tags"]
    name = ", ".join(words)
    for more in tags[2:]:
        if name not in taken:
            break
        name = ", ".join([*words, more])
    number, plain = 2, name
    while name in taken:
        name, number = f"{plain} {number}", number + 1
    heard = f", by artists such as {_listed(artists[:3])}" if artists else ""
    told = f"Songs tagged {_listed(tags[:4])}{heard}." if tags else f"Songs without tags{heard}."
    return name, told


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
