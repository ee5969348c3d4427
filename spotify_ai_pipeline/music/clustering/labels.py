"""The places of names on a map: near what they name, never over one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""
ANGLES = 16
STEPS = 14
PADDING = 0.15
"""Of a label's height: kept free around it."""


def anchors(songs: pl.DataFrame) -> pl.DataFrame:
    """(cluster_id, songs, x, y): the song in the middle of each cluster, the largest cluster first."""
    middle = songs.group_by("cluster_id").agg(pl.len().alias("songs"), mx=pl.median("x"), my=pl.median("y"))
    distance = (pl.col("x") - pl.col("mx")) ** 2 + (pl.col("y") - pl.col("my")) ** 2
    return (
        songs.join(middle, on="cluster_id")
        .with_columns(distance=distance)
        .sort("distance", "x", "y")
        .group_by("cluster_id", maintain_order=True)
        .agg(pl.first("songs", "x", "y"))
        .sort("songs", "cluster_id", descending=[True, False])
    )


def place(points: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], frame: Box) -> list[Box | None]:
    """A box of each size near its point, inside ``frame``; boxes do not overlap. None where there was no room.

    Earlier points choose first: the middle on the point itself, then on rings around it that grow by half a label's height.
    """
    placed: list[Box | None] = []
    taken = np.zeros((0, 4))
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        boxes = _candidates(x, y, width, height, frame)
        pad = PADDING * height
        free = ~_overlaps(boxes + np.array([-pad, -pad, pad, pad]), taken).any(axis=1)
        if not free.any():
            placed.append(None)
            continue
        left, bottom, right, top = boxes[int(free.argmax())].tolist()
        placed.append((left, bottom, right, top))
        taken = np.vstack([taken, (left, bottom, right, top)])
    return placed


def _candidates(x: float, y: float, width: float, height: float, frame: Box) -> NDArray[np.float64]:
    """Boxes inside the frame, shape (n, 4), the nearest to the point first."""
    angle = np.tile(np.linspace(0, 2 * np.pi, ANGLES, endpoint=False), STEPS)
    ring = np.repeat(np.arange(1, STEPS + 1), ANGLES) * height / 2
    across = np.concatenate([[0.0], np.cos(angle) * (ring + width / 4)])
    up = np.concatenate([[0.0], np.sin(angle) * ring])
    left = np.clip(x + across - width / 2, frame[0], max(frame[2] - width, frame[0]))
    bottom = np.clip(y + up - height / 2, frame[1], max(frame[3] - height, frame[1]))
    return np.stack([left, bottom, left + width, bottom + height], axis=1)


def _overlaps(boxes: NDArray[np.float64], taken: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Shape (boxes, taken)."""
    one, other = boxes[:, None, :], taken[None, :, :]
    return (
        (one[..., 0] < other[..., 2])
        & (other[..., 0] < one[..., 2])
        & (one[..., 1] < other[..., 3])
        & (other[..., 1] < one[..., 3])
    )
