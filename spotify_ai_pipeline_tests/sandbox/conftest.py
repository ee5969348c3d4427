"""A small world served over real HTTP, and clients that talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import spotipy

from spotify_ai_pipeline.sandbox.generate import generate
from spotify_ai_pipeline.sandbox.testing import running

END = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
REDIRECT = "http://127.0.0.1:8888/callback"
SCOPES = (
    "user-library-read user-library-modify user-top-read user-read-recently-played playlist-read-private "
    "playlist-read-collaborative playlist-modify-private playlist-modify-public user-follow-read"
)


class ByContract(spotipy.Spotify):
    """spotipy, with the three calls as the contract has them: two paths without a slash at the end, and adds as an object."""

    def me(self) -> Any:
        return self._get("me")

    def album_tracks(self, album_id: str, limit: int = 50, offset: int = 0, market: str | None = None) -> Any:
        return self._get(f"albums/{album_id}/tracks", limit=limit, offset=offset, market=market)

    def playlist_add_items(self, playlist_id: str, items: Any, position: int | None = None) -> Any:
        where = {} if position is None else {"position": position}
        return self._post(f"playlists/{playlist_id}/items", payload={"uris": items, **where})


@pytest.fixture(scope="session")
def small() -> dict[str, Any]:
    """Sizes of the small world."""
    return {"songs": 240, "catalogue": 1200, "plays": 3000, "years": 1, "end": END}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, small: dict[str, Any]) -> Path:
    """The folder of a small world that no server touches."""
    folder = tmp_path_factory.mktemp("made") / "world"
    generate(folder, **small)
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, small: dict[str, Any]) -> Iterator[str]:
    """A running sandbox of the small world. Tests share it: they change only what they made."""
    folder = tmp_path_factory.mktemp("served") / "world"
    generate(folder, **small)
    with running(folder) as url:
        yield url


@pytest.fixture(scope="session")
def login() -> Callable[..., dict[str, Any]]:
    """Goes through the OAuth flow of a sandbox: (base URL, scopes) -> the answer of the token endpoint."""

    def go(base: str, scopes: str = SCOPES) -> dict[str, Any]:
        query = {"response_type": "code", "client_id": "app", "redirect_uri": REDIRECT, "scope": scopes, "state": "s"}
        back = requests.get(f"{base}/accounts/authorize", params=query, allow_redirects=False, timeout=120)
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        return requests.post(f"{base}/accounts/api/token", data=form, auth=("app", "secret"), timeout=120).json()

    return go


@pytest.fixture(scope="session")
def client() -> Callable[[str, str], spotipy.Spotify]:
    """spotipy pointed at a sandbox: (base URL, access token) -> client without retries."""

    def make(base: str, token: str) -> spotipy.Spotify:
        spotify = ByContract(auth=token, retries=0, status_retries=0)
        spotify.prefix = f"{base}/spotify/v1/"
        return spotify

    return make


@pytest.fixture(scope="session")
def token(base: str, login: Callable[..., dict[str, Any]]) -> str:
    """An access token with every scope the pipeline asks for."""
    return login(base)["access_token"]


@pytest.fixture(scope="session")
def sp(base: str, token: str, client: Callable[[str, str], spotipy.Spotify]) -> spotipy.Spotify:
    """spotipy, logged in."""
    return client(base, token)


@pytest.fixture
def playlist(sp: spotipy.Spotify) -> Iterator[str]:
    """The id of a new private playlist, gone from the library afterwards."""
    made = sp.current_user_playlist_create("A test", public=False)["id"]
    yield made
    sp._delete("me/library", uris=f"spotify:playlist:{made}")
