"""Names of clusters from a language model: what it is told, what it may answer, and what of an answer is believed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

LONGEST_NAME, LONGEST_DESCRIPTION, LONGEST_TITLE = 40, 240, 90
SAME_SONGS = 0.5
"""Jaccard overlap with the songs at the time of naming below which a cluster has changed and is named anew."""


class ClusterName(BaseModel):
    """One name as a model gives it."""

    cluster: int = Field(description="the number of the cluster, as given")
    name: str = Field(description="2 to 5 words, unlike the other names")
    description: str = Field(description="one sentence")
    tags: list[str] = Field(description="the given tags that name and description rest on, spelled as given")


class ClusterNames(BaseModel):
    clusters: list[ClusterName]


@dataclass(frozen=True)
class Card:
    """A cluster as a language model is told of it: its number, songs, distinctive tags and typical songs (artist and
    title, nothing else)."""

    cluster: int
    songs: int
    tags: list[str]
    sample: list[str]


def question(cards: Sequence[Card], taken: Collection[str]) -> str:
    """The cards as JSON: titles are quoted data, whatever they say."""
    told = [
        {"cluster": card.cluster, "songs": card.songs, "tags": card.tags, "sample": [_line(row) for row in card.sample]}
        for card in cards
    ]
    return json.dumps({"clusters": told, "names already taken": sorted(taken)}, ensure_ascii=False, indent=1)


def grounded(answer: ClusterNames, cards: Sequence[Card], taken: Collection[str]) -> dict[int, tuple[str, str]]:
    """(name, description) by cluster, for those that can be believed: the cluster was asked about and is named once, the name is
    new, short and one line, the description one sentence, and the tags it rests on are tags of that cluster."""
    asked = {card.cluster: card for card in cards}
    used = {name.casefold() for name in taken}
    believed: dict[int, tuple[str, str]] = {}
    for given in answer.clusters:
        name, told = _line(given.name), " ".join(given.description.split())
        card = asked.get(given.cluster)
        sound = (
            card is not None
            and given.cluster not in believed
            and 1 < len(name) <= LONGEST_NAME
            and name == given.name.strip()
            and name.casefold() not in used
            and 1 < len(told) <= LONGEST_DESCRIPTION
            and len(re.findall(r"[.!?](?=\s+[A-Z])", told)) == 0
            and bool(given.tags)
            and set(given.tags) <= set(card.tags)
        )
        if sound:
            believed[given.cluster] = (name, told)
            used.add(name.casefold())
    return believed


def unchanged(named: Collection[str], now: Collection[str]) -> bool:
    """Tells whether a cluster is still the one that was named, by its songs then and now."""
    then, today = set(named), set(now)
    return len(then & today) >= SAME_SONGS * len(then | today)


def _line(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST_TITLE else plain[: LONGEST_TITLE - 1] + "…"
