"""Search for the nearest vectors by cosine: FAISS, exact up to 200,000 songs, compressed and re-ranked beyond.

Beyond, a query scans 4-bit codes of each dimension (André et al. 2015, "fast scan") and ranks the best by their exact
vectors. At a million songs this answers sooner than cells (IVF) and is built sooner than a graph (HNSW); unlike with
both, how much it finds does not depend on how evenly songs lie (``bench/similarity.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Index = Any
"""A ``faiss.Index`` by inner product; faiss has no types."""

FILE = "index.faiss"
"""The name under which it is kept beside the table of its songs."""

EXACT_UP_TO = 200_000
RERANKED = 10
"""For each song asked for, this many are compared exactly."""
SAMPLE = 100_000
"""Vectors that codes are learned from."""


def build(vectors: Vectors) -> Index:
    """An index of ``vectors``, unit length, shape (songs, d)."""
    import faiss

    dimensions = vectors.shape[1]
    index: Index = faiss.IndexFlatIP(dimensions)
    if len(vectors) > EXACT_UP_TO:
        index = faiss.index_factory(dimensions, f"PQ{dimensions}x4fs,RFlat", faiss.METRIC_INNER_PRODUCT)
        rows = np.random.default_rng(0).choice(len(vectors), SAMPLE, replace=False)
        index.train(vectors[np.sort(rows)])
        index.k_factor = RERANKED
    append(index, vectors)
    return index


def append(index: Index, vectors: Vectors) -> None:
    """Adds vectors behind those that are there; nothing is built anew."""
    if len(vectors):
        index.add(np.ascontiguousarray(vectors, np.float32))


def search(index: Index, queries: Vectors, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(cosines, rows) of the ``count`` nearest vectors of each query, nearest first, each of shape (queries, count)."""
    count = min(count, index.ntotal)
    if not count:
        return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(min(threads, len(queries)))  # threads that wait for each other slow one query down
    found = index.search(np.ascontiguousarray(queries, np.float32), count)
    faiss.omp_set_num_threads(threads)
    return found


def vector_of(index: Index, row: int) -> Vectors:
    """The vector in a row, as it was added, shape (d,)."""
    return _exact(index).reconstruct(row)


def holds(index: Index, vectors: Vectors) -> bool:
    """Tells whether the index holds these vectors, in this order, and no others (but for the rounding of another batch
    size)."""
    exact = _exact(index)
    same_shape = (exact.ntotal, exact.d) == vectors.shape
    return same_shape and np.allclose(exact.reconstruct_n(0, exact.ntotal), vectors, rtol=0, atol=1e-6)


def fits(index: Index, songs: int) -> bool:
    """Tells whether an index of this kind is the one for so many songs."""
    return is_exact(index) == (songs <= EXACT_UP_TO)


def is_exact(index: Index) -> bool:
    return not hasattr(index, "refine_index")


def to_bytes(index: Index) -> bytes:
    import faiss

    return faiss.serialize_index(index).tobytes()


def from_bytes(content: bytes) -> Index:
    import faiss

    index: Index = faiss.deserialize_index(np.frombuffer(content, np.uint8))
    if not is_exact(index):
        index.k_factor = RERANKED  # no part of the file
    return index


def _exact(index: Index) -> Index:
    """The part of the index that holds the vectors themselves."""
    import faiss

    return index if is_exact(index) else faiss.downcast_index(index.refine_index)
