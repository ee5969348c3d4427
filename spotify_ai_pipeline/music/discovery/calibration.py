"""The agreement of chances that songs stay with what happened: their order (AUC), their truth (Brier score), by
fifths."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music.discovery.candidate_model import FirstHeard, chances, fit
from spotify_ai_pipeline.music.plays.play_counts import Floats

ENOUGH = 10
"""Songs that stayed, and songs that went, that must be among those held back. With fewer, nothing is said."""


def judge_held_back(terms: Floats, new: FirstHeard) -> dict[str, object]:
    """Tells how a model that knew what was known when the last third of ``new`` began does on that third: ``auc``,
    ``brier``, ``brier_of_share`` (of the share that stayed before, said of every song), and by fifths the chances
    ``said`` and the share that ``stayed``. All None where fewer than ``ENOUGH`` stayed, or went.

    ``terms`` are those of the songs, oldest first, of all of which it is known whether they stayed.
    """
    start = new.at[len(new.at) * 2 // 3] if len(new.at) else 0.0
    known, later = new.over <= start, new.at >= start
    stay = new.stay[later]
    if not known.any() or min(stay.sum(), (~stay).sum()) < ENOUGH:
        return {"auc": None, "brier": None, "brier_of_share": None, "said": None, "stayed": None}
    chance = chances(fit(terms[known], new.stay[known]), terms[later])
    fifths = calibrate(chance, stay)
    return {
        "auc": auc(chance, stay),
        "brier": brier(chance, stay),
        "brier_of_share": brier(np.full(len(stay), new.stay[known].mean()), stay),
        "said": fifths["said"].to_list(),
        "stayed": fifths["stayed"].to_list(),
    }


def auc(score: Floats, stay: NDArray[np.bool_]) -> float | None:
    """The chance that a song that stayed has a higher ``score`` than one that did not; None without both."""
    stayed, went = int(stay.sum()), int((~stay).sum())
    if not stayed or not went:
        return None
    rank = pl.Series(score).rank("average").to_numpy()
    return float((rank[stay].sum() - stayed * (stayed + 1) / 2) / (stayed * went))


def brier(chance: Floats, stay: NDArray[np.bool_]) -> float:
    """Mean squared distance between ``chance`` and what happened. Brier (1950)."""
    return float(((chance - stay) ** 2).mean())


def calibrate(chance: Floats, stay: NDArray[np.bool_], bins: int = 5) -> pl.DataFrame:
    """Songs by fifths of their ``chance``, one row each: mean chance said, share that stayed, songs."""
    part = (pl.Series(chance).rank("ordinal").to_numpy() - 1) * bins // max(len(chance), 1)
    table = pl.DataFrame({"part": part, "said": chance, "stayed": stay})
    return table.group_by("part").agg(pl.mean("said", "stayed"), songs=pl.len()).sort("part").drop("part")
