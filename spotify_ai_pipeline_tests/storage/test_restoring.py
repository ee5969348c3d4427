"""A restore that is cut anywhere: the home is the old one or the new one, whole, and the next start knows which."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.errors import Corrupt, UserError
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import backup, datasets, home_files
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import HARD

KILLED_AT = """
import os, signal, sys
from pathlib import Path
root, file, most = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
steps = 0

def counted(real):
    def step(*given, **named):
        global steps
        steps += 1
        if steps > most:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)
    return step

from spotify_ai_pipeline.storage import backup
from spotify_ai_pipeline.storage.workspace import Workspace
home = Workspace.open(root)
for owner, name in ((Path, "rename"), (Path, "rmdir"), (os, "fsync"), (os, "unlink"), (os, "rmdir")):
    setattr(owner, name, counted(getattr(owner, name)))
backup.restore(home, file, replace=True)
"""
STEP = 1 if HARD else 4
"""The suite kills at every fourth step; ``make hardship`` at each."""


def fill(root: Path, name: str) -> Workspace:
    workspace = Workspace.open(root)
    workspace.state.set_fact("who", name)
    workspace.lake.write(pl.DataFrame({"who": [name]}), datasets.SONGS)
    workspace.token_file.write_text(json.dumps({"refresh_token": name}))
    (root / "config.yaml").write_text("listener: {name: me}\n")
    (root / ".env").write_text(f"LASTFM_USER={name}\n")
    return workspace


def who(root: Path) -> set[str]:
    """Asks each room of a home whose it is."""
    workspace = Workspace.open(root)
    token = json.loads(workspace.token_file.read_text())["refresh_token"]
    songs = workspace.lake.read(datasets.SONGS)["who"].item()
    return {workspace.state.fact("who"), token, songs, workspace.secrets.lastfm_user}


def start_anew(root: Path) -> None:
    home_files.prepare.cache_clear()
    Workspace.open(root)


def test_a_restore_that_is_killed_at_any_step_leaves_one_whole_home(tmp_path: Path) -> None:
    backup.save(fill(tmp_path / "theirs", "new"), tmp_path / "b.zip")
    fill(tmp_path / "mine", "old")
    demo = tmp_path / "mine" / "demo.json"
    demo.write_text('{"world": "w", "port": 1}')
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    seen, most = list[str](), 0
    while True:
        root = Path(shutil.copytree(tmp_path / "mine", tmp_path / f"at{most}"))
        died = subprocess.run(
            [sys.executable, "-c", KILLED_AT, str(root), str(tmp_path / "b.zip"), str(most)],
            env=environment,
            check=False,
        )
        whose = who(root)
        assert len(whose) == 1, f"in pieces after {most} steps"
        assert (root / "demo.json").exists() == (whose == {"old"}), "a demo never becomes a real account by half"
        assert not (root / home_files.RESTORE_UNDER_WAY).exists(), "the start finished it"
        for left in root.glob(f"{home_files.RESTORING}*"):
            os.utime(left, (0, 0))
        start_anew(root)
        assert not list(root.glob(f"{home_files.RESTORING}*")), "a day later the rest is cleared away"
        assert len(list(root.glob("replaced-*"))) == (whose == {"new"})
        seen += whose
        if died.returncode == 0:
            break
        assert died.returncode == -signal.SIGKILL
        most += STEP
    assert seen == sorted(seen, reverse=True), "old until one step, new from there on"
    assert seen.count("old") > 3 and seen.count("new") > 3
    print(f"{len(seen) - 1} kills")  # noqa: T201  # for the table in docs/operation.md


OPENED = """
import sys
from pathlib import Path
from spotify_ai_pipeline.storage.workspace import Workspace
print(Workspace.open(Path(sys.argv[1])).state.fact("who"))
"""


def test_of_many_who_open_a_half_restored_home_one_finishes_it_and_all_get_the_new_one(tmp_path: Path) -> None:
    backup.save(fill(tmp_path / "theirs", "new"), tmp_path / "b.zip")
    environment, most = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}, 0
    root = fill(tmp_path / "mine", "old").root
    while not (root / home_files.RESTORE_UNDER_WAY).exists():
        command = [sys.executable, "-c", KILLED_AT, str(root), str(tmp_path / "b.zip"), str(most := most + 4)]
        assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    command = [sys.executable, "-c", OPENED, str(root)]
    readers = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [reader.communicate()[0] for reader in readers] == ["new\n"] * 4
    assert who(root) == {"new"}


@pytest.mark.parametrize(
    "name",
    [
        "location.py", "sitecustomize.py", "workspace.yaml", "lake/me/location.py", "lake/x.pth", "dagster/history/runs.db",
        "inbox/a.csv", "state.sqlite-wal", "answers.sqlite", "./config.yaml", "lake//me/l/a/current.json", "LOCATION.PY",
        "lake/me/l/a/../b/current.json", "lake/me/l/a/p/q/v=1/part-0.parquet", "lake/me/l/a/x/part-0.parquet",
        "restore-under-way/plan.json", ".env/x", "/etc/passwd", "lake\\me\\l\\a\\current.json", "lake/me/l/.git/v=1/config",
    ],
)  # fmt: skip
def test_only_files_that_a_backup_names_are_taken(tmp_path: Path, name: str) -> None:
    file, bad = tmp_path / "b.zip", tmp_path / "bad.zip"
    backup.save(fill(tmp_path / "theirs", "new"), file)
    with zipfile.ZipFile(file) as archive:
        content = {one: archive.read(one) for one in archive.namelist()}
    manifest = json.loads(content["manifest.json"])
    manifest["files"][name] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    content |= {name: b"", "manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(bad, "w") as archive:
        for one, data in content.items():
            archive.writestr(one, data)
    root = tmp_path / "mine"
    with pytest.raises(UserError, match=r"bad\.zip"):
        backup.restore(Workspace.open(root), bad)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("harm", ["damaged", "newer", "absent"])
def test_an_archive_without_a_state_that_can_be_used_changes_nothing(tmp_path: Path, harm: str) -> None:
    theirs = fill(tmp_path / "theirs", "new")
    if harm == "newer":
        theirs.state.connection.execute("PRAGMA user_version = 999")
    backup.save(theirs, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        content = {one: archive.read(one) for one in archive.namelist()}
    manifest = json.loads(content["manifest.json"])
    manifest["schema"] = 1
    if harm == "absent":
        del manifest["files"]["state.sqlite"], content["state.sqlite"]
    elif harm == "damaged":
        content["state.sqlite"] = content["state.sqlite"][:4096] + bytes(len(content["state.sqlite"]) - 4096)
        manifest["files"]["state.sqlite"] = hashlib.sha256(content["state.sqlite"]).hexdigest()
    content["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for one, data in content.items():
            archive.writestr(one, data)
    root = fill(tmp_path / "mine", "old").root
    with pytest.raises((UserError, Corrupt), match=r"bad\.zip"):
        backup.restore(Workspace.open(root), tmp_path / "bad.zip", replace=True)
    assert who(root) == {"old"}
    assert not list(root.glob("replaced-*")) and not list(root.glob("restor*"))
