"""Several listeners on one machine: a data root for each in one folder, and the workspace that names them all to Dagster."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.settings import CONFIG_FILE, Secrets
from spotify_ai_pipeline.storage.workspace import Workspace

LOCATION_FILE = "location.py"
LOCATION = '''"""The code location of this listener, as `spotify-ai listener add` writes it."""

from pathlib import Path

from spotify_ai_pipeline.definitions import build_defs
from spotify_ai_pipeline.storage.workspace import Workspace

defs = build_defs(Workspace.open(Path(__file__).parent))
'''


def names(folder: Path) -> list[str]:
    """The listeners in ``folder``, sorted."""
    return sorted(file.parent.name for file in folder.glob(f"*/{LOCATION_FILE}"))


def root_of(name: str) -> Path:
    """The data root of the listener ``name``. Raises ``UserError`` where there is none of that name."""
    folder = settings.listeners_folder()
    if name not in (known := names(folder)):
        there = f"there are {', '.join(known)}" if known else f"there is none in {folder}"
        raise UserError(f"no listener is called {name}: {there}; `spotify-ai listener add {name}` adds one")
    return folder / name


def add(name: str, timezone: str) -> Workspace:
    """A new listener: settings with their name, an empty file for their secrets, and their line in the workspace."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise UserError(f"{name}: a listener's name is letters, digits and _, and begins with a letter")
    folder = settings.listeners_folder()
    if name in names(folder):
        raise UserError(f"there is a listener {name} already, in {folder / name}")
    workspace = Workspace.open(folder / name)
    about = {"listener": {"name": name, "timezone": timezone}}
    (workspace.root / CONFIG_FILE).write_text(yaml.safe_dump(about, sort_keys=False))
    _ = workspace.settings  # refuses a time zone that there is not
    secrets = workspace.root / ".env"
    if not secrets.exists():
        secrets.touch(mode=0o600)
        keys = "".join(f"{key.upper()}=\n" for key in Secrets.model_fields)
        secrets.write_text(f"# Where each is obtained: {settings.PROJECT_ROOT / '.env.example'}.\n{keys}")
    register(workspace)
    return workspace


def register(workspace: Workspace) -> None:
    """The code location of ``workspace``'s listener, and its line in the workspace."""
    (workspace.root / LOCATION_FILE).write_text(LOCATION)
    write_workspace(workspace.root.parent)


def write_workspace(folder: Path) -> None:
    """One code location for each listener in ``folder``. Those that an older version wrote are written anew."""
    for name in names(folder):
        (folder / name / LOCATION_FILE).write_text(LOCATION)
    locations = [
        {"python_file": {"relative_path": f"{name}/{LOCATION_FILE}", "location_name": name}} for name in names(folder)
    ]
    (folder / "workspace.yaml").write_text(
        "# Written by `spotify-ai listener add` and `forget`.\n"
        + yaml.safe_dump({"load_from": locations}, sort_keys=False)
    )
