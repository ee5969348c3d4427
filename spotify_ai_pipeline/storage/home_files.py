"""The contents of a data root, by name: what is private, what is left over from processes that were killed, what all
there is.

Everything in a data root is for its owner alone. A new file gets there by the process's umask, an old one when the next process
starts.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.settings import CONFIG_FILE
from spotify_ai_pipeline.storage.durable import age_of, is_owned

STATE_FILE, ANSWERS_FILE, TOKEN_FILE, DEMO_FILE = "state.sqlite", "answers.sqlite", "spotify_token.json", "demo.json"
RESTORING, BACKING_UP = "restoring-", "backing-up-"
RESTORE_UNDER_WAY = "restore-under-way"
REPLACED = "replaced-"

LITTER = (f"{RESTORING}*", f"{BACKING_UP}*", "spotify_token.*.new", "tmp????????")
"""What a killed process may leave. The last are copies that backups of older versions made."""
ALL_KINDS = (
    f"{STATE_FILE}*", f"{ANSWERS_FILE}*", f"{TOKEN_FILE}*", f"{DEMO_FILE}*", f"{CONFIG_FILE}*", ".env", "lake", "dagster",
    "inbox", "world", "numba", "location.py", "__pycache__", "library_map.*", "playlist.lock", "bot.lock", f"{REPLACED}*",
    RESTORE_UNDER_WAY, *LITTER,
)  # fmt: skip
"""Everything that this program makes in a data root. What somebody else laid there is not ours."""

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


def kept(root: Path) -> list[Path]:
    """All that the program keeps in ``root``."""
    return sorted({path for kind in ALL_KINDS for path in root.glob(kind)})


@cache
def prepare(root: Path) -> list[Path]:
    """Does what each process does once before it uses ``root``: whatever it makes is private, what is there is made so,
    and what killed processes left goes. Gives what was open to others."""
    os.umask(0o077)
    made_private = open_to_others(root)
    for path in made_private:
        make_private(path)
    clear_litter(root)
    return made_private


def open_to_others(root: Path) -> list[Path]:
    """Files and folders of ours that others may use: ``root``, the folders of ours above it, and all that is kept in it."""
    above = [folder for folder in root.parents if folder.is_relative_to(settings.DATA)]
    found = [path for path in (*above, root, *kept(root)) if _is_open(path)]
    below = [str(path) for path in kept(root) if path.is_dir() and not path.is_symlink()]
    while below:
        with suppress(FileNotFoundError), os.scandir(below.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                if _is_open(entry):
                    found.append(Path(entry.path))
    return found


def _is_open(path: Path | os.DirEntry[str]) -> bool:
    """Tells whether others have rights on it. Links have none of their own, and what belongs to another is theirs to
    change. A file that another process removed meanwhile is open to nobody."""
    try:
        about = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    return bool(about.st_mode & 0o077) and not stat.S_ISLNK(about.st_mode) and about.st_uid == os.getuid()


def make_private(path: Path) -> None:
    """Takes the rights of others away. What another process removed meanwhile is gone."""
    with suppress(FileNotFoundError):
        path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)


def clear_litter(root: Path, least_age: float = DAY) -> list[Path]:
    """Removes what killed processes left more than ``least_age`` seconds ago and no living one holds; gives what went."""
    left = [path for path in _matches(root, LITTER) if age_of(path) > least_age and not is_owned(path)]
    for path in left:
        remove(path)
    return left


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _matches(root: Path, kinds: Iterable[str]) -> list[Path]:
    return sorted({path for kind in kinds for path in root.glob(kind) if not path.is_symlink()})
