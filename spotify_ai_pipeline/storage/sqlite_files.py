"""SQLite files that are damaged: how that is known, and how one that can be made anew is put aside."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage.durable import sync_folder

LOGGER = logging.getLogger(__name__)
SIDE_FILES = ("-wal", "-shm")


def is_damage(error: BaseException) -> bool:
    """Tells whether ``error`` says that the file is damaged, and not that it is busy or the disk full."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def harm(path: Path, *, thoroughly: bool = True) -> str:
    """Gives what is wrong with the file at ``path``, in SQLite's words; empty where it is whole, or not there.
    ``thoroughly`` reads all of it; else only the schema is looked at."""
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if thoroughly else "ok"
    except sqlite3.DatabaseError as error:
        return str(error) if is_damage(error) else ""
    return "" if said == "ok" else said.partition("\n")[0]


def put_aside(path: Path, why: str, is_it: str) -> Path:
    """Renames the damaged file at ``path`` and what SQLite keeps beside it, and says so. ``is_it`` says what was lost."""
    end = f".damaged-{clock.utc_now():%Y%m%dT%H%M%S}"
    for side in (*SIDE_FILES, ""):  # a new file must not meet the log of the old one
        file = path.with_name(path.name + side)
        if file.exists():
            file.rename(file.with_name(file.name + end))
    sync_folder(path.parent)
    aside = path.with_name(path.name + end)
    LOGGER.warning(f"{path}: damaged ({why}); it is put aside as {aside.name} and made anew: {is_it}")
    return aside
