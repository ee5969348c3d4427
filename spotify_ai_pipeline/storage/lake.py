"""Made things: immutable versions of Parquet files with a pointer that is swapped last.

A dataset lives at ``<root>/<listener>/<layer>/<asset>[/<partition>]/``. Each write adds a folder ``v=<version>`` and then
replaces ``current.json``, which names the version's files: a reader sees the old version or the new one, and a
killed writer leaves the old. Each version describes itself in ``version.json``, its last file: where the pointer or a
file that it names is damaged, readers get the newest version that is whole. Paths are places, so that a bucket serves as well
as a disk.
"""

from __future__ import annotations

import hashlib
import io
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import Corrupt, UserError
from spotify_ai_pipeline.storage.durable import Place, age_of, is_local, make_folder, remove, swap, sync_folder, writing
from spotify_ai_pipeline.storage.lake_versions import (
    ABOUT,
    POINTER,
    WRITTEN_AT,
    Version,
    as_json,
    digest_of,
    newest_whole,
    read_version,
    written_at,
)

LOGGER = logging.getLogger(__name__)
KEEP_VERSIONS = 3
KEEP_SECONDS = 86_400.0
"""A reader that took the pointer may still open the files; younger versions are never removed."""


class LakeError(UserError):
    """A dataset was never made. The message says which, and what makes it."""


class LakeDamaged(Corrupt):
    """No whole version of a dataset is left. The message names the folder and the way out."""


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
        """Gives what keeps a table with ``schema`` from being this dataset, in words; nothing where it is one."""
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
class Damage:
    """The damage to a version in ``place`` that readers should get, and the version that they get instead, if any."""

    place: Place
    file: Place
    what: str
    instead: Version | None


class Lake:
    """All datasets of one listener below ``root``."""

    def __init__(self, root: Place, listener: str) -> None:
        self.base = root / listener

    def folder(self, dataset: Dataset, partition: str | None = None) -> Place:
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

        Several frames, at least one and of one schema, are a file each: what makes them may hold one at a time. Where the
        current version holds the same already, it stays the current one, as made now: what is made from it is up to date.
        """
        place = self.folder(dataset, partition)
        now = clock.utc_now()
        name = f"{now:{WRITTEN_AT}}-{uuid.uuid4().hex[:8]}"
        target = place / f"v={name}"
        make_folder(target)
        files, rows, schema = list[str](), 0, pl.Schema()
        try:
            for part in [frame] if isinstance(frame, pl.DataFrame) else frame:
                files.append(f"part-{len(files)}.parquet")
                rows, schema = rows + part.height, part.schema
                with writing(target / files[-1]) as stream:
                    part.write_parquet(stream, compression="zstd")
            for blob, content in (blobs or {}).items():
                with writing(target / blob) as stream:
                    stream.write(content)
            digest = digest_of([target / file for file in (*files, *(blobs or {}))])
            if (same := self._holds(place, digest)) is not None:
                same = replace(same, code_version=code_version, inputs=dict(inputs or {}), created_at=now.isoformat())
                swap(place / POINTER, as_json(same))
                remove(target)
                return same
            version = Version(
                version=name,
                digest=digest,
                files=[f"v={name}/{file}" for file in (*files, *(blobs or {}))],
                rows=rows,
                schema={column: str(kind) for column, kind in schema.items()},
                code_version=code_version,
                inputs=dict(inputs or {}),
                created_at=now.isoformat(),
                sizes={f"v={name}/{file}": (target / file).stat().st_size for file in (*files, *(blobs or {}))},
            )
            with writing(target / ABOUT) as stream:
                stream.write(as_json(version).encode())
            sync_folder(target)
        except BaseException:
            remove(target)
            raise
        swap(place / POINTER, as_json(version))
        self._prune(place, {name})
        return version

    def _holds(self, place: Place, digest: str) -> Version | None:
        """The current version of ``place`` where it is whole and has this ``digest``."""
        try:
            version, harm = read_version(place, place / POINTER)
        except FileNotFoundError:
            return None
        return version if version is not None and not harm and version.digest == digest else None

    def current(self, dataset: Dataset, partition: str | None = None) -> Version | None:
        """The version that readers get now, or None. Raises ``LakeDamaged`` where there was one and none is whole."""
        return self._current(self.folder(dataset, partition))

    def _current(self, place: Place) -> Version | None:
        try:
            version, harm = read_version(place, place / POINTER)
        except FileNotFoundError:
            return None
        if version is not None and not harm:
            return version
        if (instead := newest_whole(place)) is None:
            raise LakeDamaged(
                f"{place}: {harm}, and no whole version lies beside it; `spotify-ai doctor --fix` puts it aside,"
                " then what made it makes it again"
            )
        _say_once(
            f"{place}: {harm}; the version of {instead.created_at[:16]} is used, `spotify-ai doctor --fix` keeps to it"
        )
        return instead

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

    def files(self, dataset: Dataset) -> list[Place]:
        """The Parquet files that make the dataset now, over all of its partitions."""
        paths: list[Place] = []
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
        return _collect(self.scan(dataset), dataset)

    def read_or_none(self, dataset: Dataset) -> pl.DataFrame | None:
        return _collect(_scan(files), dataset) if (files := self.files(dataset)) else None

    def read_part(self, dataset: Dataset, partition: str) -> pl.DataFrame:
        """One partition of a dataset. Raises ``LakeError`` where it was never made."""
        if (version := self.current(dataset, partition)) is None:
            raise LakeError(f"{dataset.name} has no {partition} in {self.base}; materialize that partition first")
        return _collect(_scan(_tables(self.folder(dataset, partition), version)), dataset)

    def read_blob(self, dataset: Dataset, name: str) -> bytes:
        """The file ``name`` that was published beside the frame."""
        if (version := self.current(dataset)) is None:
            raise LakeError(f"{dataset.name} was never made in {self.base}; run `spotify-ai refresh` first")
        return (self.folder(dataset) / f"v={version.version}" / name).read_bytes()

    def blob_or_none(self, dataset: Dataset, name: str) -> bytes | None:
        """Reads as ``read_blob`` does; None where there is no such dataset, or its version has no such file."""
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
        places = {pointer.parent for pointer in self.base.glob(f"*/*/{POINTER}")}
        places |= {pointer.parent.parent for pointer in self.base.glob(f"*/*/*/{POINTER}")}
        return sorted(
            (Dataset(place.parent.name, place.name) for place in places), key=lambda one: (one.layer, one.name)
        )

    def summary(self) -> list[dict[str, Any]]:
        """Gives for each dataset its name, rows and when it was last made."""
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
            remove(self.base)

    def in_use(self) -> Iterator[tuple[Place, Version]]:
        """The folder of each dataset and partition, and the version that readers get. What is damaged altogether is told and left
        out."""
        for place in self._places():
            try:
                if (version := self._current(place)) is not None:
                    yield place, version
            except LakeDamaged as damaged:
                _say_once(str(damaged))

    def damages(self) -> Iterator[Damage]:
        """Finds what cannot be read, by reading all of it."""
        for place in self._places():
            version, harm = read_version(place, place / POINTER, thoroughly=True)
            if harm:
                named = harm.split(" ")[0] if version else POINTER
                yield Damage(place, place / named, harm, newest_whole(place, thoroughly=True))

    def repair(self, damages: Iterable[Damage]) -> None:
        """Points what is damaged at its newest whole version; the pointer of what has none is put aside, so that it counts as
        never made."""
        for damage in damages:
            if damage.instead is not None:
                swap(damage.place / POINTER, as_json(damage.instead))
            else:
                (damage.place / POINTER).rename(damage.place / f"{POINTER}.damaged")

    def prune(self) -> int:
        """Removes what no reader can still have open: old versions of every dataset, also of parts that are not written any
        more, and what a killed writer left. What is damaged stays as it is. Gives the number of versions removed."""
        removed = 0
        for place, version in list(self.in_use()):
            named, _ = read_version(place, place / POINTER)
            removed += self._prune(place, {version.version} | ({named.version} if named else set()))
            for left in place.glob(f"{POINTER}.*"):
                if age_of(left) > KEEP_SECONDS:
                    left.unlink(missing_ok=True)
        return removed

    def _prune(self, place: Place, keep: set[str]) -> int:
        """Removes old versions of ``place`` but for the three newest that are whole, and those to ``keep``."""
        versions = sorted(child for child in place.iterdir() if child.name.startswith("v="))
        whole = [version for version in versions if (version / ABOUT).exists()] or versions
        kept = {version.name for version in whole[-KEEP_VERSIONS:]} | {f"v={name}" for name in keep}
        old = [
            version
            for version in versions
            if version.name not in kept and clock.utc_now() - written_at(version) > timedelta(seconds=KEEP_SECONDS)
        ]
        for version in old:
            remove(version)
        return len(old)

    def _places(self) -> list[Place]:
        pointers = [*self.base.glob(f"*/*/{POINTER}"), *self.base.glob(f"*/*/*/{POINTER}")]
        return sorted((pointer.parent for pointer in pointers), key=str)


def _tables(place: Place, version: Version) -> list[Place]:
    return [place / name for name in version.files if name.endswith(".parquet")]


def _scan(files: Sequence[Place]) -> pl.LazyFrame:
    return pl.scan_parquet(readable(files), glob=False, hive_partitioning=False)


def readable(files: Sequence[Place]) -> list[Path] | list[IO[bytes]]:
    """Gives what Polars reads: files where they lie; of a bucket their bytes, which come by the connection that wrote
    them."""
    if all(map(is_local, files)):
        return [Path(str(file)) for file in files]
    return [io.BytesIO(file.read_bytes()) for file in files]


def _collect(frame: pl.LazyFrame, dataset: Dataset) -> pl.DataFrame:
    try:
        return frame.collect()
    except pl.exceptions.ComputeError as error:
        raise LakeDamaged(
            f"{dataset.name}: a file of it cannot be read ({str(error).splitlines()[0]}); `spotify-ai doctor` names it, and"
            " `spotify-ai doctor --fix` goes back to the version before"
        ) from None


@cache
def _say_once(line: str) -> None:
    LOGGER.warning(line)
