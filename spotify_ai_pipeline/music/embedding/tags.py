"""Tags: what people call a song, each in one spelling, without what says nothing about the music.

A tag is known by its letters alone (``spelling.fold`` without spaces), so that "Hip-Hop", "hip hop" and "hiphop" are one. A
year counts as its decade.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import polars as pl

from spotify_ai_pipeline.music.identity.spelling import compact, fold

ARTIST_SHARE = 0.5
"""Weight of a tag that was given to the artist, not to the song."""
LEAST = 0.02
"""Weight below which a tag is one person's whim."""
EARS_SHARE = 0.5
"""Weight of a tag that was heard by a machine, beside its likelihood."""
LIKELY = 0.1
"""Likelihood from which what was heard is a tag; the common ones are heard at about half of it in anything."""
MOST_WORDS = 5
"""A tag of more words is a sentence about somebody's life."""

_USUAL = (
    "hip hop", "trip hop", "post-rock", "post-punk", "post-metal", "post-hardcore", "synthpop", "dream pop", "lo-fi",
    "k-pop", "j-pop", "j-rock", "dance pop", "electropop", "indie pop", "indie rock", "folk rock", "pop rock", "pop punk",
    "art rock", "alt-country", "singer-songwriter", "drum and bass", "r&b", "rock and roll", "nu metal", "nu disco",
    "new wave", "no wave", "darkwave", "coldwave", "chillwave", "chillout", "downtempo", "shoegaze", "deep house",
    "tech house", "acid jazz", "big beat", "breakbeat", "dubstep", "bossa nova", "afrobeat", "neo-soul", "britpop",
    "worldbeat", "thrash metal", "death metal", "black metal", "doom metal", "metalcore", "grindcore", "feel good",
)  # fmt: skip
_ALSO = {
    "rnb": "r&b", "rhythmandblues": "r&b", "rapandhiphop": "hip hop", "hiphoprap": "hip hop", "hiphopandrap": "hip hop",
    "dnb": "drum and bass", "dandb": "drum and bass", "drumbass": "drum and bass", "drumnbass": "drum and bass",
    "altrock": "alternative rock", "rocknroll": "rock and roll", "femalevocalists": "female vocals",
    "femalevocalist": "female vocals", "femalevocal": "female vocals", "femalevoices": "female vocals",
    "malevocalists": "male vocals", "malevocalist": "male vocals", "malevocal": "male vocals", "instrumentals": "instrumental",
    "electronicmusic": "electronic", "ambientmusic": "ambient", "classicalmusic": "classical", "soundtracks": "soundtrack",
    "ost": "soundtrack", "originalsoundtrack": "soundtrack", "covers": "cover", "coverversion": "cover",
    "fifties": "50s", "sixties": "60s", "seventies": "70s", "eighties": "80s", "nineties": "90s",
}  # fmt: skip
_SPELLING = {compact(fold(tag)): tag for tag in _USUAL} | _ALSO

_SAYS_NOTHING = re.compile(
    "(?:album|all|amazing|artist|awesome|band|beautiful|best|brilliant|buy|cd|checkout|cool|deezer|excellent|fave?|genius|"
    "(?:good|great|nice)(?:music|song)?|heard|itunes|lastfm|liked?|listen|loved?(?:it|track)?|masterpiece|misc|mp3|"
    "music|musica|myspace|other|owned|perfect|playlist|radio|single|song|spotify|tagme|track|unknown|untagged|"
    "various(?:artist)?|vinyl|wishlist|youtube)s?"
)
_ABOUT_THE_LISTENER = re.compile(
    r"^(?:my|i|im|ive|mine)\b|\b(?:seen live|live seen|favou?rites?|want to see|i own|i have|i love|of the year|listeners|"
    r"tracks?list|to (?:check|listen|buy|hear|see)|check out|https?|www|stars?)\b"
)
_DECADE = re.compile(r"(?:the )?(?:(19|20)(\d)\d ?s?|(\d)0 ?s)")
_CENTURY_OF_DECADE = {"19": range(3, 10), "20": range(3)}
"""The decades whose name needs no century."""


def clean(weights: Mapping[str, float], artists: Iterable[str] = ()) -> dict[str, float]:
    """Tags with weights 0..1 by their usual spelling; of two spellings of one tag the heavier counts. Left out are names of
    the song's ``artists``, tags about the listener ("seen live", "my favourites"), numbers, and praise."""
    names = {_letters(name) for name in artists}
    found: dict[str, float] = {}
    for raw, weight in weights.items():
        tag = spelled(raw)
        if tag is None or weight < LEAST or _letters(raw) in names:
            continue
        found[tag] = max(found.get(tag, 0.0), min(float(weight), 1.0))
    return found


def blend(own: Mapping[str, float], artist: Mapping[str, float]) -> dict[str, float]:
    """A song's own tags with those of its artist at ``ARTIST_SHARE``; where both have a tag, the heavier counts."""
    every = {tag: ARTIST_SHARE * weight for tag, weight in artist.items()}
    return every | {tag: max(weight, every.get(tag, 0.0)) for tag, weight in own.items()}


def likely(heard: Mapping[str, float]) -> dict[str, float]:
    """Gives what a machine heard, as tags with their likelihoods, without what is hardly likely."""
    return clean({tag: weight for tag, weight in heard.items() if weight >= LIKELY})


def with_heard(tags: pl.DataFrame, ears: pl.DataFrame) -> pl.DataFrame:
    """``tags`` in which a song that nobody tagged has those that are heard in it (``ears``), at ``EARS_SHARE``, from the
    source ``ears``. Its day to be asked about again stays; what is no longer heard is gone."""
    weights = pl.struct(pl.element().struct["tag"], pl.element().struct["weight"] * EARS_SHARE)
    heard = ears.filter(pl.col("tags").list.len() > 0).select("song_id", heard=pl.col("tags").list.eval(weights))
    nobody = pl.col("source").is_null() | (pl.col("source") == "ears")
    told = pl.when(pl.col("heard").is_not_null()).then(pl.lit("ears"))
    none = pl.lit([], dtype=ears.schema["tags"])
    return (
        tags.join(heard, on="song_id", how="left", maintain_order="left")
        .with_columns(
            tags=pl.when(nobody).then(pl.coalesce("heard", none)).otherwise("tags"),
            source=pl.when(nobody).then(told).otherwise("source"),
        )
        .select(tags.columns)
    )


def spelled(raw: str) -> str | None:
    """The usual spelling of a tag, None for one that says nothing about the music."""
    folded = fold(fold(raw.lstrip("#")))  # once more for what its own signs kept apart: "r:n:b"
    if (decade := _decade(folded)) is not None:
        return decade
    letters = compact(folded)
    if len(letters) < 2 or _SAYS_NOTHING.fullmatch(letters) or not any(sign.isalpha() for sign in letters):
        return None
    if folded.count(" ") >= MOST_WORDS or _ABOUT_THE_LISTENER.search(folded):
        return None
    return _SPELLING.get(letters, folded)


def _decade(folded: str) -> str | None:
    """The decade that a tag names ("1994", "90s", "the 1990s"), None for a tag that names none."""
    found = _DECADE.fullmatch(folded)
    if found is None:
        return None
    century, tens = found[1], int(found[2] or found[3])
    return f"{tens}0s" if century is None or tens in _CENTURY_OF_DECADE[century] else f"{century}{tens}0s"


def _letters(name: str) -> str:
    return compact(fold(name).removeprefix("the "))
