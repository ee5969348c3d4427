"""Matching: which of the known songs a spelling names, and by what evidence.

A song is known by a key: artist, title, version. The artist must agree before a title counts; the version must be the same;
then the titles may differ by no more than a slip of the pen. What stays in doubt stays apart: a wrong split costs little, a
wrong merge hides a song.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache

from spotify_ai_pipeline.music.identity.artists import artist_key, credited, without_suffix
from spotify_ai_pipeline.music.identity.nearness import NEAR, Nearest, Place
from spotify_ai_pipeline.music.identity.spelling import accents_agree, compact
from spotify_ai_pipeline.music.identity.titles import (
    DIFFERENT_NUMBERS,
    SAME_LETTERS,
    brackets,
    in_front,
    other_forms,
    same_title,
    title_key,
    title_words,
    weak_slip,
)
from spotify_ai_pipeline.music.identity.versions import split_version

RARE = 3
"""Times that a name is played more than a slip of it."""

LISTING = (";", "/")
"""Signs that part names in lists and hardly ever stand in a name."""

ONE_SIDED = frozenset({"subtitle", "year", "work", "guest", "film", "sign", "points", "script"})
"""What one title has and the other has not; two that each have another are two titles."""

Asides = tuple[str, ...]

Aliases = Mapping[str, list[tuple[str, str]]]
"""Artist key -> (key of the artist it is another spelling of, why), as ``aliases.learn_aliases`` finds them."""


@lru_cache(maxsize=131_072)
def song_key(artist: str, title: str) -> str:
    """The key that all exact spellings of one song share: artist, title and version, tab between."""
    core, version = split_version(title)
    return "\t".join((artist_key(artist), title_key(title_words(core)), version))


def song_id(key: str) -> str:
    """A short stable name for a song: the first 12 hexadecimal digits of its key's SHA-1."""
    return hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Found:
    """What a spelling was found to be."""

    key: str
    """Of the song that it names, or that it is most like."""
    same: bool
    """False: below the threshold, kept for the list of the unresolved."""
    rule: str
    """name | credit | form | typo, after "artist" where the artist is written otherwise."""
    evidence: str
    score: float
    """Similarity of the titles, 0 to 1."""


class Known:
    """The songs that are known, and the search among them.

    ``add`` makes a song known; ``find`` looks a spelling up. Only songs of an artist who agrees, in the same version, are ever
    compared. ``vocabulary`` is that of ``titles.same_title``. ``nearest`` spares comparisons; it must be made of all that will be
    added, in the same order.
    """

    def __init__(
        self, aliases: Aliases | None = None, vocabulary: Set[str] = frozenset(), nearest: Nearest | None = None
    ) -> None:
        self._aliases, self._vocabulary, self._nearest = aliases or {}, vocabulary, nearest or {}
        self._plays: dict[str, int | None] = {}
        self._names: dict[str, str] = {}
        self._titles: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self._forms: defaultdict[tuple[str, str], dict[str, list[tuple[str, str]]]] = defaultdict(dict)
        self._accented: dict[str, str] = {}
        self._brackets: dict[str, Asides] = {}
        self._credits: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)

    def add(
        self, artist: str, title: str, credits: Iterable[str] = (), plays: int | None = None, key: str | None = None
    ) -> str:
        """Makes a song known and gives its key; ``credits`` are its artists one by one, where the source says so. Who knows the
        ``key`` need not have it made again, which is most of the work."""
        key = key or song_key(artist, title)
        who, name, version = key.split("\t")
        place, core = (who, version), split_version(title)[0]
        if key not in self._plays:
            self._plays[key] = plays
            self._names.setdefault(who, artist)
            self._titles[place][title_words(core)] = key
            if not core.isascii():
                self._accented[key] = core
            if aside := brackets(core):
                self._brackets[key] = aside
            for form, why in other_forms(core):
                self._forms[place].setdefault(title_key(form), []).append((key, why))
            for bare, why in in_front(title, artist):
                self._forms[place].setdefault(song_key(artist, bare).split("\t")[1], []).append((key, why))
            names = credited(artist)
            for one in names if len(names) > 1 else ():
                self._credits[name, version].setdefault(compact(one), key)
            if (plain := without_suffix(artist)) != artist:
                self._credits[name, version].setdefault(f"\t{artist_key(plain)}", key)
        others = [artist_key(one) for one in credits]
        for one in ("".join(sorted(others)), *others) if len(others) > 1 else ():
            self._credits[name, version][f"\t{one}"] = key  # said by the source: no guess from signs
        return key

    def find(self, artist: str, title: str, plays: int | None = None, key: str | None = None) -> Found | None:
        """The song that a spelling names, else the nearest one with ``same`` false; None where nothing is like it."""
        key = key or song_key(artist, title)
        if key in self._plays:
            return Found(key, True, "name", "same artist, title and version", 1.0)
        nearest = None
        for said, stripped in [*in_front(title, artist), (title, "")]:
            who, name, version = (song_key(artist, said) if stripped else key).split("\t")
            core, _ = split_version(said)
            forms = [(name, stripped), *((title_key(form), why) for form, why in other_forms(core))]
            for holder, written in self._agreeing(artist, who, name, version):
                found = self._among(holder, version, core, forms, written, plays)
                if found is not None and found.same:
                    return found
                nearest = nearest or found
            if (found := self._credited(artist, who, name, version)) is not None:
                return found
        return nearest

    def _agreeing(self, artist: str, who: str, name: str, version: str) -> Iterator[tuple[str, str]]:
        """(artist key, how it is written otherwise) of every known artist that ``artist`` may be."""
        yield who, ""
        yield from self._aliases.get(who, ())
        plain = without_suffix(artist)
        if plain != artist:
            yield artist_key(plain), f"{artist!r} without its suffix"
        names = credited(artist)
        for one in names if len(names) > 1 else ():
            if f"{compact(one)}\t{name}\t{version}" in self._plays and self._parts(artist, one):
                yield compact(one), f"{one!r} is in the credit"

    def _credited(self, artist: str, who: str, name: str, version: str) -> Found | None:
        """The song of several artists that has this title and one of whom is ``artist``."""
        holders = self._credits.get((name, version), {})
        key = holders.get(f"\t{who}") or holders.get(who)
        if key is None:
            return None
        theirs = self._names[key.split("\t")[0]]
        if f"\t{who}" in holders or self._parts(theirs, credited(artist)[0]):
            return Found(key, True, "credit", f"{artist!r} is credited beside {theirs!r}; same title", 1.0)
        return None

    def _parts(self, credit: str, name: str) -> bool:
        """Whether ``name`` is one artist of ``credit``, not a word of a band's name ("Earth" of "Earth, Wind & Fire")."""
        names = credited(credit)
        listed = any(sign in credit for sign in LISTING) or all(compact(one) in self._names for one in names)
        return listed or (name == names[0] and " " in name)

    def _among(
        self, holder: str, version: str, core: str, forms: list[tuple[str, str]], written: str, plays: int | None
    ) -> Found | None:
        """The song of one artist in one version, by its exact title, another form of it, or a slip of the pen."""
        said, rule = (f"{written}; ", "artist ") if written else ("", "")
        for form, why in forms:
            key = f"{holder}\t{form}\t{version}"
            if key in self._plays and accents_agree(core, self._accented.get(key, "")):
                title = f"same title but for: {why}" if why else "same title"
                return Found(key, True, f"{rule}{'form' if why else ''}".strip(), said + title, 1.0)
        known_forms = self._forms.get((holder, version), {})
        for form, why in forms:
            fits = {
                key: theirs
                for key, theirs in known_forms.get(form, ())
                if not (why in ONE_SIDED or (why and theirs in ONE_SIDED))
                and accents_agree(core, self._accented.get(key, ""))
            }
            if fits and (len(fits) == 1 or not ONE_SIDED & set(fits.values())):
                key, theirs = next(iter(fits.items()))  # the best established
                return Found(key, True, f"{rule}form", f"{said}same title but for: {theirs}", 1.0)
        return self._misspelled((holder, version), core, said, f"{rule}typo", plays)

    def _misspelled(self, place: Place, core: str, said: str, rule: str, plays: int | None) -> Found | None:
        from rapidfuzz import fuzz, process

        titles = self._titles.get(place)
        if not titles:
            return None
        words, aside = title_words(core), brackets(core)
        others = self._nearest.get(place, {}).get(words)
        like = titles.keys() if others is None else [one for one in (words, *others) if one in titles]
        near = process.extract(words, like, scorer=fuzz.ratio, score_cutoff=NEAR, limit=8)
        judged = [
            (like, score / 100, *self._same_title(words, like, aside, self._brackets.get(titles[like], ())))
            for like, score, _ in near
        ]
        same = [verdict for verdict in judged if verdict[2]]
        if len(same) > 1 and same[0][1] == same[1][1]:
            (one, score, _, _), (other, _, _, _) = same[:2]
            return Found(titles[one], False, rule, f"{said}as like {other!r} as {one!r}", score)
        doubtful = [verdict for verdict in judged if verdict[3] != DIFFERENT_NUMBERS]
        for like, score, alike, why in same[:1] or doubtful[:1]:
            if alike and weak_slip(words, like) and not _rare(plays, self._plays[titles[like]]):
                alike, why = False, f"{why}, at its end, and both are played"
            return Found(titles[like], alike, rule, f"{said}{words!r} for {like!r}: {why}", score)
        return None

    def _same_title(self, words: str, like: str, aside: Asides, of_like: Asides) -> tuple[bool, str]:
        """What ``same_title`` says, unless brackets say that two titles are two: "(Red)" is no slip of "(Blue)", nor of none."""
        same, why = same_title(words, like, self._vocabulary)
        if not same or aside == of_like:
            return same, why
        agree = len(aside) == len(of_like) and all(
            same_title(one, two, self._vocabulary)[0] for one, two in zip(aside, of_like, strict=True)
        )
        return (True, why) if agree or why == SAME_LETTERS else (False, "other brackets")


def _rare(plays: int | None, of_known: int | None) -> bool:
    """Whether a spelling is played so much less than the known one as slips are."""
    return plays is not None and of_known is not None and plays * RARE <= of_known
