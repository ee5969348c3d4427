"""Signing in to Spotify, what the app may do, and the end of a sign-in."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import webbrowser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import pytest
import requests
from click.testing import CliRunner

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import account_checks
from spotify_ai_pipeline.app.spotify_capabilities import ENDPOINTS, capable, learn_capabilities
from spotify_ai_pipeline.clients import sign_in, spotify_auth
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.clients.spotify_auth import NeedsSignIn
from spotify_ai_pipeline.clients.spotify_playlists import LacksPermission, SpotifyError, SpotifyRefused
from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.ports import free_port

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
    workspace.state.set_fact(sign_in.SIGNED_IN, clock.now() - days * DAY)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses at which the sign-ins of this test ask the listener to agree."""
    asked: list[str] = []
    made = spotify_auth.Auth.get_authorize_url

    def noted(auth: spotify_auth.Auth) -> str:
        asked.append(made(auth))
        return asked[-1]

    monkeypatch.setattr(spotify_auth.Auth, "get_authorize_url", noted)
    return asked


@pytest.fixture
def paste(address: list[str], cli: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `login --paste` and pastes what ``change`` makes of the address that Spotify redirects to."""

    def run(workspace: Workspace, change: Any = str) -> Any:
        monkeypatch.setattr(click, "prompt", lambda _: change(redirect(address[-1])))
        return cli(workspace, "login", "--paste")

    return run


def redirect(address: str) -> str:
    """Gives where Spotify sends the browser once the listener agreed."""
    return requests.get(address, allow_redirects=False, timeout=120).headers["Location"]


def free_address() -> str:
    return f"http://127.0.0.1:{free_port()}/callback"


def browse(monkeypatch: pytest.MonkeyPatch, visit: Any) -> None:
    """``visit`` takes the address that the browser is opened with, and is all that the listener does in it."""

    def browser(address: str) -> bool:
        threading.Thread(target=visit, args=(address,), daemon=True).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browser)


def test_login_in_the_browser(sandbox: Any, tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = sandbox.workspace(tmp_path / "home", spotify={"redirect_uri": free_address()})
    opened: list[str] = []
    browse(monkeypatch, lambda address: opened.append(address) or requests.get(address, timeout=120))
    result = cli(workspace, "login")
    assert result.exit_code == 0 and "Connected as" in result.output
    asked = parse_qs(urlsplit(opened[0]).query)
    assert {"playlist-modify-public", "user-top-read"} <= set(asked["scope"][0].split())
    assert asked["code_challenge_method"] == ["S256"] and len(asked["code_challenge"][0]) == 43
    assert workspace.token_file.stat().st_mode & 0o777 == 0o600
    assert sign_in.sign_in_age(Workspace(workspace.root)) == 0


def test_stray_requests_leave_the_sign_in_waiting(
    sandbox: Any, tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = free_address()
    host = back.removesuffix("/callback")
    workspace = sandbox.workspace(tmp_path / "home", spotify={"redirect_uri": back})
    told: list[tuple[int, str]] = []

    def visit(address: str) -> None:
        socket.create_connection(("127.0.0.1", urlsplit(back).port or 0)).close()  # a browser that connects in advance
        silent = socket.create_connection(("127.0.0.1", urlsplit(back).port or 0))
        strays = ("/", "/favicon.ico", "/callback", "/callback?code=abc", "/callback?code=abc&state=of-another-sign-in",
                  "/callback?error=access_denied", "/callback?error=access_denied&state=x", "/callback?state=x")  # fmt: skip
        for stray in strays:
            answer = requests.get(host + stray, timeout=120)
            told.append((answer.status_code, answer.text))
        foreign = requests.get(back + "?code=a", headers={"Host": "evil.example"}, timeout=120)
        told.append((foreign.status_code, foreign.text))
        requests.post(back, timeout=120)
        requests.get(address, timeout=120)
        silent.close()

    browse(monkeypatch, visit)
    result = cli(workspace, "login")
    assert result.exit_code == 0 and "Connected as" in result.output
    assert [status for status, _ in told] == [404, 404, 400, 400, 400, 400, 400, 400, 403]
    assert "carries no state" in told[3][1] and "another sign-in" in told[4][1]


def test_a_no_in_the_browser_ends_the_sign_in(
    sandbox: Any, tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = free_address()

    def visit(address: str) -> None:
        state = parse_qs(urlsplit(address).query)["state"][0]
        requests.get(f"{back}?error=access_denied&state={state}", timeout=120)

    browse(monkeypatch, visit)
    result = cli(sandbox.workspace(tmp_path / "home", spotify={"redirect_uri": back}), "login")
    assert result.exit_code == 2 and "nobody agreed" in result.stderr and result.stderr.count("\n") == 1


def test_login_by_pasting(sandbox: Any, tmp_path: Path, paste: Any) -> None:
    workspace = sandbox.workspace(tmp_path / "home")
    result = paste(workspace, lambda address: f"  <{address}> \n")
    assert result.exit_code == 0 and f"{sandbox.url}/accounts/authorize" in result.output
    assert sorted(path.name for path in workspace.root.glob("spotify_token*")) == ["spotify_token.json"]


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("http://127.0.0.1:8888/callback?error=access_denied", "access_denied"),
        ("http://127.0.0.1:8888/callback?code=abc&state=of-another-sign-in", "belongs to another sign-in"),
        ("http://127.0.0.1:8888/callback?code=abc", "carries no state"),
        ("http://127.0.0.1:8888/callback?code=abc&code=def&state=x", "holds no code"),
        ("http://127.0.0.1:8888/callback", "holds no code"),
        ("http://[::1/callback?code=abc", "holds no code"),
        ("abc", "holds no code"),
    ],
)
def test_a_pasted_address_that_is_not_of_this_sign_in_is_refused(
    sandbox: Any, tmp_path: Path, paste: Any, pasted: str, said: str
) -> None:
    workspace, before = sandbox.workspace(tmp_path / "home"), sandbox.calls("accounts")
    result = paste(workspace, lambda _: pasted)
    assert result.exit_code == 2 and said in result.stderr and result.stderr.count("\n") == 1
    assert not workspace.token_file.exists()
    assert sandbox.calls("accounts") - before == 1, "the code was not tried"


def test_a_code_is_worth_nothing_without_the_verifier(sandbox: Any, tmp_path: Path) -> None:
    workspace = sandbox.workspace(tmp_path / "home")
    auth = spotify_auth.oauth(workspace)
    code = auth.parse_response_code(redirect(auth.get_authorize_url()))
    with pytest.raises(spotify_auth.SignInRefused, match="refused the code"):
        spotify_auth.oauth(workspace).sign_in(code)


def test_an_app_without_a_secret_signs_in_by_pkce_alone(sandbox: Any, tmp_path: Path, paste: Any) -> None:
    workspace = sandbox.workspace(tmp_path / "home")
    (workspace.root / ".env").write_text("SPOTIFY_CLIENT_ID=app\n")
    workspace = Workspace.open(workspace.root)
    assert paste(workspace).exit_code == 0
    spotify_auth.oauth(workspace).renew()
    assert Spotify.of(workspace).playlists("x")


def test_a_wrong_secret_has_a_message_of_its_own(sandbox: Any, tmp_path: Path, paste: Any) -> None:
    workspace = sandbox.signed_in(tmp_path / "home")
    kept = workspace.token_file.read_text()
    (workspace.root / ".env").write_text("SPOTIFY_CLIENT_ID=app\nSPOTIFY_CLIENT_SECRET=wrong\n")
    workspace = Workspace.open(workspace.root)
    result = paste(workspace)
    assert result.exit_code == 2 and "check SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET in .env" in result.stderr
    assert "login" not in result.stderr
    with pytest.raises(spotify_auth.WrongApp, match=r"\.env"):
        spotify_auth.oauth(workspace).renew()
    assert workspace.token_file.read_text() == kept


def test_a_code_is_posted_once_where_the_service_breaks_down(sandbox: Any, tmp_path: Path, paste: Any) -> None:
    workspace = sandbox.workspace(tmp_path / "home")
    sandbox.fail(rate=1, kinds=["500"], path="/accounts/api")
    before = sandbox.calls("accounts")
    result = paste(workspace)
    assert result.exit_code == 2 and "in trouble (HTTP 500)" in result.stderr and "login` again" in result.stderr
    assert sandbox.calls("accounts") - before == 2, "the address to agree at, and one post"


def test_a_renewal_is_repeated_where_the_service_breaks_down(sandbox: Any, workspace: Workspace) -> None:
    sandbox.fail(rate=1, most=2, kinds=["500"], path="/accounts/api")
    spotify_auth.oauth(workspace).renew()
    sandbox.fail(rate=1, kinds=["500"], path="/accounts/api")
    with pytest.raises(spotify_auth.SignInBusy, match="try again later"):
        spotify_auth.oauth(workspace).renew()


def answering(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> spotify_auth.Auth:
    """A sign-in whose token endpoint gives ``answers`` one after the other."""
    auth = spotify_auth.oauth(sandbox.workspace(tmp_path / "home"))
    waiting = list(answers)

    def post(*_: object, **__: object) -> requests.Response:
        made = requests.Response()
        made.status_code, made._content = 200, json.dumps(waiting.pop(0)).encode()
        return made

    for transport in (auth._once, auth._repeated):
        monkeypatch.setattr(transport.session, "post", post)
    return auth


WHOLE = {
    "access_token": "A",
    "token_type": "Bearer",
    "expires_in": 1800,
    "refresh_token": "R",
    "scope": "user-library-read",
}


@pytest.mark.parametrize("life", [..., None, "soon", -5, 0, "NaN", 1e300, [], True])
def test_an_answer_without_a_sound_life_is_good_for_an_hour(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, life: Any
) -> None:
    answer = {name: value for name, value in (WHOLE | {"expires_in": life}).items() if value is not ...}
    auth = answering(sandbox, tmp_path, monkeypatch, answer)
    auth.sign_in("code")
    kept = json.loads(auth.workspace.token_file.read_text())
    assert kept["scope"] == "user-library-read", "granted, not asked for"
    assert auth.get_access_token() == "A"
    assert kept["expires_at"] - clock.now() == pytest.approx(7 * DAY if life == 1e300 else 3600, abs=60)


@pytest.mark.parametrize("life", [900, "900", 900.5])
def test_the_life_that_is_said_counts(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, life: Any) -> None:
    auth = answering(sandbox, tmp_path, monkeypatch, WHOLE | {"expires_in": life})
    auth.sign_in("code")
    assert json.loads(auth.workspace.token_file.read_text())["expires_at"] - clock.now() == pytest.approx(900, abs=60)


def test_an_answer_that_says_nothing_of_scopes_grants_what_was_asked_for(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = {name: value for name, value in WHOLE.items() if name != "scope"}
    auth = answering(sandbox, tmp_path, monkeypatch, without, without, WHOLE)
    auth.sign_in("code")
    assert sign_in.lacking_scopes(auth.workspace) == []
    auth.renew()
    assert sign_in.lacking_scopes(auth.workspace) == [], "a renewal that says nothing changes nothing"
    auth.renew()
    assert "playlist-modify-public" in sign_in.lacking_scopes(auth.workspace)


def test_a_sign_in_without_a_refresh_token_lasts_as_long_as_its_access_token(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = answering(sandbox, tmp_path, monkeypatch, {"access_token": "A"})
    auth.sign_in("code")
    assert auth.get_access_token() == "A" and sign_in.sign_in_state(auth.workspace) == "signed in"
    token = json.loads(auth.workspace.token_file.read_text())
    auth.workspace.token_file.write_text(json.dumps(token | {"expires_at": clock.now() - 1}))
    with pytest.raises(NeedsSignIn, match="spotify-ai login"):
        auth.get_access_token()
    assert sign_in.sign_in_state(auth.workspace) == "needs sign-in"


@pytest.mark.parametrize(
    "answer", [{}, [], "x", {"access_token": None}, {"access_token": "A\n"}, WHOLE | {"token_type": "mac"}]
)
def test_an_answer_without_a_token_is_refused_in_words(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    auth = answering(sandbox, tmp_path, monkeypatch, answer, WHOLE, answer)
    with pytest.raises(spotify_auth.SignInRefused, match="login` again"):
        auth.sign_in("code")
    assert not auth.workspace.token_file.exists()
    auth.sign_in("code")
    with pytest.raises(spotify_auth.SignInBusy, match="try again later"):
        auth.renew()
    assert auth.get_access_token() == "A"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Moves the clock of the sign-in: (seconds)."""
    since = [0.0]
    moved = SimpleNamespace(now=lambda: clock.now() + since[0])
    monkeypatch.setattr(spotify_auth, "clock", moved)

    def move(seconds: float) -> None:
        since[0] += seconds

    return move


def test_D2_a_dead_refresh_token_ends_in_one_alert_and_no_loop(
    own_sandbox: Any, tmp_path: Path, cli: Any, paste: Any, later: Any
) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    revoke(own_sandbox.folder, "refresh", "access")
    for wait in (0, 300, 299):
        later(wait)
        with pytest.raises(spotify_auth.SignInBusy, match="try again later"):
            Spotify.of(workspace).playlists("x")
    assert sign_in.sign_in_state(workspace) == "signed in"
    assert [row["name"] for row in workspace.state.rows("SELECT name FROM alerts")] == [sign_in.DOUBT_ALERT]
    later(1)
    with pytest.raises(NeedsSignIn, match="run `spotify-ai login`"):
        Spotify.of(workspace).playlists("x")
    before = own_sandbox.calls()
    for _ in range(3):
        with pytest.raises(SpotifyError, match="sign in again"):
            Spotify.of(Workspace(workspace.root)).playlists("x")
    assert own_sandbox.calls() == before
    assert [row["name"] for row in workspace.state.rows("SELECT name FROM alerts")] == [sign_in.ALERT]
    assert sign_in.sign_in_state(workspace) == "needs sign-in"
    shown = cli(workspace, "status")
    assert "needs sign-in" in shown.stdout and "sign in again" in shown.stderr
    assert paste(workspace).exit_code == 0  # the new code wins
    assert sign_in.sign_in_state(workspace) == "signed in" and workspace.state.rows("SELECT * FROM alerts") == []
    assert Spotify.of(workspace).playlists("x")


def test_a_false_invalid_grant_costs_one_run(sandbox: Any, workspace: Workspace, later: Any) -> None:
    kept = workspace.token_file.read_text()
    for _ in range(2):  # a week apart: what proved wrong does not count for the next outage
        later(7 * DAY)
        sandbox.fail(rate=1, most=1, kinds=["invalid_grant"], path="/accounts")
        with pytest.raises(spotify_auth.SignInBusy, match="try again later"):
            Spotify.of(workspace).playlists("x")
        assert workspace.token_file.read_text() == kept
        assert [row["name"] for row in workspace.state.rows("SELECT name FROM alerts")] == [sign_in.DOUBT_ALERT]
        assert Spotify.of(workspace).playlists("x")
        assert workspace.state.rows("SELECT * FROM alerts") == []
        kept = workspace.token_file.read_text()


def test_D2_a_late_refusal_does_not_throw_away_a_new_sign_in(own_sandbox: Any, tmp_path: Path) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    old = json.loads(workspace.token_file.read_text())["refresh_token"]
    revoke(own_sandbox.folder, "refresh")
    workspace = own_sandbox.signed_in(tmp_path / "home")
    new = json.loads(workspace.token_file.read_text())
    assert spotify_auth.oauth(workspace).refresh_access_token(old) == new
    assert sign_in.sign_in_state(workspace) == "signed in" and workspace.state.rows("SELECT * FROM alerts") == []


def test_D3_a_refresh_without_a_refresh_token_keeps_the_old_one(sandbox: Any, workspace: Workspace) -> None:
    before = json.loads(workspace.token_file.read_text())
    workspace.token_file.write_text(json.dumps(before | {"expires_at": 0}))
    age(workspace, 100)
    assert Spotify.of(workspace).playlists("x")
    after = json.loads(workspace.token_file.read_text())
    assert after["refresh_token"] == before["refresh_token"] and after["access_token"] != before["access_token"]
    assert sign_in.sign_in_age(workspace) == 100  # refreshing does not make it younger


def test_a_token_that_dies_in_the_middle_is_renewed_once(sandbox: Any, workspace: Workspace) -> None:
    sandbox.fail(rate=1, most=1, kinds=["expired"], path="/spotify")
    before = sandbox.calls("accounts")
    assert Spotify.of(workspace).playlists("x")
    assert sandbox.calls("accounts") - before == 1


def test_a_sign_in_that_lacks_a_permission_says_which(
    own_sandbox: Any, tmp_path: Path, phone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        older = [scope for scope in spotify_auth.SCOPES if scope not in ("playlist-modify-public", "user-top-read")]
        patch.setattr(spotify_auth, "SCOPES", older)
        workspace = own_sandbox.signed_in(tmp_path / "home")
    assert Spotify.of(workspace).playlists("x"), "what the older sign-in may do goes on"
    client = Spotify.of(workspace)
    made = client.create_playlist("Out in the open", "")
    phone(workspace, "PUT", f"playlists/{made}", json={"public": True})
    with pytest.raises(LacksPermission, match=r"playlist-modify-public.*`spotify-ai login`"):
        client.replace_items(made, ["x" * 22])
    found = account_checks.permissions(workspace)
    assert (found.how, found.do) == ("bad", "spotify-ai login")
    assert found.seen == "the sign-in lacks user-top-read, playlist-modify-public"


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 400, b"  \n", b"{", b"{}", b"[]", b"null", b'"A"', b'{"access_token": 1}', b"\xff\xfe\x00", b"[" * 100_000,
     b'{"access_token": "A\\n", "refresh_token": "R"}', b'{"access_token": "", "refresh_token": null}'],
)  # fmt: skip
def test_a_token_file_without_a_token_is_said_plainly(workspace: Workspace, cli: Any, content: bytes) -> None:
    workspace.token_file.write_bytes(content)
    shown = cli(workspace, "status")
    assert shown.exit_code == 0 and "Spotify: the sign-in cannot be read; run `spotify-ai login`" in shown.stdout
    assert "signed in" not in shown.stdout and "spotify_token.json cannot be read" in shown.stderr
    with pytest.raises(SpotifyError, match=r"cannot be read .*; run `spotify-ai login`"):
        Spotify.of(workspace)
    assert sign_in.sign_in_age(workspace) is None and sign_in.days_left(workspace) is None
    for finding in (account_checks.spotify(workspace), account_checks.permissions(workspace)):
        assert (finding.how, finding.do) == ("bad", "spotify-ai login")
        assert "cannot be read" in finding.seen


@pytest.mark.parametrize(("days", "said"), [(149, None), (150, "ends in 32 days"), (200, "ends in 0 days")])
def test_an_old_sign_in_is_warned_about(workspace: Workspace, cli: Any, days: int, said: str | None) -> None:
    age(workspace, days + 0.5)
    result = cli(workspace, "status")
    assert result.exit_code == 0
    assert result.stderr == "" if said is None else (said in result.stderr and result.stderr.count("\n") == 1)


def test_D4_closed_endpoints_are_known_and_shown(sandbox: Any, workspace: Workspace, cli: Any) -> None:
    assert not capable(workspace, "audio-features")  # not known counts as no
    learn_capabilities(workspace, Spotify.of(workspace))
    assert workspace.state.fact(sign_in.CAPABILITIES) == dict.fromkeys(ENDPOINTS, False)
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
    known = workspace.state.fact(sign_in.CAPABILITIES)
    assert known == {**dict.fromkeys(ENDPOINTS, True), "recommendations": False}
    assert capable(workspace, "audio-features") and not capable(workspace, "recommendations")
    assert list(client.audio_features(["a", "b"])) == [(["a", "b"], {"a": {"energy": 0.5, "tempo": 120.0}})]


def test_a_probe_without_a_clear_answer_leaves_it_open(sandbox: Any, workspace: Workspace) -> None:
    sandbox.fail(rate=1, kinds=["500"], path="/spotify/v1/recommendations")
    learn_capabilities(workspace, Spotify.of(workspace))
    assert set(ENDPOINTS) - set(workspace.state.fact(sign_in.CAPABILITIES)) == {"recommendations"}
    sandbox.fail(rate=1, kinds=["429_day"], path="/spotify")
    workspace.state.set_fact(sign_in.CAPABILITIES, None)
    learn_capabilities(workspace, Spotify.of(workspace))  # a sign-in succeeds all the same
    assert workspace.state.fact(sign_in.CAPABILITIES) is None


def test_a_taken_redirect_address_is_said(sandbox: Any, tmp_path: Path, cli: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"http://127.0.0.1:{other.getsockname()[1]}/callback"
        result = cli(sandbox.workspace(tmp_path / "home", spotify={"redirect_uri": address}), "login")
    assert result.exit_code == 2 and "--paste" in result.stderr and result.stderr.count("\n") == 1
