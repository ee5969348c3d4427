"""A restore as one swap: all of it or nothing, whenever it is cut.

What is to come lies ready in a folder of its own, with the plan of what moves where. Renaming that folder decides: before, the
next start clears it away; after, whoever opens the data root next carries the plan out. Each step of it may be done twice.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

from spotify_ai_pipeline.storage.durable import Place, locked, make_folder, place_of, remove, sync_folder, writing
from spotify_ai_pipeline.storage.home_files import RESTORE_UNDER_WAY, RESTORING

PLAN, NEW, OLD = "plan.json", "new", "old"
CHUNK = 2**20


@dataclass(frozen=True)
class Plan:
    """The moves of a restore in a data root: ``out`` moves to the folder ``aside``, ``into`` comes in from what lies
    ready. ``lakes`` are folders of lakes elsewhere that are filled anew, by their name below the new lake."""

    out: list[str]
    into: list[str]
    aside: str
    lakes: dict[str, str] = field(default_factory=dict[str, str])


def begin(root: Path, ready: Path, plan: Plan) -> None:
    """Decides for what lies in ``ready``, and carries it out."""
    (ready / OLD).mkdir(exist_ok=True)
    with writing(ready / PLAN) as stream:
        stream.write(json.dumps(asdict(plan)).encode())
    for folder in sorted(path for path in ready.rglob("*") if path.is_dir()):
        sync_folder(folder)
    sync_folder(ready)
    with locked(root):
        ready.rename(root / RESTORE_UNDER_WAY)
        sync_folder(root)
        _carry_out(root)


def finish(root: Path) -> bool:
    """Carries out a restore that was cut; waits for one that another process carries out. Gives whether there was one."""
    if not (root / RESTORE_UNDER_WAY).exists():
        return False
    with locked(root):
        if (root / RESTORE_UNDER_WAY).exists():
            _carry_out(root)
    return True


def _carry_out(root: Path) -> None:
    work = root / RESTORE_UNDER_WAY
    plan = Plan(**json.loads((work / PLAN).read_text()))
    new, old = work / NEW, work / OLD
    if old.exists():  # else all moves are done
        for name in plan.out:
            if (root / name).exists() and not (old / name).exists():
                (root / name).rename(old / name)
        sync_folder(old)
        sync_folder(root)
        for name, address in plan.lakes.items():
            lake = place_of(address)
            if lake.exists():
                remove(lake)
            copy_folder(new / "lake" / name, lake)
        for name in plan.into:
            if (new / name).exists():
                (new / name).rename(root / name)
        sync_folder(root)
        if any(old.iterdir()):
            old.rename(root / plan.aside)
        else:
            old.rmdir()
        sync_folder(root)
    done = work.rename(root / f"{RESTORING}done")
    sync_folder(root)
    shutil.rmtree(done)


def copy_folder(source: Path | Place, target: Path | Place) -> None:
    """Copies all files, from one file system to another where need be."""
    for path in source.rglob("*"):
        if path.is_file():
            there = target / path.relative_to(str(source)).as_posix()
            make_folder(there.parent)
            with path.open("rb") as stream, writing(there) as sink:
                shutil.copyfileobj(stream, sink, CHUNK)
            sync_folder(there.parent)
