"""Versions of the lake on the disk: how each describes itself, and whether all of it is there."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import polars as pl

from spotify_ai_pipeline.storage.durable import Place, is_local

POINTER, ABOUT = "current.json", "version.json"
WRITTEN_AT = "%Y%m%dT%H%M%S%f"
"""How the name of a version begins: folders in a bucket have no time of their own."""
PARQUET = b"PAR1"
"""How a Parquet file begins and ends."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Version:
    """The entry of ``current.json`` for one version of a dataset, and ``version.json`` in its folder."""

    version: str
    files: list[str]
    rows: int
    schema: dict[str, str]
    code_version: str
    inputs: dict[str, str] = field(default_factory=dict[str, str])
    created_at: str = ""
    sizes: dict[str, int] = field(default_factory=dict[str, int])
    """Bytes of each file; empty for a version that was written before they were noted."""
    digest: str = ""
    """A hash over what all files hold: two versions with one digest are the same."""


def written_at(version: Place) -> datetime:
    said = version.name.removeprefix("v=").partition("-")[0]
    return datetime.strptime(said, WRITTEN_AT).replace(tzinfo=UTC)


def digest_of(files: Iterable[Place]) -> str:
    told = hashlib.sha256()
    for file in files:
        told.update(f"{file.name} {file.stat().st_size}\n".encode())
        with file.open("rb") as stream:
            for chunk in iter(lambda: stream.read(CHUNK), b""):  # read before the next file
                told.update(chunk)
    return told.hexdigest()


def as_json(version: Version) -> str:
    return json.dumps(asdict(version), indent=1)


def read_version(place: Place, file: Place, *, thoroughly: bool = False) -> tuple[Version | None, str]:
    """Gives what ``file`` says of a version in ``place``, and what keeps it from being read, in words; empty where it
    is whole. Raises ``FileNotFoundError`` where there is no such file."""
    try:
        version = Version(**json.loads(file.read_bytes()))
        named = [place / name for name in version.files]
    except (ValueError, TypeError, AttributeError):
        return None, f"{file.name} is damaged"
    if not is_local(place):
        return version, ""  # an object is put whole or not at all
    for path, name in zip(named, version.files, strict=True):
        if not path.is_file():
            return version, f"{name} is missing"
        if path.stat().st_size != version.sizes.get(name, path.stat().st_size) or not _is_parquet(path):
            return version, f"{name} is damaged"
        if thoroughly and name.endswith(".parquet") and not _can_be_read(path):
            return version, f"{name} is damaged"
    return version, ""


def _is_parquet(path: Place) -> bool:
    """Tells whether a Parquet file ends as one does; any other file is what it is."""
    if not path.name.endswith(".parquet"):
        return True
    with path.open("rb") as stream:
        if stream.seek(0, io.SEEK_END) < 2 * len(PARQUET):
            return False
        stream.seek(-len(PARQUET), io.SEEK_END)
        return stream.read() == PARQUET


def _can_be_read(path: Place) -> bool:
    try:
        pl.scan_parquet(str(path), glob=False).select(pl.all().null_count()).collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError):
        return False
    return True


def newest_whole(place: Place, *, thoroughly: bool = False) -> Version | None:
    for about in sorted(place.glob(f"v=*/{ABOUT}"), key=str, reverse=True):
        version, harm = read_version(place, about, thoroughly=thoroughly)
        if version is not None and not harm:
            return version
    return None
