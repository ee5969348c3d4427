"""Processes that are killed inside a write of a list of two pages, while reads lag: the list is never worse, and the next
process makes it whole."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
import yaml

from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.sandbox.generate import generate
from spotify_ai_pipeline.sandbox.serve import Server, listen
from spotify_ai_pipeline.sandbox.world import World
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import HARD

KILLS, SIZE = 20 if HARD else 7, 150
WRITER = """
import json, os, sys
from pathlib import Path
from spotify_ai_pipeline.app import tracked_list
from spotify_ai_pipeline.app.playlist_writer import Named, PlaylistWriter
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.storage.workspace import Workspace

tracked_list.WAITS = (0.1, 0.2, 0.4, 0.8)   # reads lag by half a second here
tracked_list.LAG = sum(tracked_list.WAITS)
for wanted in sys.stdin:   # a process for each write; it has imported everything already
    if not (child := os.fork()):
        workspace = Workspace.open(Path(sys.argv[1]))
        writer = PlaylistWriter(Spotify.of(workspace), workspace)
        print(os.getpid(), flush=True)
        writer.write(Named("long", "Two pages", "a test"), json.loads(wanted))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[tuple[str, World]]:
    folder = tmp_path / "world"
    generate(folder, songs=100, catalogue=700, plays=300, years=0.3)
    world, up = World.load(folder), threading.Event()
    server = Server(world, listen(0), lambda _url: up.set())
    thread = threading.Thread(target=server.serve_until_stopped, daemon=True)
    thread.start()
    assert up.wait(120)
    yield server.url, world
    server.should_exit = True
    thread.join(120)


def test_a_write_that_is_killed_is_finished_by_the_next(spot: tuple[str, World], tmp_path: Path) -> None:
    url, world = spot
    home = tmp_path / "home"
    home.mkdir()
    limits = {"calls_per_second": 10_000, "calls_per_day": 1_000_000}
    services = {
        "spotify": {"url": f"{url}/spotify/v1/", "writes_per_day": 1_000_000, **limits},
        "spotify_accounts": {"url": f"{url}/accounts/", **limits},
    }
    (home / "config.yaml").write_text(yaml.safe_dump({"services": services}))
    (home / ".env").write_text("SPOTIFY_CLIENT_ID=app\nSPOTIFY_CLIENT_SECRET=secret\n")
    workspace = Workspace.open(home)
    auth = spotify_auth.oauth(workspace)
    auth.sign_in(
        auth.parse_response_code(
            requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=120).headers["Location"]
        )
    )
    rng = random.Random(14)
    songs = world.catalogue.tracks.filter("playable")["id"].head(300).to_list()
    target = songs[:SIZE]

    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT_ROOT,
    )

    def write(kill_after: float | None) -> bool:
        """Tells whether the writer came to its end."""
        assert writer.stdin is not None and writer.stdout is not None
        print(json.dumps(target), file=writer.stdin, flush=True)
        process = int(writer.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        ended = int(writer.stdout.readline())
        assert ended in (0, -signal.SIGKILL)
        return ended == 0

    assert write(None)
    known = playlists.written(workspace.state, "long")
    assert known is not None
    killed = 0
    plan = {"rate": 1, "kinds": ["slow"], "slow_s": 0.04, "path": "/spotify/v1/playlists", "lag_s": 0.5}
    requests.put(f"{url}/sandbox/faults", json=plan, timeout=120).raise_for_status()
    for _ in range(KILLS):
        old = [item.track_id for item in world.shelf.items(known.playlist_id)]
        target = rng.sample(songs, SIZE // 10) + [song for song in target if rng.random() < 0.95]
        target = list(dict.fromkeys(target))[:SIZE]
        killed += not write(rng.uniform(0.1, 1.2))
        time.sleep(0.2)  # a call that was under way is done all the same
        now = [item.track_id for item in world.shelf.items(known.playlist_id)]
        assert max(Counter(now).values()) == 1, "a song twice"
        assert set(old) & set(target) <= set(now) <= {*old, *target}, "not on the way"
        assert len(now) >= min(len(old), len(target))
    assert killed > KILLS / 2, "kills hit writes"
    assert write(None)
    assert [item.track_id for item in world.shelf.items(known.playlist_id)] == target
    last = playlists.written(workspace.state, "long")
    assert last is not None and (last.track_ids, last.intended) == (target, None)
