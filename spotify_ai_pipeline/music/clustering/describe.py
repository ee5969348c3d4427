"""A cluster in words that set it apart: its distinctive tags by c-TF-IDF, its most typical songs, and a name made of
both.

Class-based TF-IDF (Grootendorst 2022): the share of a tag among its cluster's tags, times log(1 + mean tag weight of a cluster
/ the tag's weight over all). A tag that every cluster has is worth little, however common.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, count

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


FEELINGS = frozenset({
    "aggressive", "angry", "beautiful", "bright", "calm", "catchy", "chill", "cold", "cool", "danceable", "dark",
    "dreamy", "driving", "easy", "emotional", "energetic", "epic", "fast", "fun", "gentle", "gloomy", "groovy", "happy",
    "hard", "heavy", "intense", "intimate", "joyful", "laid-back", "light", "lonely", "loud", "melancholic",
    "melancholy", "mellow", "melodic", "moody", "nostalgic", "peaceful", "playful", "powerful", "quiet", "raw",
    "relaxed", "relaxing", "romantic", "sad", "sexy", "slow", "smooth", "soft", "sombre", "soothing", "summery",
    "sweet", "tender", "upbeat", "uplifting", "warm", "weird", "wild", "wistful",
})  # fmt: skip
ORIGINS = frozenset({
    "african", "american", "australian", "belgian", "brazilian", "british", "canadian", "celtic", "chinese", "cuban",
    "danish", "dutch", "english", "finnish", "french", "german", "greek", "icelandic", "indian", "irish", "israeli",
    "italian", "jamaican", "japanese", "korean", "latin", "mexican", "nigerian", "nordic", "norwegian", "polish",
    "portuguese", "russian", "scandinavian", "scottish", "spanish", "swedish", "turkish", "ukrainian", "welsh",
})  # fmt: skip
SOUNDS = frozenset({
    "a-cappella", "acoustic", "analog", "electronic", "instrumental", "live", "lo-fi", "orchestral", "piano",
    "unplugged", "vocal",
})  # fmt: skip
SCENES = frozenset({
    "alternative", "avant-garde", "christian", "classic", "contemporary", "experimental", "indie", "modern",
    "progressive", "psychedelic",
})  # fmt: skip
"""Tags that say how music feels, where it is from, how it is played and of which scene it is."""

SPOKEN = {
    "energy": "energetic", "groove": "groovy", "melancholy": "melancholic", "melody": "melodic", "nostalgia": "nostalgic",
    "00s": "2000s", "10s": "2010s", "20s": "2020s",
}  # fmt: skip
"""Words that listeners tag with, as they are said before a kind of music."""

_ERA = re.compile(r"(early |late |mid-?)?((19|20)?\d0s|\d{4})")
_STEM = 4
"""Letters that forms of one word share at least."""
_NOUN = 5
"""The rank of a kind of music: all else stands before it."""


def name_by_tags(tags: list[str], artists: list[str], taken: set[str]) -> tuple[str, str]:
    """(name, one-sentence description) from distinctive ``tags``, else from typical ``artists``; unlike any name ``taken``.

    The name is said as a person would: "mellow indie folk". A tag whose words another one holds adds nothing, and a second
    feeling is named only where the first does not tell the cluster from another."""
    sizes = range(min(3, len(tags)), len(tags) + 1) if tags else ()
    told_apart = [natural_name(tags[:size], feelings) for feelings in (1, 2) for size in sizes]
    plain = told_apart[0] if told_apart else f"around {artists[0]}" if artists else "songs without tags"
    numbered = (f"{plain} {number}" for number in count(2))
    name = next(one for one in chain(told_apart, [plain], numbered) if one not in taken)
    heard = f", by artists such as {_listed(artists[:3])}" if artists else ""
    told = f"Songs tagged {_listed(tags[:4])}{heard}." if tags else f"Songs without tags{heard}."
    return name, told


def natural_name(tags: Sequence[str], feelings: int = 1) -> str:
    """``tags``, the most distinctive first, in the order in which a person says them: how it feels, when and where it is from,
    how it is played, what it is. No word comes twice, in whatever form ("danceable dance pop")."""
    kept: list[str] = []
    for tag in (SPOKEN.get(tag, tag) for tag in tags):
        words = set(tag.split())
        kept = [one for one in kept if not set(one.split()) < words]
        if not any(_alike(word, other) for one in kept for other in one.split() for word in words):
            kept.append(tag)
    by_rank = {rank: [tag for tag in kept if _rank(tag) == rank] for rank in range(_NOUN + 1)}
    before = [*by_rank[0][:feelings], *(tag for rank in range(1, _NOUN) for tag in by_rank[rank])][:3]
    return " ".join([*before, " and ".join(by_rank[_NOUN][:2]) or "songs"])


def _alike(one: str, other: str) -> bool:
    """Tells whether two words are forms of one: dance and danceable, melancholic and melancholy."""
    shorter, longer = sorted((one, other), key=len)
    stem = shorter[: max(_STEM, len(shorter) - 1)]
    return one == other or (len(shorter) >= _STEM and longer.startswith(stem))


def _rank(tag: str) -> int:
    if _ERA.fullmatch(tag):
        return 1
    kinds = ((FEELINGS, 0), (ORIGINS, 2), (SOUNDS, 3), (SCENES, 4))
    return next((rank for words, rank in kinds if tag in words), _NOUN)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
