"""The sign-in against an OAuth server that somebody else wrote: ``make oauth-server`` brings it, it needs Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from spotify_ai_pipeline.clients import sign_in, spotify_auth
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage.workspace import Workspace

PACKAGE = PROJECT_ROOT / ".venv" / "node" / "node_modules" / "oauth2-mock-server"
SERVER = """
import { OAuth2Server } from 'PACKAGE';
import { createInterface } from 'node:readline';
const server = new OAuth2Server(undefined, undefined, { endpoints: { token: '/api/token', authorize: '/authorize' } });
await server.issuer.keys.generate('RS256');
await server.start(0, '127.0.0.1');
console.log(server.address().port);
for await (const line of createInterface({ input: process.stdin })) {   // what the next answer is to be
  const next = JSON.parse(line);
  server.service.once('beforeResponse', (answer) => {
    answer.statusCode = next.status;
    answer.body = next.only ?? { ...answer.body, ...next.body };
    for (const name of next.without ?? []) delete answer.body[name];
  });
  console.log('ready');
}
"""


class Server:
    """The running server; ``answer_next`` changes what it says to the next token request."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process, self.port = process, int(process.stdout.readline())

    def answer_next(self, status: int = 200, **change: Any) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"status": status, **change}) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ready\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    node = shutil.which("node")
    if node is None or not PACKAGE.is_dir():
        pytest.skip("needs Node.js and `make oauth-server`")
    script = tmp_path_factory.mktemp("node") / "server.mjs"
    script.write_text(SERVER.replace("PACKAGE", (PACKAGE / "dist" / "index.mjs").as_uri()))
    pipe = subprocess.PIPE
    with subprocess.Popen([node, str(script)], stdin=pipe, stdout=pipe, text=True) as process:
        yield Server(process)
        process.kill()


@pytest.fixture
def auth(server: Server, tmp_path: Path) -> spotify_auth.Auth:
    root = tmp_path / "home"
    root.mkdir()
    services = {"spotify_accounts": {"url": f"http://127.0.0.1:{server.port}/", "calls_per_second": 10_000}}
    (root / "config.yaml").write_text(yaml.safe_dump({"services": services}))
    (root / ".env").write_text("SPOTIFY_CLIENT_ID=app\nSPOTIFY_CLIENT_SECRET=secret\n")
    return spotify_auth.oauth(Workspace.open(root))


def agree(auth: spotify_auth.Auth) -> str:
    answer = requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=120)
    return auth.parse_response_code(answer.headers["Location"])


def kept(auth: spotify_auth.Auth) -> dict[str, Any]:
    return json.loads(auth.workspace.token_file.read_text())


def test_the_whole_life_of_a_sign_in(server: Server, auth: spotify_auth.Auth) -> None:
    server.answer_next(body={"scope": "user-library-read"})
    auth.sign_in(agree(auth))
    first = kept(auth)
    assert first["scope"] == "user-library-read", "what was granted"
    assert auth.get_access_token() == first["access_token"]
    server.answer_next(body={"scope": None}, without=["refresh_token"])
    auth.renew()
    assert kept(auth)["refresh_token"] == first["refresh_token"] and kept(auth)["scope"] == "user-library-read"


def test_the_verifier_is_the_one_of_the_challenge(server: Server, auth: spotify_auth.Auth) -> None:
    code = agree(auth)
    with pytest.raises(spotify_auth.WrongApp, match="code_verifier"):
        spotify_auth.oauth(auth.workspace).sign_in(code)
    auth.sign_in(agree(auth))
    assert auth.get_access_token()


def test_an_answer_that_leaves_out_what_it_may(server: Server, auth: spotify_auth.Auth) -> None:
    server.answer_next(without=["expires_in", "scope", "refresh_token"])
    auth.sign_in(agree(auth))
    assert auth.get_access_token() == kept(auth)["access_token"]
    assert sign_in.lacking_scopes(auth.workspace) == []


@pytest.mark.parametrize(
    ("status", "error", "kind", "said"),
    [
        (400, "invalid_grant", spotify_auth.SignInRefused, "refused the code"),
        (401, "invalid_client", spotify_auth.WrongApp, "SPOTIFY_CLIENT_SECRET"),
        (400, "unauthorized_client", spotify_auth.WrongApp, "dashboard"),
        (503, "temporarily_unavailable", spotify_auth.SignInRefused, "HTTP 503"),
    ],
)
def test_each_refusal_of_a_code_has_its_message(
    server: Server, auth: spotify_auth.Auth, status: int, error: str, kind: type[Exception], said: str
) -> None:
    server.answer_next(status, only={"error": error})
    with pytest.raises(kind, match=said):
        auth.sign_in(agree(auth))
    assert not auth.workspace.token_file.exists()


def test_a_refused_renewal_keeps_the_sign_in_the_first_time(server: Server, auth: spotify_auth.Auth) -> None:
    auth.sign_in(agree(auth))
    server.answer_next(400, only={"error": "invalid_grant"})
    with pytest.raises(spotify_auth.SignInBusy, match="try again later"):
        auth.renew()
    auth.renew()
    assert auth.get_access_token()
