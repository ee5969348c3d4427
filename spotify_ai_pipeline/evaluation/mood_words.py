"""A measure of how well moods in words are understood, each layer alone and all together; the fit of the anchors that
ship.

``mood_phrases.tsv`` holds phrases with the direction in which energy and valence should go, in three sets: ``tune`` was looked at
while the layers were made, ``held`` was not, and ``fresh`` was written when the lexicon was done and changed nothing afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib.resources import files

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.music.mood.lexicon import LEXICON, SAME
from spotify_ai_pipeline.music.mood.meaning import READ, Anchors
from spotify_ai_pipeline.music.mood.parser import LEAST, Meaning, understand

Encode = Callable[[list[str]], NDArray[np.float32]]
SETS = ("tune", "held", "fresh")
RIGHT, OPPOSITE, SILENT = "right", "opposite", "silent"


def phrases() -> pl.DataFrame:
    """set, kind, language, energy, valence (-1, 1, or null: nothing is expected) and phrase."""
    return _table("mood_phrases.tsv")


def judge_moods(meaning: Meaning | None, sets: Collection[str] = SETS) -> pl.DataFrame:
    """The phrases of ``sets`` with a column for each layer: right, opposite or silent. ``meaning`` adds the encoder's."""
    layers: dict[str, Meaning] = {"words": lambda text: understand(text).axes}
    if meaning is not None:
        layers |= {"encoder": meaning, "together": lambda text: understand(text, meaning=meaning).axes}
    table = phrases().filter(pl.col("set").is_in(sets))
    rows = table.rows(named=True)
    return table.with_columns(
        pl.Series(name, [outcome(layer(row["phrase"]), row) for row in rows]) for name, layer in layers.items()
    )


def shares(judged: pl.DataFrame) -> pl.DataFrame:
    """set, layer, phrases, and the shares right, opposite and silent."""
    layers = [name for name in ("words", "encoder", "together") if name in judged.columns]
    long = judged.unpivot(layers, index="set", variable_name="layer", value_name="outcome")
    counted = [(pl.col("outcome") == one).mean().alias(one) for one in (RIGHT, OPPOSITE, SILENT)]
    return long.group_by("set", "layer", maintain_order=True).agg(pl.len().alias("phrases"), *counted)


def outcome(axes: Mapping[str, float], expected: Mapping[str, float | None]) -> str:
    """Right: an expected direction came out, and none the other way round. Opposite: any did. Silent: neither."""
    along = [axes.get(axis, 0.0) * way for axis in READ if (way := expected[axis]) is not None]
    if min(along) <= -LEAST:
        return OPPOSITE
    return RIGHT if max(along) >= LEAST else SILENT


def fit(encode: Encode) -> Anchors:
    """The anchors: the lexicon's words, its idioms, and the phrases of ``mood_anchors.tsv``."""
    idioms = [(form, word) for form, word in SAME.items() if " " in form]
    words = [*((word, word) for word in LEXICON), *idioms]
    table = _table("mood_anchors.tsv")
    known = [[LEXICON[word].axes.get(axis, 0.0) for axis in READ] for _, word in words]
    moods = np.array([*known, *table.select(READ).rows()], np.float32)
    return Anchors.fitted(encode([*(form for form, _ in words), *table["phrase"]]), moods)


def _table(name: str) -> pl.DataFrame:
    text = files("spotify_ai_pipeline.evaluation").joinpath(name).read_bytes()
    return pl.read_csv(text, separator="\t", quote_char=None, schema_overrides=dict.fromkeys(READ, pl.Float64))
