"""The OAuth flow, as spotipy and by hand."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOAuth, SpotifyOauthError

REDIRECT = "http://127.0.0.1:8888/callback"


@pytest.fixture
def oauth(base: str, monkeypatch: pytest.MonkeyPatch) -> SpotifyOAuth:
    monkeypatch.setattr(SpotifyOAuth, "OAUTH_TOKEN_URL", f"{base}/accounts/api/token")
    monkeypatch.setattr(SpotifyOAuth, "OAUTH_AUTHORIZE_URL", f"{base}/accounts/authorize")
    return SpotifyOAuth(
        "app", "secret", REDIRECT, state="abc", scope="user-top-read", cache_handler=MemoryCacheHandler()
    )


def _code(oauth: SpotifyOAuth) -> str:
    back = requests.get(oauth.get_authorize_url(), allow_redirects=False, timeout=120)
    answer = parse_qs(urlsplit(back.headers["location"]).query)
    assert back.status_code == 302 and answer["state"] == ["abc"]
    return answer["code"][0]


def test_code_flow_of_spotipy(oauth: SpotifyOAuth, base: str, client: Any) -> None:
    code = _code(oauth)
    token = oauth.get_access_token(code, check_cache=False)
    assert token["token_type"] == "Bearer" and token["scope"] == "user-top-read" and token["refresh_token"]
    assert client(base, token["access_token"]).me()["id"] == "otterling"
    with pytest.raises(SpotifyOauthError, match="invalid_grant"):
        oauth.get_access_token(code, check_cache=False)
    renewed = oauth.refresh_access_token(token["refresh_token"])
    assert renewed["access_token"] != token["access_token"]
    with pytest.raises(SpotifyOauthError, match="invalid_grant"):
        oauth.refresh_access_token("unknown")


def test_token_endpoint(base: str, login: Any) -> None:
    token = login(base)
    form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    url = f"{base}/accounts/api/token"
    in_body = requests.post(url, data=form | {"client_id": "app", "client_secret": "secret"}, timeout=120)
    assert in_body.status_code == 200 and "refresh_token" not in in_body.json()
    assert requests.post(url, data=form, timeout=120).json()["error"] == "invalid_client"
    assert requests.post(url, data=form, auth=("other", "secret"), timeout=120).json()["error"] == "invalid_grant"
    assert requests.post(url, data={}, auth=("app", "s"), timeout=120).json()["error"] == "unsupported_grant_type"


def test_redirect_must_match(base: str, oauth: SpotifyOAuth) -> None:
    form = {"grant_type": "authorization_code", "code": _code(oauth), "redirect_uri": "http://127.0.0.1:1/other"}
    answer = requests.post(f"{base}/accounts/api/token", data=form, auth=("app", "secret"), timeout=120)
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("http://127.0.0.1:8888/callback", 302), ("http://[::1]:9/x", 302), ("https://example.org/cb", 302),
        ("http://localhost:8888/callback", 400), ("https://localhost/cb", 400), ("http://example.org/cb", 400), ("", 400),
    ],
)  # fmt: skip
def test_redirect_uris(base: str, uri: str, status: int) -> None:
    query = {"response_type": "code", "client_id": "app", "redirect_uri": uri}
    assert (
        requests.get(f"{base}/accounts/authorize", params=query, allow_redirects=False, timeout=120).status_code
        == status
    )


def test_client_credentials(base: str, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SpotifyClientCredentials, "OAUTH_TOKEN_URL", f"{base}/accounts/api/token")
    manager = SpotifyClientCredentials("app", "secret", cache_handler=MemoryCacheHandler())
    spotify = client(base, manager.get_access_token(as_dict=False))
    assert spotify.search("rain", limit=1)["tracks"]["items"]
    with pytest.raises(Exception, match="user authentication"):
        spotify.current_user_saved_tracks()
