"""The playlist as Spotify really answers: reads that lag writes, rows that read back as nothing, songs that are not kept."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
import requests

from spotify_ai_pipeline.app import tracked_list
from spotify_ai_pipeline.app.managed_playlists import named
from spotify_ai_pipeline.app.playlist_writer import Named, Outcome
from spotify_ai_pipeline.clients.transport import observed
from spotify_ai_pipeline.music.mix.edit_script import Add
from spotify_ai_pipeline.sandbox import clock as sandbox_clock
from spotify_ai_pipeline.sandbox.shelf import Item
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.workspace import Workspace

from .conftest import Clock, Listener, Spot
from .test_failure_modes import writes

LONG = Named("long", "A list of two pages", "for a test")


@pytest.fixture(autouse=True)
def one_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's time passes while the transport waits, as it does outside of tests."""
    monkeypatch.setattr(sandbox_clock, "now", clock.now)


@pytest.fixture
def songs(listener: Listener) -> list[str]:
    return listener.spot.tracks[200:400]


@pytest.fixture
def write(listener: Listener, spot: Spot) -> Iterator[Callable[..., Outcome]]:
    """``write(songs, ...)`` writes the long list as a new process would."""

    def go(target: list[str], **more: Any) -> Outcome:
        fresh = replace(listener, workspace=Workspace(listener.workspace.root))
        vars(fresh.workspace)["settings"] = listener.workspace.settings
        return fresh.writer.write(LONG, target, **more)

    yield go
    if (known := playlists.written(listener.workspace.state, LONG.name)) is not None:
        spot.unfollow(known.playlist_id)


def id_of(listener: Listener) -> str:
    """The long list on Spotify, once it was written."""
    known = playlists.written(listener.workspace.state, LONG.name)
    assert known is not None
    return known.playlist_id


def real(listener: Listener) -> list[str]:
    return listener.spot.rows(id_of(listener))


@pytest.mark.parametrize("snapshots", [False, True], ids=["rows lag", "snapshot ids lag too"])
@pytest.mark.parametrize("lag", [0.6, 5, 25, 300])
@pytest.mark.parametrize("size", [100, 150])
def test_a_read_that_lags_costs_no_second_write(
    listener: Listener, spot: Spot, songs: list[str], write: Any, size: int, lag: float, snapshots: bool
) -> None:
    write(songs[:3])
    spot.fail(lag_s=lag, lag_snapshots=snapshots)
    before = writes(listener)
    for start in (0, 15, 30):  # the next write begins while the reads still show the list before the last one
        done = write(songs[start : start + size])
        assert done.after == songs[start : start + size] == real(listener)
    made = writes(listener) - before
    assert made == 3 if size == 100 else made <= 8, "one write each: in calls of at most 100 songs"


def test_a_song_is_never_there_twice_however_the_reads_lag(
    listener: Listener, spot: Spot, songs: list[str], write: Any
) -> None:
    def none_twice(*_: str) -> None:
        assert max(Counter(real(listener)).values()) == 1

    rng = random.Random(5)
    write(songs[:150])
    for _ in range(12):
        spot.fail(lag_s=rng.choice([0, 0.6, 5, 40]), lag_snapshots=rng.random() < 0.5)
        target = rng.sample(songs, rng.randint(120, 170))
        with observed(none_twice):
            write(target)
        assert real(listener) == target


@pytest.mark.parametrize("lag", [0, 5])
def test_a_lost_answer_under_lag_is_not_repeated(
    listener: Listener, spot: Spot, songs: list[str], write: Any, lag: float
) -> None:
    write(songs[:150])
    key = id_of(listener)
    before = writes(listener)
    spot.fail(lag_s=lag, rate=1, most=1, kinds=["502"], path=f"/spotify/v1/playlists/{key}/items")
    listener.client.wait(60)
    done = write([*songs[150:160], *songs[:150]], decided_on=songs[:150])
    assert real(listener) == done.after == [*songs[150:160], *songs[:150]]
    assert writes(listener) - before == 1


@pytest.mark.parametrize("size", [40, 150])
@pytest.mark.parametrize("spares", [0, 2], ids=["no spare", "spares"])
def test_a_song_that_reads_back_as_nothing_is_written_once(
    listener: Listener, spot: Spot, songs: list[str], write: Any, size: int, spares: int
) -> None:
    lost = songs[7]
    spot.fail(nulls=[lost])
    target, spare = songs[:size], songs[180 : 180 + spares]
    done = write(target, spares=spare)
    assert done.missing == [lost] and playlists.unavailable(listener.workspace.state) == {lost}
    assert done.after == [*target[:7], *spare[:1], *target[8:]]
    assert len(real(listener)) == size
    before = writes(listener)
    for _ in range(3):
        write(target, spares=spare, decided_on=done.after)
        assert max(Counter(real(listener)).values()) == 1 and len(real(listener)) == size
    assert writes(listener) == before, "nothing is written for ever"
    fresh = songs[170:172]
    write([*fresh, *done.after[2:]], decided_on=done.after)
    assert real(listener)[:2] == fresh and max(Counter(real(listener)).values()) == 1


def test_a_slip_in_one_reading_is_no_song_that_is_gone(
    listener: Listener, spot: Spot, songs: list[str], write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(songs[:20])
    spot.fail(nulls=[songs[3]])
    monkeypatch.setattr(type(listener.client), "wait", lambda *_: spot.fail())
    done = write(songs[:21])
    assert done.after == songs[:21] and playlists.unavailable(listener.workspace.state) == set()


@pytest.mark.parametrize("size", [40, 150])
def test_a_part_that_spotify_does_not_keep_is_stood_in_for(
    listener: Listener, spot: Spot, songs: list[str], write: Any, size: int
) -> None:
    write(songs[: size - 5])
    spot.fail(unkept=songs[size - 2 : size])
    done = write(songs[:size], spares=songs[190:192])
    assert done.after == [*songs[: size - 2], *songs[190:192]] == real(listener)
    assert done.missing == songs[size - 2 : size]
    before = writes(listener)
    write(songs[: size - 2], decided_on=done.after)
    write(songs[:size], decided_on=songs[: size - 2])
    assert real(listener) == songs[: size - 2] and writes(listener) - before == 1


def test_neither_lag_nor_what_spotify_drops_counts_as_an_edit(listener: Listener, spot: Spot) -> None:
    first = listener.listed
    new = [track for track in listener.tracks if track not in first][:4]
    spot.fail(unkept=new[:1], nulls=new[1:2])
    listener.writer.write(named(listener.workspace.settings), [*first[:6], *new])
    for tilt in (1, 2, 3):
        listener.refresh(tilt)
    assert listener.workspace.state.rows("SELECT * FROM verdicts") == []
    assert not set(new[:2]) & set(listener.listed)


def test_a_library_that_was_read_too_early_is_no_edit(listener: Listener, spot: Spot) -> None:
    """The listing names the new state of the list, and the rows that were read for it are those before."""
    stale = listener.library()
    listener.refresh(tilt=4)
    assert stale["track_id"].to_list() != listener.listed
    newest = spot.world.shelf.playlists[listener.playlist_id].snapshot_id
    late = stale.with_columns(snapshot_id=pl.lit(newest))
    listener = replace_library(listener, late)
    there = listener.listed
    assert listener.refresh(tilt=4).before == there
    assert listener.workspace.state.rows("SELECT * FROM verdicts") == []


def test_an_edit_while_reads_lag_is_respected_once_it_shows(
    listener: Listener, spot: Spot, songs: list[str], write: Any
) -> None:
    write(songs[:150])
    spot.fail(lag_s=5)
    write(songs[5:155])
    key = id_of(listener)
    listener.client.edit(key, Add((songs[190],), 0))
    with pytest.raises(Exception, match="was edited since this was decided"):
        write(songs[10:160], decided_on=songs[5:155])
    assert real(listener) == [songs[190], *songs[5:155]]


def test_a_local_file_stays_where_songs_read_back_as_nothing(
    listener: Listener, spot: Spot, songs: list[str], write: Any
) -> None:
    write(songs[:150])
    key = id_of(listener)
    spot.edit(key, lambda rows: [*rows[:40], Item(0, "local", None, "Home Tape", "Me", 1, "me"), *rows[40:]])
    spot.fail(nulls=[songs[12]])
    for start in (3, 6):
        write(songs[start : start + 150])
        now = real(listener)
        assert now.count("local") == 1 and max(Counter(now).values()) == 1 and len(now) == 151


def replace_library(listener: Listener, frame: pl.DataFrame) -> Listener:
    class Late(Listener):
        def library(self) -> pl.DataFrame:
            return frame

    return Late(listener.workspace, listener.spot, listener.tracks)


def test_every_wait_is_within_patience() -> None:
    assert tracked_list.LAG == sum(tracked_list.WAITS) < 60


def test_the_sandbox_lags_for_as_long_as_it_is_told(listener: Listener, spot: Spot, clock: Clock) -> None:
    spot.fail(lag_s=5)
    new = [*listener.listed[1:], listener.listed[0]]
    old = listener.client.track_ids(listener.playlist_id)
    listener.client.replace_items(listener.playlist_id, new)
    assert listener.client.track_ids(listener.playlist_id) == old
    clock.sleep(6)
    assert listener.client.track_ids(listener.playlist_id) == new
    assert requests.put(f"{spot.url}/sandbox/faults", json={"lag": 1}, timeout=120).status_code == 400


def test_an_empty_row_that_was_there_before_is_no_song_that_was_not_kept() -> None:
    """A row that shows nothing, with a new song beside it that Spotify did not keep: one empty row is seen, the old one."""
    expected = ["a", "new", "removed 2", "b", "c"]
    assert tracked_list.named_rows(["a", "removed 1", "b", "c"], expected) == (
        ["a", "removed 1", "b", "c"],
        frozenset(),
    )
    hidden, unclear = tracked_list.named_rows(["a", "removed 1", "b", "removed 3"], expected)
    assert hidden == ["a", "removed 1", "b", "removed 3"] and unclear == {"new", "c"}, "one of the two, or both"


def test_songs_that_may_be_an_empty_row_elsewhere_are_unclear() -> None:
    """Two songs read back as nothing, one of them where it stood, the other where it was moved to."""
    expected, seen = [*"abcdefg"], ["a", "removed 1", "c", "d", "f", "removed 5", "g"]
    named, unclear = tracked_list.named_rows(seen, expected)
    assert named == ["a", "b", "c", "d", "f", "removed 5", "g"] and unclear == {"e"}


def test_a_song_that_may_be_there_unseen_is_not_written_again_by_a_later_run(
    listener: Listener, spot: Spot, songs: list[str], write: Any
) -> None:
    """A process dies after a song that will read back as nothing was moved: nobody can tell which row it is."""
    write(songs[:105])
    key = id_of(listener)
    base = playlists.base(listener.workspace.state, LONG.name, key)
    assert base is not None
    playlists.keep_base(listener.workspace.state, LONG.name, replace(base, sure=False))
    spot.edit(key, lambda rows: [*rows[:50], *rows[51:90], rows[50], *rows[90:]])
    spot.fail(nulls=[songs[50]])
    write([*songs[:105], songs[150]])
    assert real(listener).count(songs[50]) == 1
    write([*songs[:105], songs[151]])
    assert real(listener).count(songs[50]) == 1
