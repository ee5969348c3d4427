"""The sign-in to Spotify, as known from the file and the state alone: whether it stands, how old it is, when it ends.

Nothing is asked here, and no library for the web is imported: every face looks this up.
"""

from __future__ import annotations

import json
import math
import os
import secrets
from pathlib import Path
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.errors import Corrupt
from spotify_ai_pipeline.storage import alerts
from spotify_ai_pipeline.storage.workspace import Workspace

SCOPES = (
    "user-library-read",
    "user-library-modify",
    "user-read-recently-played",
    "user-top-read",
    "playlist-read-private",
    "playlist-read-collaborative",
    "playlist-modify-private",
    "playlist-modify-public",
)

ALERT = "spotify sign-in"
DOUBT_ALERT = "spotify sign-in in doubt"
SIGNED_IN = "spotify_signed_in_at"
DOUBT = "spotify_sign_in_doubted"
"""The fact that holds which refresh token was refused for the first time, and when."""
USER, CAPABILITIES = "spotify_user", "spotify_capabilities"
"""Facts about the account and the app, learned once a sign-in."""

WARN_DAYS, LIFE_DAYS = 150, 182
SIGNED_IN_STATE, UNREADABLE_STATE = "signed in", "the sign-in cannot be read"
SIGN_IN_AGAIN = "Spotify needs you to sign in again; run `spotify-ai login`"


def sign_in_trouble(workspace: Workspace) -> str | None:
    """Says why the token that is kept cannot be used, and what to do; None where it can, or where there is none."""
    try:
        TokenFile(workspace.token_file).get_cached_token()
    except SignInUnreadable as error:
        return str(error)
    return None


def sign_in_state(workspace: Workspace) -> str:
    """``signed in``, ``needs sign-in`` (it was refused), ``the sign-in cannot be read``, or ``not connected``."""
    try:
        kept = TokenFile(workspace.token_file).get_cached_token()
    except SignInUnreadable:
        return UNREADABLE_STATE
    if kept is None:
        return "needs sign-in" if alerts.is_open(workspace.state, ALERT) else "not connected"
    lives = kept.get("refresh_token") or finite(kept.get("expires_at")) > clock.now()
    return SIGNED_IN_STATE if lives else "needs sign-in"


def lacking_scopes(workspace: Workspace) -> list[str]:
    """The scopes that are asked for now and were not granted by the sign-in that is kept."""
    kept = TokenFile(workspace.token_file).get_cached_token() or {}
    granted = set(str(kept.get("scope") or "").split())
    return [scope for scope in SCOPES if scope not in granted]


def sign_in_age(workspace: Workspace) -> int | None:
    """Whole days since the listener signed in; None where nobody is signed in or the day is not known."""
    at = workspace.state.fact(SIGNED_IN)
    if at is None or sign_in_state(workspace) != SIGNED_IN_STATE:
        return None
    return int((clock.now() - at) // DAY)


def days_left(workspace: Workspace) -> int | None:
    """Days until the sign-in ends; None where that is not known."""
    age = sign_in_age(workspace)
    return None if age is None else max(LIFE_DAYS - age, 0)


def sign_in_warning(workspace: Workspace) -> str | None:
    """One line where the sign-in is about to end, has ended, or cannot be read; else None."""
    if trouble := sign_in_trouble(workspace):
        return trouble
    if sign_in_state(workspace) == "needs sign-in":
        return SIGN_IN_AGAIN
    age = sign_in_age(workspace)
    if age is None or age < WARN_DAYS:
        return None
    return f"your Spotify sign-in is {age} days old and ends in {days_left(workspace)} days; run `spotify-ai login` to renew it"


def finite(value: object) -> float:
    """``value`` as a finite number; 0 where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0


class SignInUnreadable(Corrupt):
    """The file is there, and no sign-in is in it: says where and what to do."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the sign-in to Spotify in {path} cannot be read ({why}); run `spotify-ai login`")


class TokenFile:
    """The token as JSON in ``path``, mode 0600 from its first byte on. The methods bear spotipy's names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get_cached_token(self) -> dict[str, Any] | None:
        """The token, None where there is no file. Raises ``SignInUnreadable`` for a file without a token."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SignInUnreadable(self.path, error.strerror or type(error).__name__) from None
        if not content.strip(b"\0 \t\r\n"):
            raise SignInUnreadable(self.path, "it is empty")
        try:
            token = json.loads(content)
        except (ValueError, RecursionError):
            raise SignInUnreadable(self.path, "it is damaged") from None
        names = ("access_token", "refresh_token")
        there = [token[name] for name in names if token.get(name)] if isinstance(token, dict) else []
        if not there or not all(isinstance(text, str) and text.isascii() and text.isprintable() for text in there):
            raise SignInUnreadable(self.path, "it holds no token")
        return token

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
