"""Aliases: artists whose name is written in several ways, learned from the titles they share.

A resemblance of two names says little, a title that two artists have says little; both together say a lot.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from heapq import nsmallest

from rapidfuzz import fuzz

from spotify_ai_pipeline.music.identity.artists import artist_key, credited
from spotify_ai_pipeline.music.identity.spelling import compact, fold

SAME_NAME = 88
"""Similarity (0 to 100, ``rapidfuzz.fuzz.ratio``) from which two names are one misspelled, given a shared title."""

LIKE_NAME = 75
"""The same, given ``SEVERAL`` shared titles."""

SURNAME = 84
"""Similarity from which a name is another's ending: "Rachmaninov" of "Sergei Rachmaninoff"."""

SEVERAL = 2
"""Titles that must be shared before a part of a name ("Mozart") or another script stands for the whole."""

COMMON_TITLE = 40
"""A title of more artists than this ("Intro") says nothing about who they are."""

RIVALS = 20
"""Artists with the most titles in common that are looked at."""

USERS = 3
"""Artists who use a word in titles, from which it is one: a slip of the pen may happen twice."""

LEAST_WORDS = 1_000
"""Words in common below which a vocabulary is too small to know a slip of the pen."""


def learn_aliases(names: Iterable[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Gives for each artist key the (key, reason) of artists that it is another spelling of.

    ``names`` are (song key, artist), best established first: an artist is a spelling of one that came before.
    """
    shown: dict[str, str] = {}
    holders: defaultdict[str, set[str]] = defaultdict(set)
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for key, artist in names:
        who, what = key.split("\t", 1)
        shown.setdefault(who, artist)
        holders[what].add(who)
        titles[who].add(what)
    rank = {who: place for place, who in enumerate(shown)}
    aliases: dict[str, list[tuple[str, str]]] = {}
    for who, theirs in titles.items():
        shared = Counter[str]()
        for what in theirs:
            if 1 < len(holders[what]) <= COMMON_TITLE:
                shared.update(other for other in holders[what] if rank[other] < rank[who])
        told = [
            (other, why)
            for other, count in nsmallest(RIVALS, shared.items(), key=lambda pair: (-pair[1], rank[pair[0]]))
            if (why := _resemblance(shown[who], shown[other], count))
        ]
        if told:
            aliases[who] = told
    return aliases


def with_told(
    aliases: dict[str, list[tuple[str, str]]], told: Iterable[tuple[str, str]]
) -> dict[str, list[tuple[str, str]]]:
    """``aliases`` and those that a source tells, as (name, other name of the same artist)."""
    whole = defaultdict(list, aliases)
    for name, other in told:
        for one, two in ((name, other), (other, name)):
            if (who := artist_key(one)) != (whom := artist_key(two)):
                whole[who].append((whom, f"{one!r} is {two!r}, as your ratings say"))
    return dict(whole)


def learn_vocabulary(names: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Words of titles that several artists use: a slip of the pen is not among them. Empty where the names are too few.

    ``names`` are (song key, title in words).
    """
    users: defaultdict[str, set[str]] = defaultdict(set)
    for key, words in names:
        who = key.split("\t", 1)[0]
        for word in words.split():
            if len(users[word]) < USERS:
                users[word].add(who)
    common = frozenset(word for word, artists in users.items() if len(artists) == USERS)
    return common if len(common) >= LEAST_WORDS else frozenset()


def _resemblance(artist: str, known: str, shared: int) -> str:
    """How ``artist`` may be ``known`` written otherwise, given the number of titles they share; empty where it may not."""
    one, two, several = fold(artist), fold(known), shared >= SEVERAL
    if one.isascii() != two.isascii():
        return f"{known!r} in another script, {shared} titles shared" if several else ""
    bare = [compact("".join(credited(name))) for name in (artist, known)]
    alike = fuzz.ratio(*bare)
    if min(map(len, bare)) >= 5 and alike >= (LIKE_NAME if several else SAME_NAME):
        return f"{artist!r} is {known!r} misspelled"
    if sorted(one.split()) == sorted(two.split()):
        return f"{artist!r} is {known!r} in another order"
    short, long = sorted((one.split(), two.split()), key=len)
    if several and (_part(short, long) or (len(short) > 1 and set(short) < set(long))):
        return f"{artist!r} is part of {known!r}, {shared} titles shared"
    return ""


def _part(short: list[str], long: list[str]) -> bool:
    """Whether ``short`` is how ``long`` begins, or how it ends: a surname, as it may be written in another alphabet."""
    end = "".join(long[-len(short) :])
    if len("".join(short)) >= 5 and "".join(long).startswith("".join(short)):
        return True
    return len(short) < len(long) and len(end) >= 4 and fuzz.ratio("".join(short), end) >= SURNAME
