"""Loading, refusing, and continuing a world; the sandbox as a process."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests

from spotify_ai_pipeline.sandbox.errors import PortTaken, WorldError
from spotify_ai_pipeline.sandbox.serve import serve
from spotify_ai_pipeline.sandbox.testing import running
from spotify_ai_pipeline.sandbox.world import World

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """A copy of the small world, to be broken or changed."""
    return Path(shutil.copytree(made, tmp_path / "world"))


def _set_format(world: Path) -> None:
    about = json.loads((world / "world.json").read_text(encoding="utf-8"))
    (world / "world.json").write_text(json.dumps(about | {"format": 7}), encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (shutil.rmtree, "no world folder"),
        (lambda w: (w / "world.json").unlink(), "no world.json"),
        (lambda w: (w / "world.json").write_text("{"), "cannot be read"),
        (_set_format, "format 7"),
        (lambda w: (w / "likes.parquet").unlink(), "likes.parquet"),
        (lambda w: (w / "likes.parquet").write_bytes(b"PAR1 no"), "cannot be read as Parquet"),
        (lambda w: pl.DataFrame({"track_id": ["x"]}).write_parquet(w / "likes.parquet"), "lacks added_at"),
        (lambda w: (w / "changes.sqlite").write_bytes(b"not a database, surely" * 99), "changes.sqlite"),
        (lambda w: pl.read_parquet(w / "catalogue.parquet").head(9).write_parquet(w / "catalogue.parquet"), "names tracks"),
    ],
)  # fmt: skip
def test_unusable_world(copy: Path, harm: Callable[[Path], object], says: str) -> None:
    harm(copy)
    with pytest.raises(WorldError) as caught:
        World.load(copy)
    message = str(caught.value)
    assert says in message and str(copy) in message and "\n" not in message


def test_changes_survive_a_restart(copy: Path, login: Any, client: Any) -> None:
    with running(copy) as base:
        token = login(base)
        sp = client(base, token["access_token"])
        made = sp.current_user_playlist_create("Kept", public=False)["id"]
        songs = [row["track"]["uri"] for row in sp.current_user_saved_tracks(limit=5)["items"]]
        snapshot = sp.playlist_add_items(made, songs)["snapshot_id"]
        sp.current_user_saved_tracks_delete([songs[0]])
        likes = sp.current_user_saved_tracks(limit=1)["total"]
    with running(copy) as base:
        sp = client(base, token["access_token"])
        assert sp.playlist(made, fields="name,snapshot_id") == {"name": "Kept", "snapshot_id": snapshot}
        assert [row["item"]["uri"] for row in sp.playlist_items(made)["items"]] == songs
        assert sp.current_user_saved_tracks(limit=1)["total"] == likes == 143
        form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
        assert requests.post(f"{base}/accounts/api/token", data=form, auth=("app", "secret"), timeout=120).ok


def test_taken_port(copy: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"^Port {port} .*taken"):
            serve(copy, port)
        done = subprocess.run(_command(copy, port), cwd=REPO, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert re.fullmatch(r"Port \d+ .*\n", done.stderr)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_process_ends_cleanly(copy: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(_command(copy, 0), cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        found = re.fullmatch(r"sandbox ready on (http://127\.0\.0\.1:\d+)\n", ready)
        assert found, ready
        assert requests.get(f"{found[1]}/sandbox", timeout=120).ok
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (0, "", "")


def test_changes_survive_a_kill(copy: Path, login: Any, client: Any) -> None:
    def begin() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(_command(copy, 0), cwd=REPO, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return process, process.stdout.readline().split()[-1]

    process, base = begin()
    token = login(base)["access_token"]
    made = client(base, token).current_user_playlist_create("Kept", public=False)["id"]
    process.kill()
    process.communicate()
    process, base = begin()
    try:
        assert client(base, token).playlist(made)["name"] == "Kept"
    finally:
        process.kill()
        process.communicate()


def test_process_refuses_a_missing_world(tmp_path: Path) -> None:
    done = subprocess.run(
        _command(tmp_path / "none", 0), cwd=REPO, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1 and "none" in done.stderr


def _command(world: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "spotify_ai_pipeline.sandbox", "--world", str(world), "--port", str(port)]
