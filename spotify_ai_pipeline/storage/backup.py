"""Backups: all that cannot be fetched or computed again, in one zip archive, taken while everything runs.

The state is copied through SQLite's online backup, which gives one moment of it. Of the lake, the current versions: they
are immutable, and younger than a day or current they are never removed. The archive holds the token and keys of this data
root, and is readable by its owner alone. Not in it: answers that services can be asked for again, and Dagster's run history.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from upath import UPath

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import Corrupt, UserError
from spotify_ai_pipeline.settings import CONFIG_FILE
from spotify_ai_pipeline.storage.lake import POINTER, Lake, Version
from spotify_ai_pipeline.storage.state import newest_schema
from spotify_ai_pipeline.storage.workspace import STATE_FILE, Workspace

FORMAT = 1
MANIFEST, LAKE = "manifest.json", "lake/"
MOST_BYTES, MOST_BYTES_OF_MANIFEST = 50 * 2**30, 100 * 2**20
"""An archive that unpacks to more than this is refused."""
CHUNK = 2**20


def save(workspace: Workspace, file: Path) -> dict[str, int]:
    """Writes the backup of ``workspace`` to ``file``; gives the number of files and of bytes. Raises ``UserError`` where ``file``
    is
    there already."""
    if file.exists():
        raise UserError(f"{file} exists already; choose another name")
    fresh = file.with_name(f"{file.name}.part")
    sums: dict[str, str] = {}
    try:
        with (
            tempfile.TemporaryDirectory(dir=workspace.root) as scratch,
            os.fdopen(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as stream,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            for name, source in _contents(workspace, Path(scratch)):
                sums[name] = _copy(source, archive.open(name, "w", force_zip64=True))
            archive.writestr(MANIFEST, json.dumps(_manifest(workspace, sums), indent=1))
        fresh.rename(file)
    finally:
        fresh.unlink(missing_ok=True)
    return {"files": len(sums), "bytes": file.stat().st_size}


def restore(workspace: Workspace, file: Path, *, replace: bool = False) -> dict[str, Any]:
    """Brings ``file`` back into the data root, and its lake to where that lies; gives its manifest. What was there moves to the
    folder ``replaced-<time>``, and only where ``replace`` says so. Raises ``UserError``, and changes nothing, where the archive
    is not whole, or is newer."""
    manifest = _read_manifest(file)
    there = [path for path in _ours(workspace) if path.exists()]
    lakes = _lakes_elsewhere(workspace, manifest)
    if (found := [workspace.root] * bool(there) + [lake.base for lake in lakes if lake.base.exists()]) and not replace:
        raise UserError(
            f"{found[0]} holds data already; `--replace` moves it aside, or set SPOTIFY_AI_DATA to an empty folder"
        )
    scratch = Path(tempfile.mkdtemp(dir=workspace.root, prefix="restoring-"))
    try:
        with zipfile.ZipFile(file) as archive:
            for name, wanted in manifest["files"].items():
                target = scratch / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, target.open("wb") as sink:
                    if _copy(source, sink) != wanted:
                        raise Corrupt(f"{file}: {name} is damaged; nothing was restored, take another backup")
                target.chmod(0o600)
        if found:
            aside = workspace.root / f"replaced-{clock.utc_now():%Y%m%dT%H%M%S}"
            aside.mkdir()
            for path in there:
                path.rename(aside / path.name)
            for lake in lakes:
                _copy_folder(lake.base, UPath(aside) / LAKE / lake.base.name)
                lake.remove()
        for lake in lakes:
            _copy_folder(UPath(scratch) / LAKE / lake.base.name, lake.base)
        if lakes:
            shutil.rmtree(scratch / LAKE)
        for path in scratch.iterdir():
            path.rename(workspace.root / path.name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return manifest


def _contents(workspace: Workspace, scratch: Path) -> Iterator[tuple[str, IO[bytes]]]:
    copy = scratch / STATE_FILE
    with closing(sqlite3.connect(copy)) as target:
        workspace.state.connection.backup(target)
    yield STATE_FILE, copy.open("rb")
    for path in (workspace.root / CONFIG_FILE, workspace.root / ".env", workspace.token_file, workspace.demo_file):
        if path.exists():
            yield path.name, path.open("rb")
    base = workspace.lake.base
    for pointer in sorted([*base.glob(f"*/*/{POINTER}"), *base.glob(f"*/*/*/{POINTER}")], key=str):
        said = pointer.read_bytes()  # as it is now: it names files that stay
        place = f"{LAKE}{base.name}/{pointer.parent.relative_to(base)}"
        for name in Version(**json.loads(said)).files:
            yield f"{place}/{name}", (pointer.parent / name).open("rb")
        kept = scratch / POINTER
        kept.write_bytes(said)
        yield f"{place}/{POINTER}", kept.open("rb")


def _manifest(workspace: Workspace, sums: dict[str, str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_at": f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}",
        "listener": workspace.settings.listener.name,
        "schema": workspace.state.rows("PRAGMA user_version")[0][0],
        "files": sums,
    }


def _read_manifest(file: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            if sum(sizes.values()) > MOST_BYTES or sizes.get(MANIFEST, 0) > MOST_BYTES_OF_MANIFEST:
                raise UserError(f"{file}: unpacks to {sum(sizes.values()):,} bytes, more than is taken in")
            manifest = json.loads(archive.read(MANIFEST))
    except (zipfile.BadZipFile, KeyError, ValueError, UnicodeDecodeError):
        raise UserError(f"{file}: no backup of this program; `spotify-ai backup` makes one") from None
    if manifest["format"] > FORMAT or manifest["schema"] > newest_schema():
        raise UserError(f"{file}: made by a newer version (schema {manifest['schema']}); upgrade, then restore")
    for name in manifest["files"]:
        if name not in sizes or Path(name).is_absolute() or ".." in Path(name).parts:
            raise UserError(f"{file}: {name} is missing or leads out of the data root; nothing was restored")
    return manifest


def _ours(workspace: Workspace) -> list[Path]:
    """What a restore replaces."""
    state = [workspace.root / f"{STATE_FILE}{end}" for end in ("", "-wal", "-shm")]
    return [
        *state,
        workspace.root / "lake",
        workspace.root / CONFIG_FILE,
        workspace.root / ".env",
        workspace.token_file,
        workspace.demo_file,
    ]


def _lakes_elsewhere(workspace: Workspace, manifest: dict[str, Any]) -> list[Lake]:
    """What a restore replaces where the lake does not lie in the data root."""
    if workspace.lake_root.is_relative_to(str(workspace.root)):
        return []
    names = {Path(name).parts[1] for name in manifest["files"] if name.startswith(LAKE)}
    return [Lake(workspace.lake_root, name) for name in sorted(names)]


def _copy_folder(source: UPath, target: UPath) -> None:
    """Copies all files, from one file system to another where need be."""
    for path in source.rglob("*"):
        if path.is_file():
            there = target / str(path.relative_to(source))
            there.parent.mkdir(parents=True, exist_ok=True)
            _copy(path.open("rb"), there.open("wb"))


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copies all of ``source``, closes both, and gives the SHA-256 of it."""
    digest = hashlib.sha256()
    with source, target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()
