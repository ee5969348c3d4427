"""kill -9 in the middle of things: between the bytes of a PUT and its answer, between two parts of an import, in the middle of
pruning and of applying verdicts. What is there is whole, and when it is started again nothing is lost and nothing is twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from spotify_ai_pipeline.app import tracked_list
from spotify_ai_pipeline.app.managed_playlists import take_back
from spotify_ai_pipeline.app.verdict_effects import apply_due
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.importers import detect, ingest
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets, playlists, queue
from spotify_ai_pipeline.storage import lake as lakes
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.app.playlist.conftest import Listener, Spot, listener, spot  # noqa: F401  # fixtures
from spotify_ai_pipeline_tests.conftest import HARD

STEP = 1 if HARD else 3
"""The suite kills at every third step on the disk; ``make hardship`` at each."""
MOST_PLACES = 200

DYING = """
import http.client, os, signal, sys
from pathlib import Path
root, at = Path(sys.argv[1]), int(sys.argv[2])
steps = 0

def dying(owner, name, *, after=False):
    real = getattr(owner, name)
    def step(*given, **named):
        global steps
        steps += 1
        if steps == at and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*given, **named)
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, step)

from spotify_ai_pipeline.storage.workspace import Workspace
home = Workspace.open(root)
"""
IN_A_CALL = """
import urllib3.connection
dying(urllib3.connection.HTTPConnection, "request", after=True)   # it is sent, and nobody reads the answer
dying(urllib3.connection.HTTPConnection, "getresponse", after=True)   # it is answered, and nothing was noted
"""
ON_DISK = """
for owner, name in ((os, "fsync"), (os, "unlink"), (os, "rmdir"), (Path, "replace")):
    dying(owner, name)
"""
UNDO = DYING + IN_A_CALL + "from spotify_ai_pipeline.app.managed_playlists import take_back\ntake_back(home)\n"
APPLY = (
    DYING
    + IN_A_CALL
    + """
from spotify_ai_pipeline.app.verdict_effects import apply_due
from spotify_ai_pipeline.clients.spotify import Spotify
list(apply_due(home.state, lambda: Spotify.of(home), sys.argv[3]))
"""
)
IMPORT = (
    DYING
    + ON_DISK
    + """
from spotify_ai_pipeline.importers import detect, ingest
ingest.PART_ROWS = 100
list(ingest.take_in(home, detect.find([Path(sys.argv[3])])))
"""
)
PRUNE = (
    DYING
    + ON_DISK
    + """
from spotify_ai_pipeline.storage import lake
lake.KEEP_SECONDS, lake.KEEP_VERSIONS = -1e11, 1
home.lake.prune()
"""
)


def killed(script: str, root: Path, place: int, *more: object) -> bool:
    """Runs ``script`` until it kills itself at the ``place``-th step; False where it came to its end."""
    command = [sys.executable, "-c", script, str(root), str(place), *map(str, more)]
    ended = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}, check=False).returncode
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def tell(kills: int) -> None:
    """The number of kills, for the table in docs/operation.md; so few would show nothing."""
    assert kills > 3
    print(f"{kills} kills")  # noqa: T201


def settled(look: Any) -> Any:
    """Gives what ``look`` gives once the server has done what it was sent."""
    found = look()
    while found != (found := (time.sleep(0.2), look())[1]):
        pass
    return found


def test_a_kill_inside_a_put_leaves_the_old_list_or_the_new_and_undo_goes_on(
    listener: Listener,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracked_list, "WAITS", waits := (0.1, 0.2, 0.4, 0.8))  # reads do not lag here
    monkeypatch.setattr(tracked_list, "LAG", sum(waits))
    place, kills, seen = 0, 0, set[bool]()
    while place < MOST_PLACES:
        place += 1
        before = listener.listed
        listener.refresh(tilt=place)
        after = listener.listed
        assert after != before
        was_killed = killed(UNDO, listener.workspace.root, place)
        kills += was_killed
        listed = settled(lambda: listener.listed)
        assert listed in (before, after), "neither the old list nor the new"
        seen.add(listed == before)
        take_back(Workspace.open(listener.workspace.root))
        known = playlists.written(listener.workspace.state)
        assert listener.listed == before
        assert known is not None and (known.track_ids, known.intended) == (before, None)
        said = listener.workspace.state.rows("SELECT song_id, nonce FROM verdicts")
        assert len(said) == len({row["nonce"] for row in said})
        listener.workspace.state.connection.execute("DELETE FROM verdicts")  # so that the songs may come again
        if not was_killed:
            break
    assert seen == {True, False}
    tell(kills)


def test_a_kill_while_verdicts_are_applied_brings_each_about_once(listener: Listener, spot: Spot) -> None:  # noqa: F811
    state, root = listener.workspace.state, listener.workspace.root
    target = listener.client.create_playlist("Mine", "A list of the listener's own.")
    place, kills, tracks = 0, 0, iter(spot.tracks[100:])
    wanted: list[str] = []
    while place < MOST_PLACES:
        place += 1
        for number in range(2):
            track = next(tracks)
            song = {
                "song_id": f"k{place}-{number}",
                "track_id": track,
                "title": "T",
                "artist": "A",
                "score": 1.0,
                "reason": "r",
            }
            queue.propose(state, queue.DISCOVERY, [song], limit=10_000)
            (item,) = [
                row["item_id"] for row in state.rows("SELECT item_id FROM queue WHERE song_id = ?", (song["song_id"],))
            ]
            assert queue.decide(state, item, "approve", "test")
            wanted.append(track)
        was_killed = killed(APPLY, root, place, "Mine")
        kills += was_killed
        settled(lambda: spot.rows(target))
        home = Workspace.open(root)
        list(apply_due(home.state, lambda home=home: Spotify.of(home), "Mine"))
        assert Counter(spot.rows(target)) == Counter(wanted), "lost, or twice"
        assert state.rows("SELECT * FROM outbox WHERE done_at IS NULL") == []
        if not was_killed:
            break
    spot.unfollow(target)
    tell(kills)


def plays(count: int) -> list[dict[str, Any]]:
    """The extended history of ``count`` plays, as Spotify hands it out."""
    return [
        {
            "ts": f"2024-03-{1 + number // 288:02}T{number // 12 % 24:02}:{number % 12 * 5:02}:00Z",
            "ms_played": 200_000,
            "master_metadata_track_name": f"Song {number}",
            "master_metadata_album_artist_name": "Artist",
            "spotify_track_uri": f"spotify:track:{number:0>22}",
            "skipped": False,
        }
        for number in range(count)
    ]


def test_a_kill_during_an_import_loses_no_row_and_takes_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "PART_ROWS", 100)
    file = tmp_path / "Streaming_History_Audio_2024.json"
    file.write_text(json.dumps(plays(350)))
    place, kills = 0, 0
    while place < MOST_PLACES:
        place += STEP
        root = tmp_path / f"home{place}"
        was_killed = killed(IMPORT, root, place, file)
        kills += was_killed
        found = Workspace.open(root).lake.read_or_none(datasets.HISTORY_IMPORTS)
        assert found is None or found.height % 100 in (0, 50), "a part is there whole or not"
        for _ in range(2):
            list(ingest.take_in(Workspace.open(root), detect.find([file])))
            titles = Workspace.open(root).lake.read(datasets.HISTORY_IMPORTS)["title"]
            assert (titles.len(), titles.n_unique()) == (350, 350)
        if not was_killed:
            break
    tell(kills)


def test_a_kill_during_pruning_leaves_what_readers_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, kills = 0, 0
    while place < MOST_PLACES:
        place += STEP
        workspace = Workspace.open(tmp_path / f"home{place}")
        for number in range(4):
            workspace.lake.write(pl.DataFrame({"n": [number]}), datasets.SONGS)
            workspace.lake.write(pl.DataFrame({"n": [number]}), datasets.SCROBBLES, "2026-01")
        was_killed = killed(PRUNE, workspace.root, place)
        kills += was_killed
        for dataset in (datasets.SONGS, datasets.SCROBBLES):
            assert workspace.lake.read(dataset)["n"].to_list() == [3]
        assert list(workspace.lake.damages()) == []
        with monkeypatch.context() as patch:
            patch.setattr(lakes, "KEEP_SECONDS", -1e11)
            patch.setattr(lakes, "KEEP_VERSIONS", 1)
            Workspace.open(workspace.root).lake.prune()
        left = list((workspace.root / "lake").rglob("v=*"))
        assert len(left) == 2, "the next pruning goes on"
        if not was_killed:
            break
    tell(kills)
    assert lakes.KEEP_VERSIONS == 3
