"""A folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import WorldError


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """Yields a fresh sibling folder that becomes `out` when the block ends, and vanishes when the block fails.

    An older world at `out` is replaced. A file or a folder that is no world is left alone with a WorldError; OSError
    passes through.
    """
    out = out.absolute()
    if out.exists() and not (out / "world.json").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise WorldError(f"{out} exists and is not a world: name another place, or remove it.")
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        fresh = building / "world"
        fresh.mkdir()
        yield fresh
        if out.exists():
            out.rename(building / "old")
        try:
            fresh.rename(out)
        except OSError:
            if (building / "old").exists():
                (building / "old").rename(out)
            raise
        _sync(out.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
