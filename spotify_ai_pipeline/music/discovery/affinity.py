"""Affinity: how well a song that was never heard fits, from its artist, its tags and who put it forward.

A plain logistic score with fixed weights, each part between 0 and 1: it needs no verdicts and no training, and speaks until
the candidate model has learned enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

INTERCEPT, ARTIST, TAGS, STRENGTH = -3.0, 3.0, 1.5, 1.0
"""Weights of the logistic score: a song of a favourite artist in the favourite tags has a chance near 0.9, one with nothing to
say for it 0.05."""

SHRUNK_BY = 2
"""Songs without any play that are added to each artist's."""

MOST_TAGS = 300
"""Tags of the listener that count, heaviest first."""

DRAWN = 0.5
"""Likeness of neighbours without any play that is added to those of an artist who was never heard."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """The listener's likes: artists with an affinity of 0 to 1, and tags with weights of unit length."""

    artists: Mapping[str, float]
    tags: Mapping[str, float]

    @classmethod
    def of(cls, liking: pl.DataFrame, tags: pl.DataFrame) -> Profile:
        """Reads ``liking`` (song_id, artist_key, weight: how much each song counts now, such as its expected plays) and
        ``tags`` (song_id, tag, weight 0 to 1).

        An artist's affinity is the mean weight of their songs, shrunk towards 0 where there are few, as a share of the 95th
        percentile: ten songs that are hardly played say less than two that are. A tag weighs by the songs that have it, less
        than in proportion where most songs do (inverse document frequency). Sums keep the order of the rows: the last bit of one
        may decide which candidate comes first.
        """
        artists = liking.group_by("artist_key", maintain_order=True).agg(pl.sum("weight"), pl.len())
        mean = artists["weight"].to_numpy() / (artists["len"].to_numpy() + SHRUNK_BY)
        most = float(np.quantile(mean, 0.95)) if len(mean) else 0.0
        shares = np.minimum(mean / most, 1.0) if most > 0 else np.zeros(len(mean))
        songs = max(tags["song_id"].n_unique(), 1)
        heavy = (
            tags.join(liking.select("song_id", liked="weight"), on="song_id", maintain_order="left")
            .group_by("tag", maintain_order=True)
            .agg(
                weight=(pl.col("weight") * pl.col("liked")).sum() * (1 + (songs / pl.len()).log()),
            )
            .sort("weight", "tag", descending=[True, False])
            .head(MOST_TAGS)
        )
        length = float(np.linalg.norm(heavy["weight"].to_numpy())) or 1.0
        weights = heavy.with_columns(pl.col("weight") / length)
        return cls(dict(zip(artists["artist_key"], shares.tolist(), strict=True)), dict(weights.iter_rows()))


def chance(candidates: pl.DataFrame, profile: Profile) -> Floats:
    """The chance that each candidate (artist_key, tags, strength) stays, shape (candidates,), between 0 and 1.

    What is unknown counts as neither near nor far: an artist who was never heard as the mean of those who were, ``tags`` (a list
    of (tag, weight) structs) that are null as the mean fit of the candidates that have some."""
    unknown = float(np.mean(list(profile.artists.values()) or [0.0]))
    artist = np.array([profile.artists.get(key, unknown) for key in candidates["artist_key"]])
    fits = np.array([fit(tags, profile) for tags in candidates["tags"].to_list()], np.float64)
    known = ~np.isnan(fits)
    fits[~known] = fits[known].mean() if known.any() else 0.0
    strength = candidates["strength"].to_numpy()
    return 1 / (1 + np.exp(-(INTERCEPT + ARTIST * artist + TAGS * fits + STRENGTH * strength)))


def through_neighbours(neighbours: Sequence[tuple[str, float]], profile: Profile) -> float | None:
    """The affinity to expect of an artist who was never heard, from the ``neighbours`` (artist key, likeness 0 to 1) that were:
    the mean of theirs, weighted by likeness, drawn to 0 where few were. None where none was."""
    heard = [(profile.artists[key], likeness) for key, likeness in neighbours if key in profile.artists]
    if not heard:
        return None
    return sum(affinity * likeness for affinity, likeness in heard) / (sum(likeness for _, likeness in heard) + DRAWN)


def fit(tags: list[dict[str, float]] | None, profile: Profile) -> float:
    """Cosine of a song's tags with the listener's; not a number where it has none."""
    if not tags:
        return float("nan")
    length = float(np.linalg.norm([row["weight"] for row in tags])) or 1.0
    return sum(row["weight"] * profile.tags.get(str(row["tag"]), 0.0) for row in tags) / length


def regions(
    candidates: pl.DataFrame, profile: Profile, clusters: pl.DataFrame | None, songs: pl.DataFrame
) -> list[str]:
    """The region of taste that each candidate (seeds, artist_key, tags) lies in: the cluster of the song that led there, else
    the one that holds most of the listener's songs (``songs``: song_id, artist_key) of its artist; without ``clusters``
    (song_id, cluster_id), or where neither is known, its leading tag."""
    if clusters is None or clusters.is_empty():
        return [leading_tag(tags, profile) for tags in candidates["tags"].to_list()]
    of_song = dict(clusters.select("song_id", "cluster_id").iter_rows())
    most = clusters.join(songs.select("song_id", "artist_key"), on="song_id").group_by("artist_key")
    of_artist = dict(most.agg(pl.col("cluster_id").mode().min()).iter_rows())
    found = list[str]()
    for seeds, artist, tags in candidates.select("seeds", "artist_key", "tags").iter_rows():
        led = [of_song[seed] for seed in seeds if seed in of_song]
        cluster = led[0] if led else of_artist.get(artist)
        found.append(leading_tag(tags, profile) if cluster is None else f"cluster {cluster}")
    return found


def leading_tag(tags: list[dict[str, float]] | None, profile: Profile) -> str:
    """The one of a song's tags that weighs most with the listener; empty where none does."""
    if not tags:
        return ""
    weights = {str(row["tag"]): row["weight"] * profile.tags.get(str(row["tag"]), 0.0) for row in tags}
    best = max(weights, key=lambda tag: (weights[tag], tag))
    return best if weights[best] > 0 else ""
