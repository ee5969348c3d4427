"""Finding: which files, in folders and archives too, are exports, and of which format."""

from __future__ import annotations

import io
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers import (
    charts,
    lastfm_xml,
    listenbrainz,
    ratings,
    scrobble_tables,
    scrobbles_json,
    spotify_account,
    spotify_history,
    spotify_library,
)
from spotify_ai_pipeline.importers.parse import HEAD_BYTES

FORMATS: Sequence[ModuleType] = (
    spotify_history,
    spotify_account,
    listenbrainz,
    scrobbles_json,
    lastfm_xml,
    spotify_library,
    ratings,
    scrobble_tables,
    charts,
)
BUFFER_BYTES = 2**20
MOST_BYTES = 20 * 2**30
"""A file that is larger, once unpacked, is refused: a life of listening is a few gigabytes of JSON."""
_ENCRYPTED = 0x1
_DAMAGE = (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, zlib.error, lzma.LZMAError, struct.error)
"""What reading a damaged or odd archive, or a file that cannot be opened, ends in."""


class UnknownFormat(UserError):
    """A file that is no export we can read: says which, and what can be read."""


class Unreadable(UserError):
    """A file that cannot be opened, or is damaged, encrypted or no file at all: says which and why."""


@dataclass(frozen=True)
class Export:
    """A file that holds an export, alone or within an archive; or one of which ``problem`` says why it cannot be read."""

    path: Path
    member: zipfile.ZipInfo | None = None
    kind: ModuleType | None = None
    size: int = 0
    problem: str = ""
    nth: int = 1
    """Which of the archive's members of this name this is."""

    @property
    def name(self) -> str:
        again = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.path}:{self.member.filename}{again}" if self.member else str(self.path)

    @property
    def file_name(self) -> str:
        """The bare name, without folders."""
        return Path(self.member.filename if self.member else self.path).name


def find(paths: Sequence[Path]) -> list[Export]:
    """The exports in ``paths``: files, archives, folders. Files of other kinds in archives and folders are passed over; one
    that should be read and cannot be is there with its problem.

    Raises ``UnknownFormat`` for a file, archive or folder that holds none, and ``Unreadable`` where none can be read.
    """
    found: list[Export] = []
    for path in paths:
        inside = sorted(child for child in path.rglob("*") if is_regular(child)) if path.is_dir() else [path]
        exports = [export for file in inside for export in _exports(file)]
        if not exports:
            kinds = ", ".join(module.NAME for module in FORMATS)
            raise UnknownFormat(f"{path}: holds no export that can be read; those are: {kinds}")
        found += exports
    if found and all(export.problem for export in found):
        raise Unreadable(found[0].problem)
    return found


def is_regular(path: Path) -> bool:
    """Tells whether ``path`` is a file that ends: no pipe, no device, no link to one."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _exports(file: Path) -> list[Export]:
    try:
        with _regular(file) as stream:
            if not zipfile.is_zipfile(stream):
                stream.seek(0)
                kind, size = _kind(file.name, stream.read(HEAD_BYTES)), file.stat().st_size
                return [_bounded(Export(file, None, kind, size))] if kind else []
            with zipfile.ZipFile(stream) as archive:
                return _members(file, archive)
    except Unreadable as problem:
        return [Export(file, problem=str(problem))]
    except _DAMAGE as error:
        return [Export(file, problem=_damaged(str(file), error))]


def _members(file: Path, archive: zipfile.ZipFile) -> list[Export]:
    found, seen = list[Export](), dict[str, int]()
    for member in archive.infolist():
        if member.is_dir() or "__MACOSX/" in member.filename:
            continue
        nth = seen[member.filename] = seen.get(member.filename, 0) + 1
        whole = Export(file, member, None, member.file_size, nth=nth)
        try:
            with _opened_member(archive, member, whole.name) as stream:
                kind = _kind(member.filename, stream.read(HEAD_BYTES))
        except Unreadable as problem:
            found.append(Export(file, member, problem=str(problem), nth=nth))
            continue
        except _DAMAGE as error:
            found.append(Export(file, member, problem=_damaged(whole.name, error), nth=nth))
            continue
        if kind:
            found.append(_bounded(Export(file, member, kind, member.file_size, nth=nth)))
    return found


def _bounded(export: Export) -> Export:
    if export.size <= MOST_BYTES:
        return export
    problem = f"{export.name}: {export.size:,} bytes are more than is taken in; split the file"
    return Export(export.path, export.member, problem=problem, nth=export.nth)


def _kind(name: str, head: bytes) -> ModuleType | None:
    return next((module for module in FORMATS if module.recognises(name, head)), None)


@contextmanager
def opened(export: Export, tell: Callable[[int], None]) -> Generator[io.BufferedReader]:
    """The content of ``export``; ``tell`` is told how many bytes of it were read. Raises ``Unreadable`` where it is damaged,
    then or later."""
    try:
        with _raw(export) as raw:
            yield io.BufferedReader(_Counted(raw, tell), BUFFER_BYTES)
    except _DAMAGE as error:
        raise Unreadable(_damaged(export.name, error)) from error


@contextmanager
def _raw(export: Export) -> Generator[IO[bytes]]:
    with _regular(export.path) as stream:
        if export.member is None:
            yield stream
            return
        with zipfile.ZipFile(stream) as archive, _opened_member(archive, export.member, export.name) as member:
            yield member


@contextmanager
def _regular(file: Path) -> Generator[IO[bytes]]:
    """``file``, where it is a regular one; a pipe is not waited for."""
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise Unreadable(f"{file}: is no regular file, and cannot be read")
        yield stream


def _opened_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> IO[bytes]:
    """A member by its place in the archive: two may have one name."""
    if member.flag_bits & _ENCRYPTED:
        raise Unreadable(f"{name}: is encrypted; unpack the archive with its password, and import what was in it")
    return archive.open(member)


def _damaged(name: str, error: BaseException) -> str:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return f"{name}: cannot be read ({why}); get the file anew, or unpack the archive by hand"


class _Counted(io.RawIOBase):
    """A stream that tells how far it was read, and ends where it is longer than it may be."""

    def __init__(self, stream: IO[bytes], tell: Callable[[int], None]) -> None:
        self._stream, self._tell, self._done = stream, tell, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._done += len(chunk)
        if self._done > MOST_BYTES:
            raise OSError("longer than is taken in")
        self._tell(self._done)
        return len(chunk)
