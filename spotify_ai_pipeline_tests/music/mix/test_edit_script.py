"""The plan of calls: it reaches the target, in few calls, and no state on the way is worse than the old list."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.mix import edit_script
from spotify_ai_pipeline.music.mix.edit_script import Add, Move, Remove, Replace, applied, plan

songs = st.lists(st.integers(0, 30).map(str), unique=True, max_size=25)


@pytest.fixture(autouse=True)
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call writes five songs: lists of a few songs are long ones."""
    monkeypatch.setattr(edit_script, "LARGEST_WRITE", 5)


def states(target: list[str], current: list[str], fixed: list[str]) -> list[list[str]]:
    found = [current]
    for call in plan(target, current, fixed):
        found.append(applied(call, found[-1]))
    return found


@given(songs.filter(bool), songs, st.integers(0, 2))
def test_every_plan_reaches_its_target_and_every_state_on_the_way_is_bounded(
    target: list[str], current: list[str], others: int
) -> None:
    fixed = [f"other {number}" for number in range(others)]
    there = current[:1] + fixed + current[1:]
    found = states(target, there, fixed)
    assert found[-1] == [*target, *fixed]
    for rows in found:
        assert max(Counter(rows).values(), default=1) == 1, "no song twice"
        assert set(rows) <= {*target, *there}, "no song that is in neither list"
        assert set(rows) >= {*target} & {*there} | {*fixed}, "no song that stays is ever missing"
        assert len(rows) >= min(len(found[0]), len(found[-1])), "never shorter than the shorter of both"
    if len(target) <= 5 and not fixed:
        assert len(found) <= 2, "one call, nothing between old and new"


@given(songs.filter(lambda found: len(found) > 5), st.lists(st.integers(0, 30).map(str), max_size=30))
def test_a_list_on_which_songs_stand_twice_is_put_right(target: list[str], current: list[str]) -> None:
    found = states(target, current, [])
    assert found[-1] == target
    most = max(len(target) // 10, 1)
    kept = set(target) & set(current)
    assert all(len(kept - set(rows)) <= most for rows in found), "a few songs at a time"


@given(songs.filter(lambda found: len(found) > 5), st.data())
def test_a_plan_that_was_cut_off_is_finished_by_the_next(target: list[str], data: st.DataObject) -> None:
    current = data.draw(songs)
    found = states(target, current, [])
    cut = data.draw(st.sampled_from(found))
    assert states(target, cut, [])[-1] == target
    assert len(plan(target, cut)) <= len(found), "and starts nothing over"


@given(st.integers(1, 9), st.integers(10, 25))
def test_songs_at_the_top_of_a_long_list_take_two_calls(new: int, size: int) -> None:
    current = [str(number) for number in range(size)]
    fresh = [f"new {number}" for number in range(new)]
    calls = plan([*fresh, *current[: size - new]], current)
    assert [type(call) for call in calls] == [Add] * -(-new // 5) + [Remove] * -(-new // 5)


@given(st.permutations([str(number) for number in range(12)]))
def test_moves_are_no_more_than_songs_out_of_order(target: list[str]) -> None:
    calls = plan(target, [str(number) for number in range(12)])
    assert all(isinstance(call, Move) for call in calls)
    rising = [1] * 12
    for at in range(12):
        rising[at] += max((rising[before] for before in range(at) if int(target[before]) < int(target[at])), default=0)
    assert len(calls) <= 12 - max(rising)


def test_one_song_elsewhere_is_one_move() -> None:
    current = [str(number) for number in range(10)]
    assert plan([*current[1:], current[0]], current) == [Move(0, 1, 10)]
    assert len(plan([current[9], *current[:9]], current)) == 1


def test_a_short_list_is_one_call_and_the_same_list_none() -> None:
    assert plan(["a", "b"], ["c"] * 30) == [Replace(("a", "b"))]
    assert plan(["a", "b"], ["a", "b"]) == []


@pytest.mark.parametrize("target", [[], ["a", "a"]])
def test_an_empty_or_doubled_list_is_never_planned(target: list[str]) -> None:
    with pytest.raises(ValueError, match="one song or more"):
        plan(target, ["a"])
