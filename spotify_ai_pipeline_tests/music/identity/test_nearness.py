"""Titles that are compared all at once are judged as titles that are compared one by one."""

import random

import pytest
from rapidfuzz import fuzz

from spotify_ai_pipeline.music.identity import nearness
from spotify_ai_pipeline.music.identity.members import decide
from spotify_ai_pipeline_tests.music.identity.test_members import heard, table

WORDS = (
    "northbound",
    "lanterns",
    "lantern",
    "tonight",
    "tonigth",
    "morning",
    "mourning",
    "part",
    "2",
    "3",
    "rain",
    "Émile",
    "emile",
)


def titles(rng: random.Random) -> str:
    title = " ".join(rng.choices(WORDS, k=rng.randint(1, 4)))
    place = rng.randrange(len(title))
    slip = title[:place] + rng.choice("abc") + title[place + 1 :]
    return rng.choice((title, title, slip, f"{title} - Live", f"Ada Fern - {title}", f"{title} (Red)"))


@pytest.mark.parametrize(("seed", "many", "block"), [(2, 3, 7), (3, 1, 1), (4, 20, 16)])
def test_members_are_the_same_however_titles_are_compared(seed, many, block, monkeypatch):
    rng = random.Random(seed)
    names = {(rng.choice(("Ada Fern", "Ada Fern & Bo", "Ada Ferm")), titles(rng)) for _ in range(150)}
    tracks = [(place, (artist, title, None, 9)) for place, (artist, title) in enumerate(sorted(names)[::3])]
    monkeypatch.setattr(nearness, "MANY", 10_000)
    one_by_one = decide(table(tracks), heard(names))
    monkeypatch.setattr(nearness, "MANY", many)
    monkeypatch.setattr(nearness, "BLOCK", block)
    at_once = decide(table(tracks), heard(names))
    assert at_once.equals(one_by_one)
    assert one_by_one["rule"].str.ends_with("typo").any()
    assert one_by_one["near"].drop_nulls().len() > 3


def test_each_title_has_all_others_that_are_near(monkeypatch):
    rng = random.Random(1)
    known = list(dict.fromkeys(titles(rng) for _ in range(120)))
    monkeypatch.setattr(nearness, "BLOCK", 16)
    found = nearness.nearest((f"ada\t{place}\tlive", title) for place, title in enumerate(known))["ada", "live"]
    for one in known:
        near = [other for other in known if other != one and fuzz.ratio(one, other) >= nearness.NEAR]
        assert [other for other in found[one] if fuzz.ratio(one, other) >= nearness.NEAR] == near
        assert len(found[one]) < len(known) / 2
