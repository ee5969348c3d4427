"""The reduction of vectors to a few dimensions in which density means something: UMAP, seeded.

McInnes et al. (2018). What makes it fast against UMAP as it comes: neighbours by FAISS in place of a descent through random
graphs, the principal components as start in place of a spectral one, and a tenth of the epochs; what it costs in quality is
measured by ``bench/clusters.py``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

NEIGHBOURS = 15
EPOCHS = 50
SEED = 42
EXACT_TO = 20_000
"""Songs up to which neighbours are exact; beyond, each song is compared with the songs of the cells nearest to it."""
CELLS_SEARCHED = 16
SPREAD = 10.0
"""Half the width of the space that a layout starts in; UMAP's own starts have the same."""


@dataclass(frozen=True)
class Neighbours:
    """The nearest songs of each song, itself first: ``ids`` and cosine ``distances``, both of shape (songs, k)."""

    ids: Ids
    distances: Floats


def neighbours(vectors: Floats, k: int = NEIGHBOURS) -> Neighbours:
    """The ``k`` nearest of unit ``vectors`` (songs, dimensions), by cosine; fewer where there are fewer songs."""
    rows = np.ascontiguousarray(vectors, np.float32)
    likeness, ids = _index(rows).search(rows, min(k, len(rows)))
    ids = np.where(ids < 0, np.arange(len(rows))[:, None], ids)  # cells with fewer than k songs: the song itself
    return Neighbours(ids.astype(np.int64), np.maximum(1 - likeness, 0).clip(max=1).astype(np.float32))


def nearest_of(vectors: Floats, known: Floats, k: int = NEIGHBOURS) -> Ids:
    """Gives for each of ``vectors`` the rows of its ``k`` nearest ``known`` ones, nearest first; both of unit length."""
    found: Any = _index(np.ascontiguousarray(known, np.float32)).search(np.ascontiguousarray(vectors, np.float32), k)
    ids: Ids = found[1].astype(np.int64)
    return np.where(ids < 0, ids[:, :1], ids)


def _index(rows: Floats) -> Any:
    import faiss

    if len(rows) <= EXACT_TO:
        index: Any = faiss.IndexFlatIP(rows.shape[1])
    else:
        cells = round(len(rows) ** 0.5)
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(rows.shape[1]), rows.shape[1], cells, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed = SEED
        index.train(rows)
        index.nprobe = CELLS_SEARCHED
    index.add(rows)
    return index


def layout(
    vectors: Floats, near: Neighbours, dimensions: int, start: Floats | None = None, apart: float = 0.0
) -> Floats:
    """Coordinates (songs, ``dimensions``) in which songs that are near each other in ``vectors`` stay so.

    The same input gives the same output. ``start`` is an earlier layout to begin with, else the principal components are;
    ``apart`` is the least distance of songs that are alike (UMAP's min_dist): 0 for density, more for a picture.
    """
    reducer = _umap().UMAP(
        n_components=dimensions,
        n_neighbors=near.ids.shape[1],
        precomputed_knn=(near.ids, near.distances),
        metric="cosine",
        init=principal(vectors, dimensions) if start is None else start,
        n_epochs=EPOCHS,
        min_dist=apart,
        random_state=SEED,
        n_jobs=1,  # what a seed asks for: threads would add up in another order each time
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "precomputed_knn")  # it could place no further songs, and is not asked to
        return np.asarray(reducer.fit_transform(vectors), np.float32)


def _umap() -> Any:
    """The module; the two of its functions that take numba longest to compile are kept on the disk, beside the bytecode."""
    import umap.umap_  # pyright: ignore[reportMissingTypeStubs]

    found: Any = umap.umap_
    for compiled in (found.smooth_knn_dist, found.compute_membership_strengths):
        compiled.enable_caching()
    return found


def compile_ahead() -> None:
    """Makes a layout of next to nothing, so that no clustering to come has to wait for the compiler."""
    vectors = np.eye(2 * NEIGHBOURS, dtype=np.float32)
    layout(vectors, neighbours(vectors), 2)


def principal(vectors: Floats, dimensions: int) -> Floats:
    """The first principal components, with signs that do not depend on the machine, within ±``SPREAD``."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    strongest = axes[:, ::-1][:, :dimensions]
    signs = np.sign(strongest[np.abs(strongest).argmax(axis=0), np.arange(strongest.shape[1])])
    found = centred @ (strongest * signs)
    return (found / max(float(np.abs(found).max()), 1e-12) * SPREAD).astype(np.float32)


def nearest_known(vectors: Floats, known: NDArray[np.bool_], k: int = NEIGHBOURS) -> Ids:
    """Gives for each song that is not ``known`` the rows of its ``k`` nearest known songs, nearest first. NumPy alone: this is
    what a plain run does for new songs."""
    among = np.flatnonzero(known)
    k = min(k, len(among))
    found = np.zeros((int((~known).sum()), k), np.int64)
    fresh = vectors[~known]
    for begin in range(0, len(fresh), 1_000):
        likeness = fresh[begin : begin + 1_000] @ vectors[among].T
        best = np.argpartition(-likeness, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(likeness, best, axis=1), axis=1, kind="stable")
        found[begin : begin + 1_000] = among[np.take_along_axis(best, order, axis=1)]
    return found


def place(coordinates: Floats, known: NDArray[np.bool_], near: Ids) -> Floats:
    """``coordinates`` with each song that is not ``known`` put in the middle of its known neighbours ``near``: the median,
    so that a song between two groups lands in the larger one and not in the void between them."""
    placed = coordinates.copy()
    placed[~known] = np.median(coordinates[near], axis=1)
    return placed
