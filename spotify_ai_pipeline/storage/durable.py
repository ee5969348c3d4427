"""Files that a power cut leaves whole: what is written is forced to the disk, and so is the folder that names it.

A file system may keep a new name before the content behind it, or lose the name of a file whose content it kept. So content
is synced before it gets its name, and the folder after. An object store does all this by itself.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias, cast

from spotify_ai_pipeline import clock

if TYPE_CHECKING:
    from upath import UPath

Place: TypeAlias = "UPath"
"""A path on a disk, which is a ``Path``, or in a bucket, which is a ``UPath`` with the same methods."""
_IN_A_BUCKET = re.compile(r"[a-z][a-z0-9+.-]*:/")


def place_of(address: str) -> Place:
    """The place of a lake. A bucket is listed anew each time: others write there too."""
    if not _IN_A_BUCKET.match(address):
        return cast(Place, Path(address))
    from upath import UPath  # takes as long as Polars; most lakes lie on a disk

    path = UPath(address)
    return path if is_local(path) else UPath(address, use_listings_cache=False)


def is_local(path: Path | Place) -> bool:
    return isinstance(path, Path) or path.protocol in ("", "file")


@contextmanager
def writing(path: Path | Place) -> Generator[IO[bytes]]:
    """The file at ``path``, new, with its content on the disk at the end. Its name is not yet: see ``sync_folder``."""
    with path.open("wb") as stream:
        yield stream
        if is_local(path):
            stream.flush()
            os.fsync(stream.fileno())


def sync_folder(folder: Path | Place) -> None:
    """Forces the names in ``folder`` to the disk: what was made, renamed or removed there."""
    if is_local(folder):
        handle = os.open(str(folder), os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def make_folder(folder: Path | Place) -> None:
    """Makes ``folder`` and those above it, each on the disk under its name."""
    if folder.is_dir():
        return
    if not is_local(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def swap(path: Path | UPath, text: str) -> None:
    """Replaces the file at ``path``: a reader finds the old text or the new, after a power cut too."""
    if not is_local(path):
        path.write_text(text)  # one small object: a put is atomic
        return
    fresh = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
    with writing(fresh) as stream:
        stream.write(text.encode())
    Path(str(fresh)).replace(str(path))
    sync_folder(path.parent)


def age_of(path: Path | Place) -> float:
    """Seconds since ``path`` was changed; 0 where it is gone meanwhile, which a living process saw to."""
    try:
        return clock.file_age(path.stat().st_mtime)
    except FileNotFoundError:
        return 0.0


def remove(place: Path | Place) -> None:
    """Removes the folder ``place`` with all that is in it."""
    if is_local(place):
        shutil.rmtree(str(place), ignore_errors=True)
    else:
        from upath import UPath

        UPath(place).rmdir(recursive=True)


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """One process at a time on ``folder``; the lock ends with the process."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_owned(path: Path) -> bool:
    """Tells whether a living process holds the lock on ``path``."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
