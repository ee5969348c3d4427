"""Errors in words: what, where, and what to do, in one line."""

from __future__ import annotations

import errno
import sqlite3

from spotify_ai_pipeline.services.lastfm import LastFmError
from spotify_ai_pipeline.services.spotify import SpotifyError
from spotify_ai_pipeline.services.spotify_auth import NotConnected
from spotify_ai_pipeline.services.transport import Deferred
from spotify_ai_pipeline.settings import SettingsError
from spotify_ai_pipeline.storage.lake import LakeError
from spotify_ai_pipeline.storage.state import StateError


class UsageProblem(RuntimeError):
    """Something that the person at the keyboard can put right; the message says how."""


SAID_WELL = (UsageProblem, SettingsError, StateError, LakeError, SpotifyError, LastFmError, NotConnected, Deferred)

REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space; what was there before is untouched",
    errno.EROFS: "the folder is on a read-only disk: set SPOTIFY_AI_DATA to one that can be written",
    errno.EACCES: "no permission: change the owner of the folder, or set SPOTIFY_AI_DATA to one that can be written",
    errno.EEXIST: "a file is where a folder is needed: move it away, or set SPOTIFY_AI_DATA to another place",
    errno.ENOTDIR: "a file is where a folder is needed: move it away, or set SPOTIFY_AI_DATA to another place",
    errno.ENOENT: "there is no such file or folder",
}


def explain(error: BaseException) -> str | None:
    """One line for an error that a person can act on; None for one that is our own mistake."""
    for cause in _chain(error):
        if isinstance(cause, SAID_WELL):
            return str(cause.args[0] if isinstance(cause, LakeError) else cause)
        if isinstance(cause, OSError) and cause.errno is not None:
            where = f"{cause.filename}: " if cause.filename else ""
            return where + REMEDIES.get(cause.errno, cause.strerror or str(cause))
        if isinstance(cause, sqlite3.OperationalError):
            return f"the disk is full or cannot be written ({cause}): free some space; what was there before is untouched"
    return None


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error and its causes, the root last."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain
