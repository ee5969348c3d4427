"""Backups: whole while everything is written to, and back as it was, or refused."""

import json
import stat
import threading
import zipfile
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.errors import Corrupt, UserError
from spotify_ai_pipeline.storage import alerts, backup, datasets
from spotify_ai_pipeline.storage.lake import Dataset
from spotify_ai_pipeline.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace.open(tmp_path / "home")
    workspace.state.set_override("playlist.target_size", 50)
    alerts.raise_alert(workspace.state, "a", "it's <b>")
    workspace.lake.write(pl.DataFrame({"n": [1]}), datasets.SONGS, blobs={"x.index": b"\0\1"})
    workspace.lake.write(pl.DataFrame({"n": [1, 2]}), datasets.SONGS, blobs={"x.index": b"\0\2"})
    for month in ("2026-10", "2026-11"):
        workspace.lake.write(pl.DataFrame({"month": [month]}), datasets.SCROBBLES, month)
    workspace.token_file.write_text('{"refresh_token": "r"}')
    return workspace


def everything(workspace: Workspace) -> dict[str, object]:
    tables = [row["name"] for row in workspace.state.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        "tables": {name: [tuple(row) for row in workspace.state.rows(f"SELECT * FROM {name}")] for name in tables},
        "lake": {f"{one.layer}/{one.name}": workspace.lake.read(one).to_dicts() for one in workspace.lake.datasets()},
        "versions": {one.name: workspace.lake.version_of(one) for one in workspace.lake.datasets()},
        "index": workspace.lake.read_blob(datasets.SONGS, "x.index"),
        "token": workspace.token_file.read_text(),
    }


def test_what_was_backed_up_comes_back_as_it_was(workspace: Workspace, tmp_path: Path) -> None:
    before, file = everything(workspace), tmp_path / "b.zip"
    backup.save(workspace, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()].count("b.zip.part") == 0
    other = Workspace.open(tmp_path / "other")
    backup.restore(other, file)
    assert everything(Workspace.open(other.root)) == before
    for path in (other.token_file, other.root / "state.sqlite"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_backup_under_fire_is_one_moment_of_the_state_and_whole_versions(
    workspace: Workspace, tmp_path: Path
) -> None:
    """A writer keeps two tables and a dataset in step; whatever moment the backup caught, they agree in themselves."""
    stop = threading.Event()

    def write() -> None:
        own, number = Workspace.open(workspace.root), 0
        while not stop.is_set():
            number += 1
            with own.state.transaction() as connection:
                connection.execute("INSERT OR REPLACE INTO facts VALUES ('n', ?, 0)", (str(number),))
                connection.execute("INSERT OR REPLACE INTO alerts VALUES ('n', ?, 0)", (str(number),))
            own.lake.write(pl.DataFrame({"n": [number] * 10}), datasets.MOOD)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            file = tmp_path / f"{number}.zip"
            backup.save(workspace, file)
            other = Workspace.open(tmp_path / f"other{number}")
            backup.restore(other, file)
            (alert,) = other.state.rows("SELECT message FROM alerts WHERE name = 'n'") or [{"message": "None"}]
            assert alert["message"] == str(other.state.fact("n"))
            mood = other.lake.read_or_none(datasets.MOOD)
            assert mood is None or (mood.height == 10 and mood["n"].n_unique() == 1)
    finally:
        stop.set()
        writer.join()


def test_data_that_is_there_is_kept_unless_told_and_then_moved_aside(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    backup.save(workspace, file)
    workspace.state.set_fact("said", "later")
    before = everything(workspace)
    with pytest.raises(UserError, match="--replace"):
        backup.restore(workspace, file)
    assert everything(workspace) == before
    backup.restore(workspace, file, replace=True)
    (aside,) = workspace.root.glob("replaced-*")
    assert Workspace.open(workspace.root).state.fact("said") is None
    assert (aside / "lake").exists()
    with pytest.raises(UserError, match="exists already"):
        backup.save(workspace, file)


def test_a_lake_that_lies_elsewhere_is_kept_and_comes_back_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_AI_LAKE", str(tmp_path / "one"))
    workspace, file = Workspace.open(tmp_path / "home"), tmp_path / "b.zip"
    workspace.lake.write(pl.DataFrame({"n": [1]}), datasets.SONGS, blobs={"x.index": b"\0\1"})
    backup.save(workspace, file)
    with pytest.raises(UserError, match=r"one/.* holds data already"):
        backup.restore(Workspace.open(tmp_path / "other"), file)
    monkeypatch.setenv("SPOTIFY_AI_LAKE", str(tmp_path / "two"))
    backup.restore(Workspace.open(tmp_path / "other"), file)
    other = Workspace.open(tmp_path / "other")
    assert not (other.root / "lake").exists()
    assert other.lake.read(datasets.SONGS)["n"].to_list() == [1]
    assert other.lake.read_blob(datasets.SONGS, "x.index") == b"\0\1"
    other.lake.write(pl.DataFrame({"n": [2]}), datasets.SONGS)
    other.lake.write(pl.DataFrame({"n": [2]}), Dataset("identity", "newer"))
    backup.restore(other, file, replace=True)
    assert other.lake.datasets() == [datasets.SONGS]
    assert other.lake.read(datasets.SONGS)["n"].to_list() == [1]
    (aside,) = other.root.glob("replaced-*")
    assert list(aside.glob("lake/*/identity/newer/current.json"))


@pytest.mark.parametrize("harm", ["not a zip", "damaged", "missing", "newer", "climbs out"])
def test_a_backup_that_is_not_whole_changes_nothing(workspace: Workspace, tmp_path: Path, harm: str) -> None:
    file, bad, other = tmp_path / "b.zip", tmp_path / "bad.zip", Workspace.open(tmp_path / "other")
    backup.save(workspace, file)
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(content["manifest.json"])
    if harm == "damaged":
        content["state.sqlite"] = content["state.sqlite"][:-1] + b"!"
    elif harm == "missing":
        del content["state.sqlite"]
    elif harm == "newer":
        manifest["schema"] = 999
    elif harm == "climbs out":
        manifest["files"]["../../evil"] = "0"
        content["../../evil"] = b""
    content["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(bad, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    if harm == "not a zip":
        bad.write_bytes(b"PK nothing")
    with pytest.raises(Corrupt if harm == "damaged" else UserError, match=r"bad\.zip"):
        backup.restore(other, bad)
    assert list(other.root.iterdir()) == []
    assert not (tmp_path / "evil").exists()
