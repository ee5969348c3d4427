"""Hard pairs across scripts and languages: what is folded out of a name must not make two songs one, nor keep one apart.

The pairs stand in ``pairs_of_scripts.tsv``; names are made up.
"""

import csv
from pathlib import Path

import pytest

from spotify_ai_pipeline.music.identity.matching import Known

with Path(__file__).with_name("pairs_of_scripts.tsv").open(encoding="utf-8", newline="") as file:
    PAIRS = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def is_one_song(first, second):
    known = Known()
    known.add(*first)
    found = known.find(*second)
    return found is not None and found.same


def test_there_are_two_hundred_pairs_more():
    assert len(PAIRS) >= 200
    assert len({kind for _, kind, *_ in PAIRS}) >= 20


@pytest.mark.parametrize(
    ("right", "first", "second"),
    [pytest.param(right, names[:2], names[2:], id=f"{kind}: {names}") for right, kind, *names in PAIRS],
)
def test_a_pair_is_what_it_is_whichever_comes_first(right, first, second):
    assert is_one_song(first, second) is (right == "same")
    assert is_one_song(second, first) is (right == "same")
