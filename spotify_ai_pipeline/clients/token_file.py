"""The file that keeps the sign-in to Spotify: only its owner reads it, and it is replaced whole."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from spotify_ai_pipeline.errors import Corrupt


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
