"""The clusters of a library: made anew, or kept with new songs joined.

``CLUSTERS`` is a row a song: its cluster and family, whether it is of the cluster's dense core, its place on the map (x, y) and
in the space that is clustered (place), whether it was there at the layout (laid_out: songs that came later were put between
their neighbours), when the clusters were made, how, with which settings, and how well neighbours agreed then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music.clustering import clusters, hierarchy, matching, reduce
from spotify_ai_pipeline.music.clustering.reduce import Floats, Ids
from spotify_ai_pipeline.music.tables import CLUSTERS, DIMENSIONS
from spotify_ai_pipeline.settings import Clustering

ON_THE_MAP = 0.5
"""Least distance of songs on the map, so that one can point at each."""
ALIKE = 1e-6
"""Spread of a coordinate below which all vectors are the same."""
MUCH_NEW = 0.1
"""Share of songs that came after the layout from which everything is laid out anew."""
LOST_AGREEMENT = 0.9
"""Of the agreement at the time of the layout: below, the vectors themselves have changed, and everything is laid out anew."""
VOTERS = 15
MOST_LAID_OUT = 100_000
"""Songs up to which all are laid out. Of more, that many are, evenly drawn from all; the others are put between them."""


def joined(embeddings: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """``last`` with the songs that came since, each in the cluster of most of its nearest songs. Imports nothing heavy."""
    table = _with_last(embeddings, last)
    fresh = table["cluster_id"].is_null().to_numpy()
    if fresh.any():
        near = reduce.nearest_known(_vectors(embeddings), ~fresh, VOTERS)
        places = reduce.place(_places(table), ~fresh, near)
        flat = reduce.place(_flat(table), ~fresh, near)
        ids = table["cluster_id"].fill_null(matching.UNKNOWN).to_numpy().copy()
        ids[fresh] = _most_common(ids[near])
        table = _filled(table, ids, _parents(ids, table), places, flat)
    shared = last.select("clustered_at", "how", "made_with", "agreement").row(0)
    return table.with_columns(
        pl.col("core", "laid_out").fill_null(False),
        pl.lit(shared[0], CLUSTERS["clustered_at"]).alias("clustered_at"),
        pl.lit(shared[1]).alias("how"),
        pl.lit(shared[2]).alias("made_with"),
        pl.lit(shared[3], pl.Float64).alias("agreement"),
    ).select(*CLUSTERS)


def clustered(
    embeddings: pl.DataFrame, last: pl.DataFrame, settings: Clustering, next_id: int, now: datetime
) -> tuple[pl.DataFrame, int]:
    """(the clusters made anew, the next free id). Ids go on from ``last`` where most of the songs are the same."""
    if embeddings.is_empty():
        return pl.DataFrame(schema=CLUSTERS), next_id
    vectors = _vectors(embeddings)
    table = _with_last(embeddings, last)
    before = table["cluster_id"].fill_null(matching.UNKNOWN).to_numpy()
    small = embeddings.height < clusters.TOO_FEW or not np.ptp(vectors, axis=0).max() > ALIKE
    drawn = _drawn(len(vectors))
    near = None if small else reduce.neighbours(vectors[drawn])
    with_ = f"min_cluster_size {settings.min_cluster_size}, min_samples {settings.min_samples}"
    if near is not None and with_ in last["made_with"] and _still_holds(table, before[drawn], near):
        kept = joined(embeddings, last)
        of_all = near if len(drawn) == len(vectors) else reduce.neighbours(vectors)
        founded = matching.founders(before == matching.UNKNOWN, of_all.ids, clusters.smallest(len(vectors), settings))
        ids = matching.keep(before, kept["cluster_id"].to_numpy(), founded, next_id)
        places, flat = _gathered(_places(kept), vectors, founded), _gathered(_flat(kept), vectors, founded)
        core, laid_out = kept["core"].to_numpy() | (founded != matching.UNKNOWN), kept["laid_out"].to_numpy()
        fresh, groups = int((before == matching.UNKNOWN).sum()), int(founded.max()) + 1
        how = f"the groups of last time: {fresh:,} new songs joined them" + (f" or founded {groups}" if groups else "")
        agreement = float(last["agreement"][0])
    else:
        if near is None:
            places = flat = np.zeros((len(vectors), DIMENSIONS), np.float32)
            if embeddings.height > 1:
                flat = reduce.principal(vectors, 2)
            found = clusters.find(places, settings)
        else:
            start = _map_start(table[drawn], vectors[drawn])
            places = reduce.layout(vectors[drawn], near, DIMENSIONS)
            flat = reduce.layout(vectors[drawn], near, 2, start, apart=ON_THE_MAP)
            found = clusters.find(places, settings)
            if len(drawn) < len(vectors):
                found, places, flat = _with_others(vectors, drawn, found, places, flat)
        ids = matching.match(before, found.labels, next_id)
        core, laid_out, how = found.core, np.ones(len(vectors), bool), found.how
        agreement = 1.0 if near is None else _agreement(ids[drawn], near)
    next_id = max(next_id, int(ids.max()) + 1)
    parents = matching.match(
        table["parent_cluster_id"].fill_null(matching.UNKNOWN).to_numpy(), hierarchy.families(vectors, ids), next_id
    )
    next_id = max(next_id, int(parents.max()) + 1)
    made = _filled(table, ids, parents, places, flat).with_columns(
        core=pl.Series(core),
        laid_out=pl.Series(laid_out),
        clustered_at=pl.lit(now, CLUSTERS["clustered_at"]),
        how=pl.lit(how),
        made_with=pl.lit(with_),
        agreement=pl.lit(agreement, pl.Float64),
    )
    return made.select(*CLUSTERS), next_id


def _drawn(songs: int) -> Ids:
    """The rows that are laid out, in order."""
    return np.linspace(0, songs - 1, min(songs, MOST_LAID_OUT)).astype(np.int64)


def _with_others(
    vectors: Floats, drawn: Ids, found: clusters.Found, places: Floats, flat: Floats
) -> tuple[clusters.Found, Floats, Floats]:
    """Gives what was found of the ``drawn`` rows, with all others put between those that are nearest to each."""
    is_drawn = np.zeros(len(vectors), np.bool_)
    is_drawn[drawn] = True
    near = reduce.nearest_of(vectors[~is_drawn], vectors[drawn], VOTERS)

    def whole(of_drawn: NDArray[Any], of_others: NDArray[Any]) -> NDArray[Any]:
        everyone = np.empty((len(vectors), *of_drawn.shape[1:]), of_drawn.dtype)
        everyone[is_drawn], everyone[~is_drawn] = of_drawn, of_others
        return everyone

    labels = whole(found.labels, _most_common(found.labels[near]))
    core = whole(found.core, found.core[near].mean(axis=1) > 0.5)
    how = f"{found.how} of {len(drawn):,} songs; each of the others joined its nearest"
    places, flat = (whole(each, np.median(each[near], axis=1)) for each in (places, flat))
    return clusters.Found(labels, core, how), places, flat


def _gathered(coordinates: Floats, vectors: Floats, founded: Ids) -> Floats:
    """``coordinates`` with each founded group gathered in one spot: its songs have no neighbours there to be placed by."""
    moved = coordinates.copy()
    for group in range(int(founded.max()) + 1):
        members = founded == group
        around = reduce.principal(vectors[members], coordinates.shape[1]) / reduce.SPREAD
        moved[members] = np.median(coordinates[members], axis=0) + around
    return moved


def _still_holds(table: pl.DataFrame, before: Ids, near: reduce.Neighbours) -> bool:
    """Tells whether the layout of last time still speaks of these songs and these vectors."""
    laid_out = table["laid_out"].fill_null(False)
    if laid_out.sum() < (1 - MUCH_NEW) * table.height:
        return False
    then = table["agreement"].drop_nulls()[0]
    return _agreement(before, near) >= LOST_AGREEMENT * then


def _agreement(ids: Ids, near: reduce.Neighbours) -> float:
    """Share of the neighbours that are in the song's own cluster, over songs that have one."""
    known = ids != matching.UNKNOWN
    return float((ids[near.ids[known, 1:]] == ids[known, None]).mean())


def _with_last(embeddings: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    return embeddings.select("song_id").join(last, on="song_id", how="left", maintain_order="left")


def _vectors(embeddings: pl.DataFrame) -> Floats:
    return np.ascontiguousarray(embeddings["vector"].to_numpy(), np.float32)


def _places(table: pl.DataFrame) -> Floats:
    nowhere = pl.lit([0.0] * DIMENSIONS, dtype=CLUSTERS["place"])
    return np.array(table.select(pl.col("place").fill_null(nowhere)).to_series().to_numpy(), np.float32)


def _flat(table: pl.DataFrame) -> Floats:
    return table.select(pl.col("x", "y").fill_null(0.0)).to_numpy().astype(np.float32)


def _map_start(table: pl.DataFrame, vectors: Floats) -> Floats | None:
    """The map begins where it was, so that it can be recognised; None without a map of most songs."""
    known = table["x"].is_not_null().to_numpy()
    if known.mean() < 0.5:
        return None
    start = _flat(table)
    if not known.all():
        start = reduce.place(start, known, reduce.nearest_known(vectors, known))
    return start


def _parents(ids: Ids, table: pl.DataFrame) -> Ids:
    family = dict(table.drop_nulls("cluster_id").select("cluster_id", "parent_cluster_id").iter_rows())
    return np.array([family[cluster] for cluster in ids.tolist()], np.int64)


def _filled(table: pl.DataFrame, ids: Ids, parents: Ids, places: Floats, flat: Floats) -> pl.DataFrame:
    return table.with_columns(
        cluster_id=pl.Series(ids),
        parent_cluster_id=pl.Series(parents),
        x=pl.Series(flat[:, 0]),
        y=pl.Series(flat[:, 1]),
        place=pl.Series(places, dtype=CLUSTERS["place"]),
    )


def _most_common(votes: Ids) -> NDArray[np.int64]:
    """The most frequent id of each row; of several, that of the nearest voter (the first column)."""
    counts = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    return np.take_along_axis(votes, counts.argmax(axis=1)[:, None], axis=1)[:, 0]
