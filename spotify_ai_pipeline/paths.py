"""The places of things: the checkout or the installed package, the data root, the file of secrets. It imports nothing heavy."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from platformdirs import user_config_path, user_data_path

NAME = "spotify-ai"
PACKAGE = Path(__file__).resolve().parent


def find_checkout(package: Path) -> Path | None:
    """The project's folder if ``package`` lies in one; None for a package that was installed from a wheel."""
    about = package.parent / "pyproject.toml"
    return package.parent if about.exists() and f'name = "{NAME}"' in about.read_text(encoding="utf-8") else None


CHECKOUT = find_checkout(PACKAGE)
PROJECT_ROOT = CHECKOUT or PACKAGE / "defaults"
"""The folder of ``config/config.yaml``, ``dagster.yaml``, ``workspace.yaml`` and ``.env.example``. The wheel carries them as
package data (pyproject.toml), so that each exists once."""
DATA = CHECKOUT / "data" if CHECKOUT else user_data_path(NAME, appauthor=False)
"""The data root of a listener who names none."""
CONFIG_FILE = "config.yaml"
ENV_FILE = (CHECKOUT or user_config_path(NAME, appauthor=False)) / ".env"
LISTENERS = "listeners"
"""The folder that holds a data root for each of several listeners."""
DEMOS = DATA / "demo"
"""A data root for each world that was tried; the file ``last`` names the one tried last."""


@cache
def program_version() -> str:
    """Changes with any file of the program: an upgrade, or an edit in a checkout."""
    files = sorted((str(file), file.stat()) for file in PACKAGE.rglob("*.*") if file.suffix != ".pyc")
    told = [(name, about.st_size, about.st_mtime_ns) for name, about in files]
    return hashlib.sha256(repr(told).encode()).hexdigest()
