"""Signing in to Spotify: the authorisation-code flow, the token in a file that only its owner reads, and its end.

A refresh token dies six months after the listener agreed, however often it is used. From then on Spotify answers
``invalid_grant``: the token is thrown away, one alert is raised, and nothing is asked again until the next sign-in.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any, NoReturn

from spotipy.cache_handler import CacheHandler
from spotipy.oauth2 import SpotifyOAuth, SpotifyOauthError

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients.transport import Transport
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.errors import Refused, UserError
from spotify_ai_pipeline.storage import alerts
from spotify_ai_pipeline.storage.workspace import Workspace

SCOPES = (
    "user-library-read",
    "user-library-modify",
    "user-read-recently-played",
    "playlist-read-private",
    "playlist-read-collaborative",
    "playlist-modify-private",
)

ALERT = "spotify sign-in"
SIGNED_IN = "spotify_signed_in_at"
USER, CAPABILITIES = "spotify_user", "spotify_capabilities"
"""Facts about the account and the app, learned once a sign-in."""

WARN_DAYS, LIFE_DAYS = 150, 182


class NotConnected(UserError):
    """No app is configured: says what to do."""


class NeedsSignIn(UserError):
    """Nobody is signed in (any more): says what to do."""


class SignInRefused(Refused):
    """Spotify did not take what the sign-in brought: says why and what to do."""


def oauth(workspace: Workspace) -> Auth:
    """The authorisation-code flow over our transport, with the token kept at ``home.token_file``."""
    return Auth(workspace)


class Auth(SpotifyOAuth):
    """spotipy's flow, which never asks at a terminal in the middle of a run and never asks twice about a dead token."""

    def __init__(self, workspace: Workspace) -> None:
        app = workspace.secrets
        if not app.spotify_client_id:
            raise NotConnected(
                "no Spotify app is configured: set SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET in .env (see .env.example)"
            )
        # Asking for an access token changes nothing: with one refresh token it may be repeated.
        service = workspace.settings.services.spotify_accounts
        transport = Transport("spotify_accounts", service, workspace.state, safe_posts=True)
        super().__init__(
            client_id=app.spotify_client_id,
            client_secret=app.spotify_client_secret.get_secret_value(),
            redirect_uri=workspace.settings.spotify.redirect_uri,
            scope=" ".join(SCOPES),
            state=secrets.token_urlsafe(16),
            cache_handler=TokenFile(workspace.token_file),
            requests_session=transport.session,  # pyright: ignore[reportArgumentType]  # or a Session
            open_browser=True,
        )
        self.workspace = workspace
        vars(self).update(
            OAUTH_AUTHORIZE_URL=transport.service.url + "authorize", OAUTH_TOKEN_URL=transport.service.url + "api/token"
        )

    def from_browser(self) -> str:
        """Opens the browser and waits on the redirect address for what Spotify sends: the code."""
        try:
            return str(super().get_auth_response(open_browser=True))
        except SpotifyOauthError as error:
            raise SignInRefused(f"nobody agreed ({error}); run `spotify-ai login` again") from None
        except OSError as error:
            raise SignInRefused(
                f"{self.redirect_uri} cannot be listened on ({error.strerror}); stop what uses it,"
                " or run `spotify-ai login --paste`"
            ) from None

    def sign_in(self, code: str) -> None:
        """Trades ``code`` for a token; what was known of an older sign-in is forgotten."""
        try:
            self.get_access_token(code, as_dict=False, check_cache=False)
        except SpotifyOauthError as error:
            raise SignInRefused(
                f"Spotify refused the code ({error.error_description or error.error}); run `spotify-ai login` again"
            ) from None
        state = self.workspace.state
        state.set_fact(SIGNED_IN, clock.now())
        for about in (USER, CAPABILITIES):
            state.set_fact(about, None)
        alerts.resolve_alert(state, ALERT)

    def renew(self) -> None:
        """A fresh access token in the place of one that died before its time."""
        if (kept := self.cache_handler.get_cached_token()) is None:
            raise NeedsSignIn("Spotify needs you to sign in again; run `spotify-ai login`")
        self.refresh_access_token(kept["refresh_token"])

    def refresh_access_token(self, refresh_token: str) -> dict[str, Any]:
        """A fresh access token; an answer without a refresh token keeps the old one (spotipy sees to it)."""
        try:
            return super().refresh_access_token(refresh_token)
        except SpotifyOauthError as error:
            if error.error == "invalid_grant":
                self._end(refresh_token)
            raise

    def get_auth_response(self, open_browser: bool | None = None) -> NoReturn:
        """spotipy asks at the terminal where a token lacks a scope; a run has none."""
        raise NeedsSignIn("the sign-in lacks a permission that is needed now; run `spotify-ai login`")

    def _end(self, refresh_token: str) -> NoReturn:
        kept = self.cache_handler.get_cached_token()
        if kept and kept["refresh_token"] == refresh_token:  # else somebody signed in meanwhile
            self.workspace.token_file.unlink(missing_ok=True)
            alerts.raise_alert(
                self.workspace.state,
                ALERT,
                "Spotify needs you to sign in again (a sign-in ends after six months); run `spotify-ai login`",
            )
        raise NeedsSignIn("Spotify needs you to sign in again; run `spotify-ai login`")


class TokenFile(CacheHandler):
    """The token as JSON in ``path``, mode 0600 from its first byte on, replaced whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get_cached_token(self) -> dict[str, Any] | None:
        return json.loads(self.path.read_text()) if self.path.exists() else None

    def save_token_to_cache(self, token_info: dict[str, Any]) -> None:
        fresh = self.path.with_suffix(f".{secrets.token_hex(4)}.new")  # two processes may refresh at once
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                json.dump(token_info, stream)
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(self.path)
        finally:
            fresh.unlink(missing_ok=True)


def sign_in_state(workspace: Workspace) -> str:
    """``signed in``, ``needs sign-in`` (it was refused), or ``not connected``."""
    if workspace.token_file.exists():
        return "signed in"
    return "needs sign-in" if alerts.is_open(workspace.state, ALERT) else "not connected"


def sign_in_age(workspace: Workspace) -> int | None:
    """Whole days since the listener signed in; None where nobody is signed in or the day is not known."""
    at = workspace.state.fact(SIGNED_IN)
    return int((clock.now() - at) // DAY) if at is not None and workspace.token_file.exists() else None


def days_left(workspace: Workspace) -> int | None:
    """Days until the sign-in ends; None where that is not known."""
    age = sign_in_age(workspace)
    return None if age is None else max(LIFE_DAYS - age, 0)


def sign_in_warning(workspace: Workspace) -> str | None:
    """One line where the sign-in is about to end, or has ended; else None."""
    if sign_in_state(workspace) == "needs sign-in":
        return "Spotify needs you to sign in again; run `spotify-ai login`"
    age = sign_in_age(workspace)
    if age is None or age < WARN_DAYS:
        return None
    return f"your Spotify sign-in is {age} days old and ends in {days_left(workspace)} days; run `spotify-ai login` to renew it"
