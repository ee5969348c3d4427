"""The reasons why songs are near, in words: the tags they share and the features that set both apart from the
library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from spotify_ai_pipeline.music.embedding.feature_blocks import KNOTS, Matrix
from spotify_ai_pipeline.music.mood.lexicon import AXES
from spotify_ai_pipeline.music.mood.parser import CALLED, MoodQuery

MOST = 3
"""Tags, and features, that a reason names."""

HIGH = 0.7
"""A feature above this share of the library's songs (or below the rest of it) is worth a word."""


@dataclass(frozen=True)
class Usual:
    """The usual in the library: quantiles of each feature, and the share of songs with each tag."""

    knots: dict[str, Matrix]
    tags: dict[str, float]

    @classmethod
    def of(cls, library: pl.DataFrame) -> Usual:
        """Reads all songs (the features, and tags: a list of tag and weight; null where unknown)."""
        known = {axis: library[axis].drop_nulls().to_numpy() for axis in AXES}
        knots = {axis: np.quantile(values, np.linspace(0, 1, KNOTS)) for axis, values in known.items() if len(values)}
        counts = library.select(pl.col("tags").explode()).unnest("tags").drop_nulls("tag").group_by("tag").len()
        tagged = max(int((library["tags"].list.len() > 0).sum()), 1)
        return cls(knots, {tag: count / tagged for tag, count in counts.iter_rows()})

    def words(self, song: Mapping[str, Any]) -> list[str]:
        """Gives what sets the song's sound apart, in words."""
        said: list[str] = []
        for axis, knots in self.knots.items():
            if (value := song[axis]) is not None:
                below, upto = (int(np.count_nonzero(fits)) for fits in (knots < value, knots <= value))
                place = (below + upto) / 2 / KNOTS
                said += [CALLED[axis][1]] if place > HIGH else [CALLED[axis][0]] if place < 1 - HIGH else []
        return [word for word in said if word]


def shared(song: Mapping[str, Any], others: pl.DataFrame, usual: Usual) -> list[str]:
    """Says for each of ``others`` what it shares with ``song``: rare tags before common ones, then the sound."""
    mine, sounds, said = _tags(song), usual.words(song), list[str]()
    for other in others.iter_rows(named=True):
        theirs, like = _tags(other), usual.words(other)
        strength = {tag: mine[tag] * theirs[tag] * -np.log(usual.tags[tag]) for tag in mine.keys() & theirs.keys()}
        parts = [", ".join(sorted(strength, key=lambda tag: (-strength[tag], tag))[:MOST])]
        alike = [word for word in sounds if word in like and word not in strength][:MOST]
        parts.append(f"both {', '.join(alike)}" if alike else "")
        same = other["artist_key"] == song["artist_key"]
        said.append(
            "; ".join(filter(None, ["same artist" if same else "", *parts])) or "as a whole, in no single trait"
        )
    return said


def wished(wish: MoodQuery, songs: pl.DataFrame, usual: Usual) -> list[str]:
    """Says for each song what of the wish it fulfils."""
    said: list[str] = []
    ends = {CALLED[axis][value > 0] for axis, value in wish.axes.items()}
    for song in songs.iter_rows(named=True):
        tags = _tags(song)
        asked = [
            tag for tag, weight in sorted(wish.tags.items(), key=lambda item: -item[1]) if weight > 0 and tag in tags
        ]
        sound = [word for word in usual.words(song) if word in ends and word not in asked]
        said.append(", ".join([*asked[:MOST], *sound[:MOST]]) or "as a whole, in no single trait")
    return said


def _tags(song: Mapping[str, Any]) -> dict[str, float]:
    tags: list[dict[str, Any]] = song["tags"] or []
    return {one["tag"]: one["weight"] for one in tags}
