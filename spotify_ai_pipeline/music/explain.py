"""Why a song has its score, in words: each part of the forecast as a sentence with its number."""

from __future__ import annotations

from collections.abc import Mapping

from spotify_ai_pipeline.music.taste_model import AGE, ARTIST, COMPANY, OWN, TOGETHER

_PART_WORDS = {
    OWN: ("your plays of it", "it was played more than most", "it was played less than most"),
    ARTIST: ("its artist", "the artist is on your mind", "the artist is quiet with you"),
    COMPANY: ("its company", "it was played beside what you play now", "it was rarely played beside what you play now"),
    AGE: ("its age", "songs known and quiet that long come up more", "songs known and quiet that long come up less"),
    TOGETHER: ("these together", "together they count for more", "together they count for less"),
}
_TELLS = 1.05
"""A part that changes the forecast by less than this factor says nothing."""


def why(song: Mapping[str, object]) -> list[tuple[str, str]]:
    """(part, sentence) for a row of the scores: expected plays, what multiplies them, and the weighed terms.

    Parts of the forecast are factors against an average contender of its slot; null parts (no model in office, never
    heard) are left out.
    """
    said: list[tuple[str, str]] = [("history", str(song["reason"]))]
    expected = song["expected"]
    if isinstance(expected, float):
        said.append(("forecast", f"{expected:.2g} plays expected in the coming week"))
    for part, (name, more, less) in _PART_WORDS.items():
        factor = song.get(part)
        if not isinstance(factor, float):
            continue
        if factor >= _TELLS:
            said.append((name, f"× {factor:.2g}: {more}"))
        elif factor <= 1 / _TELLS:
            said.append((name, f"× {factor:.2g}: {less}"))
        else:
            said.append((name, "× 1: like most"))
    said += [
        (term, f"{value:.2f}") for term in ("taste", "mood", "freshness") if isinstance(value := song[term], float)
    ]
    return said
