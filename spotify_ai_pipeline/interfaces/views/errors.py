"""Errors in words: what, where, and what to do, in one line."""

from __future__ import annotations

import errno
import sqlite3

from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.storage.sqlite_files import is_damage

REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space; existing data is untouched",
    errno.EROFS: "the folder is on a read-only disk: set SPOTIFY_AI_DATA to one that can be written",
    errno.EACCES: "no permission: change the owner of the folder, or set SPOTIFY_AI_DATA to one that can be written",
    errno.EEXIST: "a file is where a folder is needed: move it away, or set SPOTIFY_AI_DATA to another place",
    errno.ENOTDIR: "a file is where a folder is needed: move it away, or set SPOTIFY_AI_DATA to another place",
    errno.ENOENT: "there is no such file or folder",
}


def explain(error: BaseException) -> str | None:
    """One line for an error that a person can act on; None for one that is our own mistake."""
    for cause in _chain(error):
        if isinstance(cause, ExpectedError):
            return str(cause)
        if isinstance(cause, OSError) and cause.errno is not None:
            where = f"{cause.filename}: " if cause.filename else ""
            return where + REMEDIES.get(cause.errno, cause.strerror or str(cause))
        if is_damage(cause):
            return f"a kept file is damaged ({cause}): `spotify-ai doctor` names it and says what to do"
        if isinstance(cause, sqlite3.OperationalError):
            return f"the disk is full or cannot be written ({cause}): free some space; existing data is untouched"
    return None


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error and its causes, the root last."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain
