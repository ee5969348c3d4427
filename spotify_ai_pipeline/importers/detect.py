"""Finding: which files, in folders and archives too, are exports, and of which format."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers import (
    charts,
    lastfm_csv,
    listenbrainz,
    rateyourmusic,
    spotify_account,
    spotify_history,
)

FORMATS: Sequence[ModuleType] = (spotify_history, spotify_account, listenbrainz, lastfm_csv, rateyourmusic, charts)
HEAD_BYTES, BUFFER_BYTES = 65_536, 2**20
MOST_BYTES = 20 * 2**30
"""A file that is larger, once unpacked, is refused: a life of listening is a few gigabytes of JSON."""


class UnknownFormat(UserError):
    """A file that is no export we can read: says which, and what can be read."""


@dataclass(frozen=True)
class Export:
    """A file that holds an export, alone or within an archive."""

    path: Path
    member: str
    kind: ModuleType
    size: int

    @property
    def name(self) -> str:
        return f"{self.path}:{self.member}" if self.member else str(self.path)


def find(paths: Sequence[Path]) -> list[Export]:
    """The exports in ``paths``: files, archives, folders. Files of other kinds in archives and folders are passed over.

    Raises ``UnknownFormat`` for a file, archive or folder that holds none, and ``OSError`` for one that cannot be read.
    """
    found: list[Export] = []
    for path in paths:
        inside = sorted(child for child in path.rglob("*") if child.is_file()) if path.is_dir() else [path]
        exports = [export for file in inside for export in _exports(file)]
        if not exports:
            kinds = ", ".join(module.NAME for module in FORMATS)
            raise UnknownFormat(f"{path}: holds no export that can be read; those are: {kinds}")
        if large := next((export for export in exports if export.size > MOST_BYTES), None):
            raise UserError(f"{large.name}: {large.size:,} bytes are more than is taken in; split the file")
        found += exports
    return found


def _exports(file: Path) -> list[Export]:
    if not zipfile.is_zipfile(file):
        with file.open("rb") as stream:
            kind = _kind(file.name, stream.read(HEAD_BYTES))
        return [Export(file, "", kind, file.stat().st_size)] if kind else []
    found: list[Export] = []
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                with archive.open(member) as stream:
                    kind = _kind(member.filename, stream.read(HEAD_BYTES))
                if kind:
                    found.append(Export(file, member.filename, kind, member.file_size))
    return found


def _kind(name: str, head: bytes) -> ModuleType | None:
    return next((module for module in FORMATS if module.recognises(name, head)), None)


@contextmanager
def opened(export: Export, tell: Callable[[int], None]) -> Generator[io.BufferedReader]:
    """The content of ``export``; ``tell`` is told how many bytes of it were read."""
    with _raw(export) as raw:
        yield io.BufferedReader(_Counted(raw, tell), BUFFER_BYTES)


@contextmanager
def _raw(export: Export) -> Generator[IO[bytes]]:
    if not export.member:
        with export.path.open("rb") as stream:
            yield stream
        return
    with zipfile.ZipFile(export.path) as archive, archive.open(export.member) as stream:
        yield stream


class _Counted(io.RawIOBase):
    """A stream that tells how far it was read."""

    def __init__(self, stream: IO[bytes], tell: Callable[[int], None]) -> None:
        self._stream, self._tell, self._done = stream, tell, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._done += len(chunk)
        self._tell(self._done)
        return len(chunk)
