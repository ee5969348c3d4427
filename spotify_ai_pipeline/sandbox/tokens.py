"""Spotify's codes and tokens, kept over restarts."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from base64 import urlsafe_b64encode

from . import clock

ACCESS_S = 3600
_CODE_S = 600
_REFRESH_S = 182.5 * 86_400  # refresh tokens die six months after the listener agreed


class Tokens:
    """Issues and checks codes, refresh tokens and access tokens. Everything is committed when a method returns."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._challenges: dict[str, str] = {}

    def new_code(self, client_id: str, redirect_uri: str, scope: str, challenge: str = "") -> str:
        """A code to be redeemed once, by who knows the verifier of `challenge` where there is one."""
        code = secrets.token_urlsafe(48)
        if challenge:
            self._challenges[code] = challenge
        self._db.execute("INSERT INTO code VALUES (?, ?, ?, ?, ?)", (code, client_id, redirect_uri, scope, clock.now()))
        return code

    def redeem(self, code: str, client_id: str, redirect_uri: str, verifier: str = "") -> tuple[str, str, str] | None:
        """Access token, refresh token and scope for a code, None when it is not (or no longer) good."""
        row = self._db.execute(
            "DELETE FROM code WHERE code = ? RETURNING client_id, redirect_uri, scope, issued_at", (code,)
        ).fetchone()
        if row is None or row[:2] != (client_id, redirect_uri) or clock.now() - row[3] > _CODE_S:
            return None
        digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if self._challenges.pop(code, digest) != digest:
            return None
        refresh = secrets.token_urlsafe(96)
        self._db.execute("INSERT INTO refresh VALUES (?, ?, ?, ?)", (refresh, client_id, row[2], clock.now()))
        return self.new_access(row[2]), refresh, row[2]

    def refresh(self, token: str, client_id: str) -> tuple[str, str] | None:
        """A new access token and its scope, None when the refresh token is unknown, another client's or too old."""
        row = self._db.execute(
            "SELECT client_id, scope, authorized_at FROM refresh WHERE token = ?", (token,)
        ).fetchone()
        if row is None or row[0] != client_id or clock.now() - row[2] > _REFRESH_S:
            return None
        return self.new_access(row[1]), row[1]

    def new_access(self, scope: str | None) -> str:
        """An access token with the scopes of `scope` (apart by spaces); None = a client's own, without a user."""
        token = secrets.token_urlsafe(96)
        self._db.execute("INSERT INTO access VALUES (?, ?, ?)", (token, scope, clock.now() + ACCESS_S))
        return token

    def expire(self) -> None:
        """Ends every access token; refresh tokens stay good."""
        self._db.execute("UPDATE access SET expires_at = 0")

    def scopes(self, token: str) -> tuple[bool, frozenset[str]] | None:
        """Tells whether a live token stands for a user, and its scopes; None when it is unknown or expired."""
        row = self._db.execute("SELECT scope, expires_at FROM access WHERE token = ?", (token,)).fetchone()
        if row is None or row[1] < clock.now():
            return None
        return row[0] is not None, frozenset((row[0] or "").split())
