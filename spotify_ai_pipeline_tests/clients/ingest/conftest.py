"""A small world behind real HTTP, homes that are signed in to it, and a clock that waits without waiting."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.sandbox.generate import generate
from spotify_ai_pipeline.sandbox.testing import running
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import Clock

END = datetime(2025, 6, 20, 12, 0, tzinfo=UTC)
PREFIXES = {
    "spotify": "spotify/v1/",
    "spotify_accounts": "accounts/",
    "lastfm": "lastfm/2.0/",
    "listenbrainz": "listenbrainz/1/",
    "reccobeats": "reccobeats/v1/",
}


@dataclass(frozen=True)
class Sandbox:
    """A served world."""

    url: str
    folder: Path

    def calls(self, *services: str) -> int:
        """Calls that arrived so far, of all services or of those named."""
        counts: dict[str, int] = requests.get(f"{self.url}/sandbox", timeout=120).json()["calls"]
        return sum(count for service, count in counts.items() if not services or service in services)

    def fail(self, **plan: Any) -> None:
        """Puts a plan of faults in place; none at all without arguments."""
        requests.put(f"{self.url}/sandbox/faults", json=plan, timeout=120).raise_for_status()

    def workspace(self, root: Path, **settings: Any) -> Workspace:
        """A home whose services are this sandbox; ``settings`` are sections of its own configuration."""
        root.mkdir(parents=True, exist_ok=True)
        services = {name: {"url": f"{self.url}/{path}", "calls_per_second": 10_000} for name, path in PREFIXES.items()}
        for name, more in settings.pop("services", {}).items():
            services[name] |= more
        config = {"listener": {"name": "test"}, "services": services, **settings}
        (root / "config.yaml").write_text(yaml.safe_dump(config))
        user = json.loads((self.folder / "world.json").read_text())["listener"]["lastfm_user"]
        (root / ".env").write_text(
            "SPOTIFY_CLIENT_ID=app\nSPOTIFY_CLIENT_SECRET=secret\nLASTFM_API_KEY=key\n" + f"LASTFM_USER={user}\n"
        )
        return Workspace.open(root)

    def signed_in(self, root: Path, **settings: Any) -> Workspace:
        """A home that is signed in to Spotify, without what a probe would learn."""
        workspace = self.workspace(root, **settings)
        auth = spotify_auth.oauth(workspace)
        answer = requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=120)
        auth.sign_in(auth.parse_response_code(answer.headers["Location"]))
        return workspace


def api(workspace: Workspace, method: str, path: str, **options: Any) -> Any:
    """A call to Spotify past our own client: what the listener does with their phone."""
    redirect, accounts = "http://127.0.0.1:1/phone", workspace.settings.services.spotify_accounts.url
    scopes = " ".join([*spotify_auth.SCOPES, "user-library-modify", "playlist-modify-public"])
    asked = {"response_type": "code", "client_id": "phone", "redirect_uri": redirect, "scope": scopes}
    back = requests.get(accounts + "authorize", params=asked, allow_redirects=False, timeout=120).headers["Location"]
    form = {"grant_type": "authorization_code", "code": back.split("code=")[1], "redirect_uri": redirect}
    answer = requests.post(accounts + "api/token", data=form, auth=("phone", "secret"), timeout=120)
    token = answer.json()["access_token"]
    url = workspace.settings.services.spotify.url + path
    answer = requests.request(method, url, headers={"Authorization": f"Bearer {token}"}, timeout=120, **options)
    answer.raise_for_status()
    return answer.json() if answer.content else None


@pytest.fixture(scope="session")
def phone() -> Callable[..., Any]:
    return api


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small world that no server touches: 400 songs, 16 playlists, 2,000 scrobbles in 19 months."""
    folder = tmp_path_factory.mktemp("made") / "world"
    generate(folder, songs=400, catalogue=1200, plays=2000, years=1.5, end=END)
    return folder


@pytest.fixture(scope="session")
def served(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox that tests share: they change nothing in it but the plan of faults."""
    folder = tmp_path_factory.mktemp("served") / "world"
    shutil.copytree(made, folder)
    command = [sys.executable, "-m", "spotify_ai_pipeline.sandbox", "--world", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT) as server:
        assert server.stdout is not None
        yield Sandbox(server.stdout.readline().split()[-1], folder)
        server.terminate()


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """The shared sandbox, without faults before and after."""
    served.fail()
    yield served
    served.fail()


@pytest.fixture
def own_sandbox(made: Path, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of this test alone, which may change it."""
    folder = tmp_path / "world"
    shutil.copytree(made, folder)
    with running(folder) as url:
        yield Sandbox(url, folder)


@pytest.fixture(autouse=True)
def in_no_time(clock: Clock) -> None:
    """The transport waits without waiting in all of these tests."""


@pytest.fixture
def workspace(sandbox: Sandbox, tmp_path: Path) -> Workspace:
    """A home signed in to the shared sandbox."""
    return sandbox.signed_in(tmp_path / "home")
