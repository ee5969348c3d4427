"""A listener's home: settings, secrets, lake and state below one folder."""

import os
import sysconfig
from pathlib import Path

import pytest

from spotify_ai_pipeline.storage.workspace import Workspace


def test_overrides_of_the_state_are_in_the_settings(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    workspace.state.set_override("playlist.target_size", 42)
    assert Workspace.open(workspace.root).settings.playlist.target_size == 42


def test_the_root_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(tmp_path / "elsewhere"))
    assert Workspace.open().root == tmp_path / "elsewhere"


def test_the_lake_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_AI_LAKE", str(tmp_path / "bucket"))
    assert str(Workspace.open(tmp_path / "home").lake.base) == str(tmp_path / "bucket" / "me")


def test_where_the_packages_may_not_be_written_numba_compiles_into_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {})
    packages = tmp_path / "packages"
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(packages))
    workspace = Workspace.open(tmp_path / "home")
    workspace.name_to_dagster()
    assert os.environ["NUMBA_CACHE_DIR"] == str(workspace.root / "numba")
    packages.mkdir()
    os.environ.clear()
    workspace.name_to_dagster()
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_a_file_in_place_of_the_folder_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    with pytest.raises(OSError, match="exists"):
        Workspace.open(tmp_path / "home")
    assert (tmp_path / "home").read_text() == "mine"


def test_secrets_come_from_the_homes_own_env_file(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    (workspace.root / ".env").write_text("LASTFM_USER=someone\nLASTFM_API_KEY=hush\n")
    assert workspace.secrets.lastfm_user == "someone"
    assert workspace.secrets.lastfm_api_key.get_secret_value() == "hush"
    assert "hush" not in f"{workspace!r} {workspace.secrets!r} {workspace.secrets}"
