"""Signing in to Spotify: the authorisation-code flow, and the token in a file that only its owner reads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from spotipy.cache_handler import CacheHandler
from spotipy.oauth2 import SpotifyOAuth

from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.services.transport import Transport
from spotify_ai_pipeline.storage.home import Home

SCOPES = (
    "user-library-read",
    "user-read-recently-played",
    "user-top-read",
    "playlist-read-private",
    "playlist-read-collaborative",
    "playlist-modify-private",
)


class NotConnected(Problem):
    """No app is configured: says what to do."""


def oauth(home: Home) -> SpotifyOAuth:
    """spotipy's authorisation-code flow over our transport, with the token kept at ``home.token_file``."""
    secrets = home.secrets
    if not secrets.spotify_client_id:
        raise NotConnected(
            "no Spotify app is configured: set SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET in .env (see .env.example)"
        )
    transport = Transport("spotify_accounts", home.settings.services.spotify_accounts, home.state)
    auth = SpotifyOAuth(
        client_id=secrets.spotify_client_id,
        client_secret=secrets.spotify_client_secret.get_secret_value(),
        redirect_uri=home.settings.spotify.redirect_uri,
        scope=" ".join(SCOPES),
        cache_handler=TokenFile(home.token_file),
        requests_session=transport.session,  # pyright: ignore[reportArgumentType]  # or a Session
        open_browser=False,
    )
    vars(auth).update(
        OAUTH_AUTHORIZE_URL=transport.service.url + "authorize", OAUTH_TOKEN_URL=transport.service.url + "api/token"
    )
    return auth


class TokenFile(CacheHandler):
    """The token as JSON in ``path``, mode 0600 from its first byte on, replaced whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get_cached_token(self) -> dict[str, Any] | None:
        return json.loads(self.path.read_text()) if self.path.exists() else None

    def save_token_to_cache(self, token_info: dict[str, Any]) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            json.dump(token_info, stream)
        fresh.replace(self.path)
