"""The order of a list: guests are spaced too, spacing yields least where it must, energy is a small effect."""

from __future__ import annotations

from itertools import pairwise, permutations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.mix.credits import column, everyone
from spotify_ai_pipeline.music.mix.sequence import FARTHEST, sequence, settled, yielded

credits = st.lists(st.lists(st.sampled_from("ABCDEFGHIJKL"), min_size=1, max_size=2, unique=True), max_size=30)
energies = st.none() | st.floats(0, 1)


def missing(order: list[int], names: list[list[str]], spacing: int) -> int:
    """Songs that are missing between songs with one artist."""
    last: dict[str, int] = {}
    total = 0
    for place, song in enumerate(order):
        for name in names[song]:
            if name in last:
                total += max(spacing - (place - last[name] - 1), 0)
            last[name] = place
    return total


def roughness(order: list[int], energy: list[float | None]) -> float:
    pairs = [(energy[one], energy[two]) for one, two in pairwise(order)]
    return sum(abs(one - two) for one, two in pairs if one is not None and two is not None)


@given(credits, st.integers(0, 6), st.data())
def test_energy_never_costs_spacing_and_moves_songs_a_few_places(
    names: list[list[str]], spacing: int, data: st.DataObject
) -> None:
    energy = data.draw(st.lists(energies, min_size=len(names), max_size=len(names)))
    plain, smooth = sequence(names, spacing), sequence(names, spacing, energy)
    assert sorted(smooth) == list(range(len(names)))
    assert missing(smooth, names, spacing) <= missing(plain, names, spacing)
    assert roughness(smooth, energy) <= roughness(plain, energy) + 1e-9
    at = {song: place for place, song in enumerate(plain)}
    assert all(abs(at[song] - place) <= FARTHEST for place, song in enumerate(smooth))


@given(st.lists(st.lists(st.sampled_from("ABC"), min_size=1, max_size=2, unique=True), max_size=5), st.integers(1, 3))
def test_spacing_that_cannot_be_kept_yields_little_more_than_it_must(names: list[list[str]], spacing: int) -> None:
    best = min((missing(list(order), names, spacing) for order in permutations(range(len(names)))), default=0)
    assert missing(sequence(names, spacing), names, spacing) <= best + 2


@given(credits, st.integers(0, 6), st.data())
def test_a_settled_order_stays_whoever_looks_again(names: list[list[str]], spacing: int, data: st.DataObject) -> None:
    energy = data.draw(st.lists(energies, min_size=len(names), max_size=len(names)))
    once = settled(names, spacing, energy)
    assert sorted(once) == list(range(len(names)))
    again = settled([names[song] for song in once], spacing, [energy[song] for song in once])
    assert again == list(range(len(names)))


@given(credits, st.integers(0, 6))
def test_what_is_said_to_yield_is_what_yields(names: list[list[str]], spacing: int) -> None:
    order = sequence(names, spacing)
    said = yielded([names[song] for song in order], spacing)
    assert bool(said) == (missing(order, names, spacing) > 0)
    assert all(0 <= between < spacing for between in said.values())


def test_a_guest_counts_as_an_artist() -> None:
    names = [["A"], ["B", "A"], ["C"], ["D"], ["E"]]
    order = sequence(names, 2)
    assert abs(order.index(0) - order.index(1)) > 2


def test_guests_are_read_from_credits_and_titles() -> None:
    assert everyone(("Kanye West", "Rihanna"), "All of the Lights") == ("kanyewest", "rihanna")
    assert everyone(("Gorillaz",), "Feel Good Inc. (feat. De La Soul)") == ("gorillaz", "delasoul")
    assert everyone(("Santana ft. Rob Thomas",), "Smooth") == ("santana", "robthomas")
    assert everyone(("Earth, Wind & Fire",), "September") == ("earthwindfire",)


def test_credits_as_a_column_keep_their_songs_and_their_order() -> None:
    credits = [("b", "a"), (), ("c",), ("b",)]
    assert [tuple(names) for names in column(credits)] == credits
    assert column([]).dtype == column(credits).dtype == pl.List(pl.String)
