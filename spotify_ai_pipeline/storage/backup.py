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
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import IO, Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.errors import Corrupt, UserError
from spotify_ai_pipeline.settings import CONFIG_FILE
from spotify_ai_pipeline.storage import restoring, sqlite_files
from spotify_ai_pipeline.storage.durable import age_of, locked, sync_folder, writing
from spotify_ai_pipeline.storage.home_files import BACKING_UP, DEMO_FILE, REPLACED, RESTORING, STATE_FILE, TOKEN_FILE
from spotify_ai_pipeline.storage.lake import Lake
from spotify_ai_pipeline.storage.lake_versions import ABOUT, POINTER
from spotify_ai_pipeline.storage.state import newest_schema
from spotify_ai_pipeline.storage.workspace import Workspace

FORMAT = 1
MANIFEST, LAKE = "manifest.json", "lake/"
MOST_BYTES, MOST_BYTES_OF_MANIFEST = 50 * 2**30, 100 * 2**20
"""An archive that unpacks to more than this is refused."""
CHUNK = 2**20
FILES = frozenset({STATE_FILE, CONFIG_FILE, ".env", TOKEN_FILE, DEMO_FILE})
"""What an archive may hold beside the lake. Nothing that is run, such as a code location, is among it."""
UNFINISHED = ".unfinished-backup"


def save(workspace: Workspace, file: Path) -> dict[str, int]:
    """Writes the backup of ``workspace`` to ``file``; gives the number of files and of bytes. Raises ``UserError`` where ``file``
    is there already."""
    if file.exists():
        raise UserError(f"{file} exists already; choose another name")
    for left in file.absolute().parent.glob(f"*{UNFINISHED}"):  # of a backup that was killed; it holds the sign-in
        if age_of(left) > DAY:
            left.unlink(missing_ok=True)
    fresh = file.with_name(f"{file.name}{UNFINISHED}")
    sums: dict[str, str] = {}
    try:
        with (
            _scratch(workspace.root, BACKING_UP) as scratch,
            os.fdopen(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as stream,
        ):
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for name, source in _contents(workspace, scratch):
                    sums[name] = _copy(source, archive.open(name, "w", force_zip64=True))
                archive.writestr(MANIFEST, json.dumps(_manifest(workspace, sums), indent=1))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.rename(file)
        sync_folder(file.absolute().parent)
    finally:
        fresh.unlink(missing_ok=True)
    return {"files": len(sums), "bytes": file.stat().st_size}


def restore(workspace: Workspace, file: Path, *, replace: bool = False) -> dict[str, Any]:
    """Brings ``file`` back into the data root, and its lake to where that lies; gives its manifest. What was there moves to the
    folder ``replaced-<time>``, and only where ``replace`` says so. A restore that is cut changed nothing, or the next start
    finishes it. Raises ``UserError`` or ``Corrupt``, and changes nothing, where the archive is not whole, or is newer."""
    manifest = _read_manifest(file)
    there = [path for path in _ours(workspace) if path.exists()]
    lakes = _lakes_elsewhere(workspace, manifest)
    if (found := [workspace.root] * bool(there) + [lake.base for lake in lakes if lake.base.exists()]) and not replace:
        raise UserError(
            f"{found[0]} holds data already; `--replace` moves it aside, or set SPOTIFY_AI_DATA to an empty folder"
        )
    with _scratch(workspace.root, RESTORING) as scratch:
        new = scratch / restoring.NEW
        with zipfile.ZipFile(file) as archive:
            for name, wanted in manifest["files"].items():
                target = new / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with archive.open(name) as source, writing(target) as sink:
                    if _digest(source, sink) != wanted:
                        raise Corrupt(f"{file}: {name} is damaged; nothing was restored, take another backup")
                target.chmod(0o600)
        _refuse_bad_state(file, new / STATE_FILE)
        for lake in lakes:
            restoring.copy_folder(lake.base, scratch / restoring.OLD / LAKE / lake.base.name)
        plan = restoring.Plan(
            out=[path.name for path in there],
            into=sorted(path.name for path in new.iterdir() if not (lakes and path.name == LAKE.rstrip("/"))),
            aside=f"{REPLACED}{clock.utc_now():%Y%m%dT%H%M%S}",
            lakes={lake.base.name: str(lake.base) for lake in lakes},
        )
        restoring.begin(workspace.root, scratch, plan)
    return manifest


@contextmanager
def _scratch(root: Path, prefix: str) -> Generator[Path]:
    """A folder in ``root`` for the length of the block. Its lock says that a living process owns it."""
    folder = Path(tempfile.mkdtemp(dir=root, prefix=prefix))
    try:
        with locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _contents(workspace: Workspace, scratch: Path) -> Iterator[tuple[str, IO[bytes]]]:
    copy = scratch / STATE_FILE
    with closing(sqlite3.connect(copy)) as target:
        workspace.state.connection.backup(target)
    yield STATE_FILE, copy.open("rb")
    for path in (workspace.root / CONFIG_FILE, workspace.root / ".env", workspace.token_file, workspace.demo_file):
        if path.exists():
            yield path.name, path.open("rb")
    base = workspace.lake.base
    for folder, version in workspace.lake.in_use():  # as it is now: it names files that stay
        place = f"{LAKE}{base.name}/{folder.relative_to(base)}"
        for name in version.files:
            yield f"{place}/{name}", (folder / name).open("rb")
        kept = scratch / POINTER
        kept.write_text(json.dumps(asdict(version), indent=1))
        for name in (f"v={version.version}/{ABOUT}", POINTER):
            yield f"{place}/{name}", kept.open("rb")


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
    if STATE_FILE not in manifest["files"]:
        raise UserError(f"{file}: {STATE_FILE} is missing; nothing was restored, take another backup")
    for name in manifest["files"]:
        if name not in sizes:
            raise UserError(f"{file}: {name} is missing; nothing was restored, take another backup")
        if not _is_known(name):
            raise UserError(f"{file}: {name} is no file of a backup; nothing was restored")
    return manifest


def _is_known(name: str) -> bool:
    """Tells whether a backup may hold a file of this name: a named file, or one of a version in the lake."""
    parts = name.split("/")
    if str(PurePosixPath(name)) != name or any(
        part.startswith(".") or "\\" in part or "\0" in part for part in parts[1:]
    ):
        return False
    if len(parts) == 1:
        return name in FILES
    in_version = len(parts) in (6, 7) and parts[-2].startswith("v=")
    is_pointer = len(parts) in (5, 6) and parts[-1] == POINTER
    return f"{parts[0]}/" == LAKE and (in_version or is_pointer)


def _refuse_bad_state(file: Path, state: Path) -> None:
    """Raises where the state of an archive is damaged or newer, whatever the manifest says."""
    if harm := sqlite_files.harm(state):
        raise Corrupt(f"{file}: {STATE_FILE} is damaged ({harm}); nothing was restored, take another backup")
    with closing(sqlite3.connect(state)) as connection:
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if not 0 < schema <= newest_schema():
        raise UserError(f"{file}: its state has schema {schema}; this version knows 1 to {newest_schema()}")


def _ours(workspace: Workspace) -> list[Path]:
    """Gives what a restore replaces."""
    state = [workspace.root / f"{STATE_FILE}{end}" for end in ("", "-wal", "-shm")]
    return [
        *state,
        workspace.root / "lake",
        *(workspace.root / name for name in sorted(FILES - {STATE_FILE})),
    ]


def _lakes_elsewhere(workspace: Workspace, manifest: dict[str, Any]) -> list[Lake]:
    """Gives what a restore replaces where the lake does not lie in the data root."""
    if workspace.lake_root.is_relative_to(str(workspace.root)):
        return []
    names = {Path(name).parts[1] for name in manifest["files"] if name.startswith(LAKE)}
    return [Lake(workspace.lake_root, name) for name in sorted(names)]


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copies all of ``source``, closes both, and gives the SHA-256 of it."""
    with source, target:
        return _digest(source, target)


def _digest(source: IO[bytes], target: IO[bytes]) -> str:
    """Copies all of ``source``, and gives the SHA-256 of it."""
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()
