"""Made things: immutable versions of Parquet files with a pointer that is swapped last.

A dataset lives at ``<root>/<listener>/<layer>/<asset>[/<partition>]/``. Each write adds a folder ``v=<version>`` and then
replaces ``current.json``, which names the version's files: a reader sees the old version or the new one, and a
killed writer leaves the old. Paths are UPaths, so that a bucket serves as well as a disk.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import uuid
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import polars as pl
from upath import UPath

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError

POINTER = "current.json"
WRITTEN_AT = "%Y%m%dT%H%M%S%f"
"""How the name of a version begins: folders in a bucket have no time of their own."""
KEEP_VERSIONS = 3
KEEP_SECONDS = 86_400.0
"""A reader that took the pointer may still open the files; younger versions are never removed."""


class LakeError(UserError):
    """A dataset was never made. The message says which, and what makes it."""


Schema = Mapping[str, pl.DataType]
ANY_WIDTH = 0
"""Width of an array in a schema that admits any width."""


@dataclass(frozen=True)
class Dataset:
    """A named table of the lake, kept in the folder ``layer/name``. The register (``datasets``) holds all of them.

    ``partitioned_by`` says what a partition is; it is empty for a dataset that is made whole. ``notes`` say what columns
    hold.
    """

    layer: str
    name: str
    about: str = field(default="", compare=False)
    schema: Schema = field(default_factory=dict[str, pl.DataType], compare=False)
    partitioned_by: str = field(default="", compare=False)
    notes: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)

    def empty(self) -> pl.DataFrame:
        """A table without rows."""
        return pl.DataFrame(schema=self.schema)

    def differences(self, schema: Schema) -> list[str]:
        """What keeps a table with ``schema`` from being this dataset, in words; nothing where it is one."""
        lacking = [f"{column} is missing" for column in self.schema if column not in schema]
        added = [f"{column} is not in the register" for column in schema if column not in self.schema]
        other = [
            f"{column} is {schema[column]}, not {kind}"
            for column, kind in self.schema.items()
            if column in schema and not _alike(kind, schema[column])
        ]
        return lacking + added + other


def _alike(wanted: pl.DataType, found: pl.DataType) -> bool:
    if isinstance(wanted, pl.Array) and wanted.size == ANY_WIDTH:
        return isinstance(found, pl.Array) and wanted.inner == found.inner
    return wanted == found


@dataclass(frozen=True)
class Version:
    """What ``current.json`` says of one version of a dataset."""

    version: str
    files: list[str]
    rows: int
    schema: dict[str, str]
    code_version: str
    inputs: dict[str, str] = field(default_factory=dict[str, str])
    created_at: str = ""


class Lake:
    """All datasets of one listener below ``root``."""

    def __init__(self, root: UPath, listener: str) -> None:
        self.base = root / listener

    def folder(self, dataset: Dataset, partition: str | None = None) -> UPath:
        place = self.base / dataset.layer / dataset.name
        return place / partition if partition else place

    def write(
        self,
        frame: pl.DataFrame | Iterable[pl.DataFrame],
        dataset: Dataset,
        partition: str | None = None,
        *,
        code_version: str = "1",
        inputs: Mapping[str, str] | None = None,
        blobs: Mapping[str, bytes] | None = None,
    ) -> Version:
        """Publishes ``frame`` (and ``blobs``, files by name, such as a FAISS index) as the dataset's new version.

        Several frames, at least one and of one schema, are a file each: what makes them may hold one at a time.
        """
        place = self.folder(dataset, partition)
        now = clock.utc_now()
        name = f"{now:{WRITTEN_AT}}-{uuid.uuid4().hex[:8]}"
        target = place / f"v={name}"
        target.mkdir(parents=True, exist_ok=True)
        files, rows, schema = list[str](), 0, pl.Schema()
        try:
            for part in [frame] if isinstance(frame, pl.DataFrame) else frame:
                files.append(f"part-{len(files)}.parquet")
                rows, schema = rows + part.height, part.schema
                with _writing(target / files[-1]) as stream:
                    part.write_parquet(stream, compression="zstd")
            for blob, content in (blobs or {}).items():
                with _writing(target / blob) as stream:
                    stream.write(content)
        except BaseException:
            _remove(target)
            raise
        version = Version(
            version=name,
            files=[f"v={name}/{file}" for file in (*files, *(blobs or {}))],
            rows=rows,
            schema={column: str(kind) for column, kind in schema.items()},
            code_version=code_version,
            inputs=dict(inputs or {}),
            created_at=now.isoformat(),
        )
        _swap(place / POINTER, json.dumps(asdict(version), indent=1))
        self._prune(place, keep=name)
        return version

    def current(self, dataset: Dataset, partition: str | None = None) -> Version | None:
        """The version that readers get now, or None."""
        try:
            return Version(**json.loads((self.folder(dataset, partition) / POINTER).read_text()))
        except FileNotFoundError:
            return None

    def partitions(self, dataset: Dataset) -> list[str]:
        """Names of the partitions that have a version, sorted; empty for a dataset without partitions."""
        place = self.folder(dataset)
        if not place.exists():
            return []
        return sorted(
            child.name for child in place.iterdir() if not child.name.startswith("v=") and (child / POINTER).exists()
        )

    def partition_rows(self, dataset: Dataset) -> dict[str, int]:
        """Rows of each partition, in order."""
        versions = {name: self.current(dataset, name) for name in self.partitions(dataset)}
        return {name: version.rows for name, version in versions.items() if version}

    def files(self, dataset: Dataset) -> list[UPath]:
        """The Parquet files that make the dataset now, over all of its partitions."""
        paths: list[UPath] = []
        for partition in self.partitions(dataset) or [None]:
            if version := self.current(dataset, partition):
                paths += _tables(self.folder(dataset, partition), version)
        return paths

    def scan(self, dataset: Dataset) -> pl.LazyFrame:
        """The whole dataset, of which only what is asked for is read. Raises ``LakeError`` where it was never made."""
        if not (files := self.files(dataset)):
            raise LakeError(
                f"{dataset.name} was never made in {self.base}; run `spotify-ai refresh` (or materialize it in the UI) first"
            )
        return _scan(files)

    def read(self, dataset: Dataset) -> pl.DataFrame:
        """The whole dataset. Raises ``LakeError`` where it was never made."""
        return self.scan(dataset).collect()

    def read_or_none(self, dataset: Dataset) -> pl.DataFrame | None:
        return _scan(files).collect() if (files := self.files(dataset)) else None

    def read_part(self, dataset: Dataset, partition: str) -> pl.DataFrame:
        """One partition of a dataset. Raises ``LakeError`` where it was never made."""
        if (version := self.current(dataset, partition)) is None:
            raise LakeError(f"{dataset.name} has no {partition} in {self.base}; materialize that partition first")
        return _scan(_tables(self.folder(dataset, partition), version)).collect()

    def read_blob(self, dataset: Dataset, name: str) -> bytes:
        """The file ``name`` that was published beside the frame."""
        if (version := self.current(dataset)) is None:
            raise LakeError(f"{dataset.name} was never made in {self.base}; run `spotify-ai refresh` first")
        return (self.folder(dataset) / f"v={version.version}" / name).read_bytes()

    def blob_or_none(self, dataset: Dataset, name: str) -> bytes | None:
        """As ``read_blob``; None where there is no such dataset, or its version has no such file."""
        version = self.current(dataset)
        known = version is not None and f"v={version.version}/{name}" in version.files
        return self.read_blob(dataset, name) if known else None

    def version_of(self, dataset: Dataset) -> str:
        """One string that changes when any part of the dataset does; empty where there is none."""
        versions = [self.current(dataset, partition) for partition in self.partitions(dataset) or [None]]
        names = [version.version for version in versions if version]
        return (
            names[0] if len(names) == 1 else hashlib.sha256("".join(names).encode()).hexdigest()[:16] if names else ""
        )

    def datasets(self) -> list[Dataset]:
        """Every dataset that has a version, by layer and name."""
        if not self.base.exists():
            return []
        places = [
            place for layer in self.base.iterdir() if layer.is_dir() for place in layer.iterdir() if place.is_dir()
        ]
        found = [Dataset(place.parent.name, place.name) for place in places]
        return sorted((one for one in found if self.files(one)), key=lambda one: (one.layer, one.name))

    def summary(self) -> list[dict[str, Any]]:
        """For each dataset its name, rows and when it was last made."""
        made: list[dict[str, Any]] = []
        for dataset in self.datasets():
            versions = [self.current(dataset, partition) for partition in self.partitions(dataset) or [None]]
            known = [version for version in versions if version]
            last = max(version.created_at for version in known)
            made.append(
                {
                    "asset": dataset.name,
                    "layer": dataset.layer,
                    "rows": sum(version.rows for version in known),
                    "made": last[:16].replace("T", " "),
                }
            )
        return made

    def remove(self) -> None:
        """Removes everything of this listener's."""
        if self.base.exists():
            _remove(self.base)

    def prune(self) -> int:
        """Removes what no reader can still have open: old versions of every dataset, also of parts that are not written any
        more, and what a killed writer left. Gives the number of versions removed."""
        removed = 0
        pointers = list(self.base.glob("*/*/current.json")) + list(self.base.glob("*/*/*/current.json"))
        for pointer in pointers:
            version = Version(**json.loads(pointer.read_text()))
            removed += self._prune(pointer.parent, keep=version.version)
            for left in pointer.parent.glob(f"{POINTER}.*"):
                if clock.file_age(left.stat().st_mtime) > KEEP_SECONDS:
                    left.unlink()
        return removed

    def _prune(self, place: UPath, keep: str) -> int:
        removed = 0
        versions = sorted(child for child in place.iterdir() if child.name.startswith("v="))
        for old in versions[:-KEEP_VERSIONS]:
            if old.name != f"v={keep}" and clock.utc_now() - _written_at(old) > timedelta(seconds=KEEP_SECONDS):
                _remove(old)
                removed += 1
        return removed


def place_of(address: str) -> UPath:
    """Where a lake lies. A bucket is listed anew each time: others write there too."""
    path = UPath(address)
    return path if is_local(path) else UPath(address, use_listings_cache=False)


def _written_at(version: UPath) -> datetime:
    said = version.name.removeprefix("v=").partition("-")[0]
    return datetime.strptime(said, WRITTEN_AT).replace(tzinfo=UTC)


def _tables(place: UPath, version: Version) -> list[UPath]:
    return [place / name for name in version.files if name.endswith(".parquet")]


def _scan(files: Sequence[UPath]) -> pl.LazyFrame:
    return pl.scan_parquet(readable(files), glob=False, hive_partitioning=False)


def readable(files: Sequence[UPath]) -> list[Path] | list[IO[bytes]]:
    """What Polars reads: files where they lie; of a bucket their bytes, which come by the connection that wrote them."""
    if all(map(is_local, files)):
        return [Path(str(file)) for file in files]
    return [io.BytesIO(file.read_bytes()) for file in files]


def is_local(path: UPath) -> bool:
    return path.protocol in ("", "file")


@contextmanager
def _writing(path: UPath) -> Generator[IO[bytes]]:
    """The file at ``path``, which is forced to the disk at the end; an object store keeps it when it is closed."""
    with path.open("wb") as stream:
        yield stream
        if is_local(path):
            stream.flush()
            os.fsync(stream.fileno())


def _swap(pointer: UPath, text: str) -> None:
    if not is_local(pointer):
        pointer.write_text(text)  # one small object: a put is atomic
        return
    fresh = pointer.with_name(f"{pointer.name}.{uuid.uuid4().hex[:8]}")
    with _writing(fresh) as stream:
        stream.write(text.encode())
    Path(str(fresh)).replace(str(pointer))


def _remove(place: UPath) -> None:
    if is_local(place):
        shutil.rmtree(str(place), ignore_errors=True)
    else:
        place.rmdir(recursive=True)
