"""Names of artists, albums and songs, plainly made up, with the awkward ones that real catalogues hold."""

from __future__ import annotations

import numpy as np


def _words(text: str) -> list[str]:
    return text.split(", ")


_ADJECTIVES = _words(
    "Paper, Violet, Hollow, Copper, Sleepy, Amber, Wandering, Glass, Crooked, Marble, Tidal, Woolen, Electric, Quiet, "
    "Feral, Plaid, Lunar, Rusty, Velvet, Mild, Distant, Salted, Borrowed, Ivory, Tangled, Polite, Northern, Spare, "
    "Wooden, Sunken, Bright, Nimble, Frosted, Idle, Magnetic, Painted, Humble, Stray, Golden, Foggy, Brittle, Mossy, "
    "Thirsty, Broken, Civil, Parallel, Neon, Dusty"
)
_NOUNS = _words(
    "Otters, Semaphore, Lanterns, Harbour, Teacups, Antlers, Orchard, Pylons, Marmots, Cartographers, Umbrella, "
    "Foxgloves, Radio, Beekeepers, Tramlines, Astronauts, Ferns, Weathervane, Librarians, Cassette, Pigeons, "
    "Lighthouse, Moths, Parade, Glaciers, Bicycles, Satellites, Cathedral, Herons, Post, Choir, Almanac, Magpies, "
    "Kettle, Meridian, Saplings, Escalator, Walrus, Dominoes, Compass, Thimbles, Aquarium, Barometer, Sparrows, "
    "Carousel, Hedgehogs, Observatory, Turbines"
)
_FIRST = _words(
    "Odalys, Bertil, Maren, Tobiah, Ilse, Casimir, Perpetua, Anselm, Wilhelmina, Jorund, Fenna, Osric, Zelda, "
    "Ambrose, Liesl, Corwin, Thandeka, Rurik, Bettina, Hjalmar, Quillon, Solveig, Evander, Pomona"
)
_LAST = _words(
    "Quillfeather, Marrowby, Oakhollow, Tenpenny, Brasswick, Lindqvarn, Fogarelli, Underhay, Wexcombe, Strandvik, "
    "Mulbrook, Ashgrave, Pettibane, Kestrelson, Dunmallow, Hartigool, Varnecki, Loomis-Fray, Snowdrop, Bellweather, "
    "Grist, Tallow, Ventrish, Oxbow"
)
_AWKWARD = [
    "Sígur Blómstra", "Motörglöckchen", "Señor Lluvia", "海辺のラジオ", "Чайки и Провода", "Les Étoiles Fânées",
    "고양이 우주선",
    'The "Quote" Quartet', "Salt & Vinegar", "<b>Bold Tags</b>", "Tea, Toast & Thunder", "O'Malley's Ghost Bus",
    "Earth, Window & Flour", "AC/ÐC-Adapter", "!?!", "Ænima Nørd", "Back\\Slash", "Percent 100%", "Jean-Ünique & Sons",
    "…And Then the Dots", "Ömer Yıldızoğlu'nun Bandosu", "The The Thes", "Null", "N/A", "夜行バス", "Zoë & the Zoës",
]  # fmt: skip
_TITLE_HEADS = _words(
    "Letters to, Almost, Under, Another, Leaving, Waiting for, Slow, Last, Half, Over, Beneath, Return of, Calling, "
    "Static, Burning, Kind of, Learning, Winter, Summer, Midnight, Early, Paper, Ghost, Silver, Empty, Counting, "
    "Nothing but, Between"
)
_TITLE_TAILS = _words(
    "Rain, Windows, Rooftops, Tomorrow, Satellites, Stairs, Rivers, Umbrellas, the Ferry, November, Gravity, the "
    "Orchard, Salt, Telephones, Houses, the Kettle, Shadows, Tuesday, Honey, Lampposts, Hours, the Sea, Balloons, "
    "Distance, Machines, the Garden, Maps, Feathers, Ashes, the Platform, Voices, Sugar, Engines, the Lake, "
    "Postcards, Thunder, Curtains, Moss, Echoes, Bread"
)
_TITLE_MIDDLES = ["", "", "", " My", " Your", " All the", " Two", " Every", " These", " Borrowed", " Perfect", " Lost"]
_AWKWARD_TITLES = [
    "Déjà Bu", "Naïve & Über", "雨のプラットフォーム", "Где Мой Зонт?", "Rock 'n' Stroll",
    "(I Can't Get No) Tea", "<i>Italic</i> Heart",
    '"Untitled"', "R&B&B", "100% Wool", "What?!", "S.O.S. (Save Our Soup)", "Mañana, Mañana", "I / O", "Ça Va, Ça Vient",
    "∞",
    "Track, with, Commas", "Null", "-", "A",
]  # fmt: skip
SUFFIXES = [
    " - Live",
    " - 2011 Remaster",
    " (Acoustic)",
    " - Radio Edit",
    " (Live at Paper Hall)",
    " - Demo",
    " - Remix",
]


def artists(rng: np.random.Generator, n: int) -> list[str]:
    """`n` artist names: all but a few different, about 1 in 60 awkward, about 1 in 150 shared by two."""
    names: dict[str, None] = {}
    while len(names) < n:
        adjective, noun, kind = (rng.integers(0, m, n).tolist() for m in (len(_ADJECTIVES), len(_NOUNS), 10))
        first, last = (rng.integers(0, m, n).tolist() for m in (len(_FIRST), len(_LAST)))
        for a, b, k, f, s in zip(adjective, noun, kind, first, last, strict=True):
            if k < 6:
                names[f"{_ADJECTIVES[a]} {_NOUNS[b]}"] = None
            elif k < 7:
                names[f"The {_ADJECTIVES[a]} {_NOUNS[b]}"] = None
            elif k < 9:
                names[f"{_FIRST[f]} {_LAST[s]}"] = None
            else:
                names[f"{_FIRST[f]} & the {_ADJECTIVES[a]} {_NOUNS[b]}"] = None
    out = list(names)[:n]
    for place, name in zip(
        rng.permutation(n)[: n // 60 + 2].tolist(), rng.permutation(_AWKWARD).tolist(), strict=False
    ):
        out[place] = name
    for place in rng.permutation(n)[: n // 150 + 1].tolist():
        out[place] = out[(place + n // 3) % n]
    return out


def titles(rng: np.random.Generator, n: int, awkward: float = 0.006) -> list[str]:
    """`n` song titles, some alike as in life, a share `awkward` of them awkward."""
    heads, tails, middles = (
        rng.integers(0, len(words), n).tolist() for words in (_TITLE_HEADS, _TITLE_TAILS, _TITLE_MIDDLES)
    )
    extra, odd = rng.integers(0, len(_NOUNS), n).tolist(), rng.random(n).tolist()
    out: list[str] = []
    for h, t, m, e, o in zip(heads, tails, middles, extra, odd, strict=True):
        if o < awkward:
            out.append(_AWKWARD_TITLES[(h + t) % len(_AWKWARD_TITLES)])
        elif o < 0.2:
            out.append(f"{_ADJECTIVES[h]} {_NOUNS[e]}")
        elif o < 0.3:
            out.append(_TITLE_TAILS[t].removeprefix("the ").capitalize())
        else:
            tail = _TITLE_TAILS[t].removeprefix("the ") if _TITLE_MIDDLES[m] else _TITLE_TAILS[t]
            out.append(f"{_TITLE_HEADS[h]}{_TITLE_MIDDLES[m]} {tail}")
    return out
