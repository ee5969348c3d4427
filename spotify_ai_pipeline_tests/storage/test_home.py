"""A listener's home: settings, secrets, lake and state below one folder."""

import os
import sysconfig
from pathlib import Path

import pytest

from spotify_ai_pipeline.storage.home import Home


def test_overrides_of_the_state_are_in_the_settings(tmp_path: Path) -> None:
    home = Home.open(tmp_path / "home")
    home.state.set_override("playlist.target_size", 42)
    assert Home.open(home.root).settings.playlist.target_size == 42


def test_the_root_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(tmp_path / "elsewhere"))
    assert Home.open().root == tmp_path / "elsewhere"


def test_the_lake_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_AI_LAKE", str(tmp_path / "bucket"))
    assert str(Home.open(tmp_path / "home").lake.base) == str(tmp_path / "bucket" / "me")


def test_where_the_packages_may_not_be_written_numba_compiles_into_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {})
    packages = tmp_path / "packages"
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(packages))
    home = Home.open(tmp_path / "home")
    home.name_to_dagster()
    assert os.environ["NUMBA_CACHE_DIR"] == str(home.root / "numba")
    packages.mkdir()
    os.environ.clear()
    home.name_to_dagster()
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_a_file_in_place_of_the_folder_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    with pytest.raises(OSError, match="exists"):
        Home.open(tmp_path / "home")
    assert (tmp_path / "home").read_text() == "mine"


def test_secrets_come_from_the_homes_own_env_file(tmp_path: Path) -> None:
    home = Home.open(tmp_path / "home")
    (home.root / ".env").write_text("LASTFM_USER=someone\nLASTFM_API_KEY=hush\n")
    assert home.secrets.lastfm_user == "someone"
    assert home.secrets.lastfm_api_key.get_secret_value() == "hush"
    assert "hush" not in f"{home!r} {home.secrets!r} {home.secrets}"
