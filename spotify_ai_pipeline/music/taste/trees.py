"""Trees: what boosted regression trees add to a forecast, as plain arrays scored with NumPy.

LightGBM grows them (``boosting``); a refresh that ranks by them needs NumPy alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music.plays.play_counts import Floats

NODE = {
    "feature": pl.Int32(),
    "threshold": pl.Float64(),
    "left": pl.Int32(),
    "right": pl.Int32(),
    "value": pl.Float64(),
    "gain": pl.Float64(),
}
"""A node of a tree: rows at or below ``threshold`` of ``feature`` go to the node ``left``, others to ``right``. A leaf has
feature -1 and adds ``value``; a split lessened the loss by ``gain``."""

_LEAF = -1


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, each array of shape (nodes,), as in ``NODE``; ``roots`` of shape (trees,) are their tops."""

    feature: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Floats
    gain: Floats

    @property
    def roots(self) -> NDArray[np.int64]:
        """The nodes that no node leads to."""
        inner = self.feature != _LEAF
        return np.setdiff1d(np.arange(len(self.feature)), np.concatenate([self.left[inner], self.right[inner]]))

    def sum(self, rows: Floats) -> Floats:
        """The sum of all trees for each of ``rows``, shape (rows, features) to (rows,)."""
        total = np.zeros(len(rows))
        for root in self.roots:
            at = np.full(len(rows), root)
            going = np.flatnonzero(self.feature[at] != _LEAF)
            while len(going):
                node = at[going]
                low = rows[going, self.feature[node]] <= self.threshold[node]
                at[going] = np.where(low, self.left[node], self.right[node])
                going = going[self.feature[at[going]] != _LEAF]
            total += self.value[at]
        return total

    def importance(self, features: int) -> Floats:
        """Share of the gain of all splits that each of ``features`` made, shape (features,)."""
        inner = self.feature != _LEAF
        gains = np.bincount(self.feature[inner], self.gain[inner], features)
        return gains / (gains.sum() or 1.0)

    def to_rows(self) -> list[dict[str, object]]:
        """One row a node, as in ``NODE``."""
        return pl.DataFrame({name: getattr(self, name) for name in NODE}).to_dicts()

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, object]]) -> Trees:
        frame = pl.DataFrame(rows, schema=NODE)
        whole = {
            name: frame[name].cast(pl.Int64 if kind.is_integer() else pl.Float64).to_numpy()
            for name, kind in NODE.items()
        }
        return cls(**whole)

    @classmethod
    def of_lightgbm(cls, dumped: Sequence[Mapping[str, Any]]) -> Trees:
        """The trees in ``dump_model()["tree_info"]``; their features must hold no missing values."""
        rows: list[dict[str, object]] = []

        def add(node: Mapping[str, Any]) -> int:
            number = len(rows)
            if "leaf_value" in node:
                leaf: dict[str, object] = {
                    "feature": _LEAF,
                    "threshold": 0.0,
                    "left": _LEAF,
                    "right": _LEAF,
                    "gain": 0.0,
                }
                rows.append(leaf | {"value": float(node["leaf_value"])})
                return number
            row: dict[str, object] = {"feature": node["split_feature"], "threshold": float(node["threshold"])}
            rows.append(row)
            row |= {"left": add(node["left_child"]), "right": add(node["right_child"])}
            row |= {"value": 0.0, "gain": float(node["split_gain"])}
            return number

        for tree in dumped:
            add(tree["tree_structure"])
        return cls.of_rows(rows)
