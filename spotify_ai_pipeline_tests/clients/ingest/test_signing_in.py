"""Signing in to Spotify, what the app may do, and the end of a sign-in."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import webbrowser
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.spotify_capabilities import ENDPOINTS, capable, learn_capabilities
from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.clients.spotify_auth import NeedsSignIn
from spotify_ai_pipeline.clients.spotify_playlists import SpotifyError, SpotifyRefused
from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.storage.workspace import Workspace

DAY = 86_400


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command line on a home: (home, arguments) -> result."""

    def run(workspace: Workspace, *arguments: str, typed: str = "") -> Any:
        monkeypatch.setenv("SPOTIFY_AI_DATA", str(workspace.root))
        return CliRunner().invoke(main, list(arguments), input=typed)

    return run


def revoke(world: Path, *tables: str) -> None:
    """The listener takes the app's access away, or six months are over."""
    with sqlite3.connect(world / "changes.sqlite") as connection:
        for table in tables:
            connection.execute(f"DELETE FROM {table}")
    connection.close()


def age(workspace: Workspace, days: float) -> None:
    workspace.state.set_fact(spotify_auth.SIGNED_IN, clock.now() - days * DAY)


def test_login_in_the_browser(sandbox: Any, tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    workspace = sandbox.workspace(tmp_path / "home", spotify={"redirect_uri": f"http://127.0.0.1:{port}/callback"})
    opened: list[str] = []

    def browser(address: str) -> bool:
        opened.append(address)
        threading.Thread(target=requests.get, args=(address,), kwargs={"timeout": 10}).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browser)
    result = cli(workspace, "login")
    assert result.exit_code == 0 and "Connected as" in result.output
    assert "playlist-modify-public" not in opened[0]
    assert workspace.token_file.stat().st_mode & 0o777 == 0o600
    assert spotify_auth.sign_in_age(Workspace(workspace.root)) == 0


def test_login_by_pasting(sandbox: Any, tmp_path: Path, cli: Any) -> None:
    workspace = sandbox.workspace(tmp_path / "home")
    asked = requests.get(spotify_auth.oauth(workspace).get_authorize_url(), allow_redirects=False, timeout=10)
    result = cli(workspace, "login", "--paste", typed=asked.headers["Location"] + "\n")
    assert result.exit_code == 0 and f"{sandbox.url}/accounts/authorize" in result.output
    assert sorted(path.name for path in workspace.root.glob("spotify_token*")) == ["spotify_token.json"]
    refused = cli(workspace, "login", "--paste", typed="http://127.0.0.1:8888/callback?error=access_denied\n")
    assert refused.exit_code == 2 and "access_denied" in refused.output and "Traceback" not in refused.output


def test_D2_a_dead_refresh_token_ends_in_one_alert_and_no_loop(
    own_sandbox: Any, tmp_path: Path, cli: Any, phone: Any
) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    revoke(own_sandbox.folder, "refresh", "access")
    with pytest.raises(NeedsSignIn, match="run `spotify-ai login`"):
        Spotify.of(workspace).playlists("x")
    before = own_sandbox.calls()
    for _ in range(3):
        with pytest.raises(SpotifyError, match="sign in again"):
            Spotify.of(Workspace(workspace.root)).playlists("x")
    assert own_sandbox.calls() == before
    assert [row["name"] for row in workspace.state.rows("SELECT name FROM alerts")] == [spotify_auth.ALERT]
    assert spotify_auth.sign_in_state(workspace) == "needs sign-in"
    shown = cli(workspace, "status")
    assert "needs sign-in" in shown.stdout and "sign in again" in shown.stderr
    asked = requests.get(spotify_auth.oauth(workspace).get_authorize_url(), allow_redirects=False, timeout=10)
    assert (
        cli(workspace, "login", "--paste", typed=asked.headers["Location"] + "\n").exit_code == 0
    )  # the new code wins
    assert spotify_auth.sign_in_state(workspace) == "signed in" and workspace.state.rows("SELECT * FROM alerts") == []
    assert Spotify.of(workspace).playlists("x")


def test_D2_a_late_refusal_does_not_throw_away_a_new_sign_in(own_sandbox: Any, tmp_path: Path) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    old = json.loads(workspace.token_file.read_text())["refresh_token"]
    revoke(own_sandbox.folder, "refresh")
    workspace = own_sandbox.signed_in(tmp_path / "home")
    with pytest.raises(NeedsSignIn):
        spotify_auth.oauth(workspace).refresh_access_token(old)
    assert spotify_auth.sign_in_state(workspace) == "signed in" and workspace.state.rows("SELECT * FROM alerts") == []


def test_D3_a_refresh_without_a_refresh_token_keeps_the_old_one(sandbox: Any, workspace: Workspace) -> None:
    before = json.loads(workspace.token_file.read_text())
    workspace.token_file.write_text(json.dumps(before | {"expires_at": 0}))
    age(workspace, 100)
    assert Spotify.of(workspace).playlists("x")
    after = json.loads(workspace.token_file.read_text())
    assert after["refresh_token"] == before["refresh_token"] and after["access_token"] != before["access_token"]
    assert spotify_auth.sign_in_age(workspace) == 100  # refreshing does not make it younger


def test_a_token_that_dies_in_the_middle_is_renewed_once(sandbox: Any, workspace: Workspace) -> None:
    sandbox.fail(rate=1, most=1, kinds=["expired"], path="/spotify")
    before = sandbox.calls("accounts")
    assert Spotify.of(workspace).playlists("x")
    assert sandbox.calls("accounts") - before == 1


def test_a_token_that_lacks_a_permission_does_not_wait_at_a_terminal(workspace: Workspace) -> None:
    token = json.loads(workspace.token_file.read_text())
    workspace.token_file.write_text(json.dumps(token | {"scope": "user-library-read"}))
    with pytest.raises(NeedsSignIn, match="permission"):
        Spotify.of(workspace).playlists("x")


@pytest.mark.parametrize(("days", "said"), [(149, None), (150, "ends in 32 days"), (200, "ends in 0 days")])
def test_an_old_sign_in_is_warned_about(workspace: Workspace, cli: Any, days: int, said: str | None) -> None:
    age(workspace, days + 0.5)
    result = cli(workspace, "status")
    assert result.exit_code == 0
    assert result.stderr == "" if said is None else (said in result.stderr and result.stderr.count("\n") == 1)


def test_D4_closed_endpoints_are_known_and_shown(sandbox: Any, workspace: Workspace, cli: Any) -> None:
    assert not capable(workspace, "audio-features")  # not known counts as no
    learn_capabilities(workspace, Spotify.of(workspace))
    assert workspace.state.fact(spotify_auth.CAPABILITIES) == dict.fromkeys(ENDPOINTS, False)
    assert not capable(workspace, "audio-features")
    assert "closed to this app" in cli(workspace, "status").stdout


def test_D4_an_older_app_keeps_what_it_may_call(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Spotify.of(workspace)
    features = [{"id": "a", "energy": 0.5, "tempo": 120}, None]

    def old_app(method: str, path: str = "", **_: object) -> object:
        if "recommendations" in path:
            raise SpotifyRefused("Spotify refused", 404)
        return {"audio_features": features}

    monkeypatch.setattr(client, "_call", old_app)
    learn_capabilities(workspace, client)
    known = workspace.state.fact(spotify_auth.CAPABILITIES)
    assert known == {**dict.fromkeys(ENDPOINTS, True), "recommendations": False}
    assert capable(workspace, "audio-features") and not capable(workspace, "recommendations")
    assert list(client.audio_features(["a", "b"])) == [(["a", "b"], {"a": {"energy": 0.5, "tempo": 120.0}})]


def test_a_probe_without_a_clear_answer_leaves_it_open(sandbox: Any, workspace: Workspace) -> None:
    sandbox.fail(rate=1, kinds=["500"], path="/spotify/v1/recommendations")
    learn_capabilities(workspace, Spotify.of(workspace))
    assert set(ENDPOINTS) - set(workspace.state.fact(spotify_auth.CAPABILITIES)) == {"recommendations"}
    sandbox.fail(rate=1, kinds=["429_day"], path="/spotify")
    workspace.state.set_fact(spotify_auth.CAPABILITIES, None)
    learn_capabilities(workspace, Spotify.of(workspace))  # a sign-in succeeds all the same
    assert workspace.state.fact(spotify_auth.CAPABILITIES) is None


def test_a_taken_redirect_address_is_said(sandbox: Any, tmp_path: Path, cli: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"http://127.0.0.1:{other.getsockname()[1]}/callback"
        result = cli(sandbox.workspace(tmp_path / "home", spotify={"redirect_uri": address}), "login")
    assert result.exit_code == 2 and "--paste" in result.stderr and result.stderr.count("\n") == 1
