"""The proof: refreshes under random faults and kills between any two calls, of lists of two pages whose reads lag, show songs as
nothing, or lack songs that were not kept. The list is always the old one, the new one, or, where it takes several calls, on the
way; verdicts and pins are all there in the end."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spotify_ai_pipeline.clients import spotify_auth, spotify_playlists, transport
from spotify_ai_pipeline.clients.transport import Deferred
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.mix import decide, edit_script, edits
from spotify_ai_pipeline.sandbox import shelf
from spotify_ai_pipeline.storage import pins, playlists
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import HARD

from .conftest import Clock, Listener, Spot

RUNS = 300 if HARD else 80
"""``make hardship`` makes all of them."""
MOST_ATTEMPTS = 14
KINDS = ["429", "429_day", "500", "502", "reset", "truncated", "malformed", "slow", "expired"]
CAP = 3


class Killed(BaseException):
    """The process is gone: nothing below may catch this."""


class Witness:
    """Looks at the list after every call, and kills at some of them."""

    def __init__(self, listener: Listener, kills: set[int], odd: dict[str, list[str]], *, at_once: bool) -> None:
        self.listener, self.kills, self.at_once = listener, kills, at_once
        self.unkept = set(odd["unkept"])
        self.begins()
        self.calls, self.seen = 0, set[tuple[str, ...]]()

    def begins(self) -> None:
        """An attempt begins with the list that is there."""
        self.old = list(self.listener.listed)
        self.stays, self.comes = set(self.old), set(self.old)

    def __call__(self, _service: str, what: str) -> None:
        if what != "call":
            return
        self.calls += 1
        now, known = self.listener.listed, playlists.written(self.listener.workspace.state)
        assert known is not None
        if now != self.old:
            assert known.intended is not None, "nothing is written that was not noted first"
            new = [track for track in known.intended if track not in self.unkept]
            if self.at_once:
                assert now == new, "neither the old list nor the new"
            else:
                assert max(Counter(now).values()) == 1, "a song twice"
                self.stays &= set(new)  # where spares come, there is more than one target
                self.comes |= set(new)
                assert self.stays <= set(now) <= self.comes, "not on the way"
                assert len(now) >= min(len(self.old), len(new))
        self.seen.add(tuple(now))
        if self.calls in self.kills:
            raise Killed


def restarted(listener: Listener) -> Listener:
    """The listener as a new process finds it; what no run changes, the settings, is not read again."""
    fresh = Workspace(listener.workspace.root)
    vars(fresh)["settings"] = listener.workspace.settings
    return replace(listener, workspace=fresh)


def until_done(listener: Listener, witness: Witness, clock: Clock, tilt: int) -> Listener:
    for _ in range(MOST_ATTEMPTS):
        listener = witness.listener = restarted(listener)
        witness.begins()
        try:
            with transport.observed(witness):
                listener.refresh(tilt)
        except Deferred:
            clock.skew += 86_400
        except (Killed, ExpectedError):
            continue
        else:
            return listener
    raise AssertionError(f"not done after {MOST_ATTEMPTS} attempts")


def one_run(
    seed: int, template: Listener, first: list[Any], root: Path, clock: Clock, *, at_once: bool
) -> set[tuple[str, ...]]:
    """The states in which the list was seen during one refresh from the rows ``first``."""
    rng = random.Random(seed)
    clock.skew = 0.0
    spot = template.spot
    spot.world.shelf._past.clear()
    spot.fail()
    spotify_auth.oauth(template.workspace).renew()  # the run before may have ended every token
    shutil.copytree(template.workspace.root, root)
    listener = _at(template, root)
    spot.edit(listener.playlist_id, lambda _: first)
    stranger, pinned = rng.sample([track for track in listener.tracks if track not in listener.listed], 2)
    song_of = {track: f"s{number}" for number, track in enumerate(listener.tracks)}
    taken = rng.choice(listener.listed)
    listener.writer._client.edit(listener.playlist_id, edit_script.Add((stranger,), rng.randint(0, 9)))
    spot.edit(listener.playlist_id, lambda rows: [row for row in rows if row.track_id != taken])
    pins.pin(listener.workspace.state, song_of[pinned], pinned=True)
    kills = set(rng.sample(range(1, 10), rng.randint(0, 3)))
    kinds = rng.sample(KINDS, rng.randint(1, len(KINDS)))
    at = [row.track_id for row in first].index(taken)
    clear = {stranger, pinned, listener.listed[-1], *(row.track_id for row in first[max(at - 1, 0) : at + 2])}
    strange = [track for track in listener.tracks if track not in clear]
    odd = {name: rng.sample(strange, rng.choice([0, 0, 1, 3])) for name in ("nulls", "unkept")}
    odd["unkept"] = [track for track in odd["unkept"] if track not in listener.listed]
    witness = Witness(listener, kills, odd, at_once=at_once)
    lag = {"lag_s": rng.choice([0, 0.6, 5, 20]), "lag_snapshots": rng.random() < 0.3}
    spot.fail(seed=seed, rate=rng.uniform(0.05, 0.4), most=rng.randint(1, 5), kinds=kinds, slow_s=0.002, **lag, **odd)
    try:
        listener = until_done(listener, witness, clock, tilt=rng.randint(1, 5))
        spot.fail()
        listed, known = listener.listed, playlists.written(listener.workspace.state)
        assert known is not None
        seen = [track for track in listed if track not in odd["nulls"]]
        assert [track for track in known.track_ids if track not in odd["nulls"]] == seen
        assert known.intended is None
        assert 10 - len(odd["unkept"]) - len(odd["nulls"]) <= len(seen) <= 10
        assert len(set(listed)) == len(listed), "a song twice"
        assert {stranger, pinned} <= set(listed)
        assert taken not in listed
        said = {(row["song_id"], row["verdict"]) for row in listener.workspace.state.rows("SELECT * FROM verdicts")}
        assert said == {(song_of[stranger], "keep"), (song_of[taken], "remove")}
        assert song_of[pinned] in pins.held_and_barred(listener.workspace.state, clock.now())[0]
    except AssertionError as error:
        raise AssertionError(f"run {seed} ({kinds}, kills at {sorted(kills)}, {lag}, {odd})") from error
    return witness.seen


def _at(template: Listener, root: Path) -> Listener:
    workspace = Workspace(root)
    vars(workspace)["settings"] = template.workspace.settings
    return replace(template, workspace=workspace)


@pytest.fixture(autouse=True)
def two_pages(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page holds six songs, and the shelf's time passes while the transport waits."""
    monkeypatch.setattr(spotify_playlists, "PAGE", 6)
    monkeypatch.setattr(shelf, "clock", clock)


@pytest.fixture
def short_calls(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A call writes four songs: a list of ten is a long one."""
    for module in (edit_script, spotify_playlists):
        monkeypatch.setattr(module, "LARGEST_WRITE", 4)
    for module in (decide, edits):
        monkeypatch.setattr(module, "WRITTEN_AT_ONCE", 4)
    return monkeypatch


@pytest.mark.parametrize("at_once", [True, False], ids=["one call", "several calls"])
def test_the_list_is_never_worse_under_random_faults_and_kills(
    spot: Spot, clock: Clock, tmp_path: Path, in_memory: Path | None, at_once: bool, request: Any
) -> None:
    """Half of the runs each: up to five faults and three kills in a refresh of some eight calls."""
    if not at_once:
        request.getfixturevalue("short_calls")
    between = 0
    with tempfile.TemporaryDirectory(dir=in_memory or tmp_path) as folder:
        template = Listener.at(Path(folder) / "template", spot)
        template.refresh()
        first = spot.world.shelf.items(template.playlist_id)
        try:
            for seed in range(0 if at_once else 1, RUNS, 2):
                between += len(one_run(seed, template, first, Path(folder) / f"run{seed}", clock, at_once=at_once)) > 2
        finally:
            spot.unfollow(template.playlist_id)
    if not at_once:
        assert between > RUNS / 10, "most long lists were seen on the way"
