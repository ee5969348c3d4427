"""One listener's home: settings, secrets, lake and state, opened together."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.settings import PROJECT_ROOT, Secrets, Settings
from spotify_ai_pipeline.storage import home_files, restoring, sqlite_files
from spotify_ai_pipeline.storage.durable import Place, place_of
from spotify_ai_pipeline.storage.home_files import ANSWERS_FILE, DEMO_FILE, STATE_FILE, TOKEN_FILE
from spotify_ai_pipeline.storage.lake import Lake
from spotify_ai_pipeline.storage.lake_versions import POINTER
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.state import State, StateLost

RUN_HISTORY = "it held the history of runs, and nothing that you said"
LISTENER = "spotify_ai/listener"
"""Tag of a run: whose it is, where several share the instance."""


@dataclass(frozen=True)
class Workspace:
    """Everything that is kept for one listener below ``root``."""

    root: Path

    @classmethod
    def open(cls, root: Path | None = None) -> Workspace:
        """The home at ``root``, else where the environment says (``settings.data_root``).

        A restore that was cut is finished first. Raises ``OSError`` where the folder cannot be written, ``SettingsError`` and
        ``StateError`` where they cannot be used.
        """
        workspace = cls(root or settings.data_root())
        workspace.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(workspace.root, os.W_OK):
            raise PermissionError(
                13, "the data folder cannot be written; change its owner or set SPOTIFY_AI_DATA", str(workspace.root)
            )
        home_files.prepare(workspace.root)
        restoring.finish(workspace.root)
        return workspace

    @cached_property
    def state(self) -> State:
        """Gives what the listener said. Raises ``StateLost`` where it is gone or empty although there is what was made
        with it: a new one would say that nothing was ever answered."""
        file = self.root / STATE_FILE
        if not file.exists() or not file.stat().st_size:
            pointers = (self.root / "lake").glob(f"*/*/**/{POINTER}")
            beside = self.token_file if self.token_file.exists() else next(pointers, None)
            if beside is not None:
                raise StateLost(
                    f"{file}: {'empty' if file.exists() else 'missing'}, although {beside} is there; bring your last backup"
                    " back with `spotify-ai restore --replace FILE`, or begin anew after `spotify-ai forget`"
                )
        return State(file)

    @cached_property
    def settings(self) -> Settings:
        return settings.load(settings.config_files(self.root), self.state.overrides())

    def trying(self, overrides: Mapping[str, object]) -> Workspace:
        """The same home with ``overrides`` of settings that are kept nowhere."""
        other = Workspace(self.root)
        tried = settings.load(settings.config_files(self.root), {**self.state.overrides(), **overrides})
        vars(other)["settings"] = tried
        return other

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets. Where several listeners share a machine, each has the secrets of their own file and no others."""
        if self.shared_as:
            return settings.own_secrets(self.root / ".env")
        return settings.load_secrets(settings.ENV_FILE, self.root / ".env")

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.lake_root, self.settings.listener.name)

    @property
    def lake_root(self) -> Place:
        """The place of the lake: below ``root``, or as the environment says, beside those of others, perhaps in a bucket."""
        return place_of(os.environ.get("SPOTIFY_AI_LAKE", str(self.root / "lake")))

    @cached_property
    def answers(self) -> ResponseCache:
        return ResponseCache(self.root / ANSWERS_FILE)

    @property
    def shared_as(self) -> str:
        """The name by which this listener is told from others on the same Dagster instance; empty for one who is alone."""
        return self.root.name if self.root.parent.name == settings.LISTENERS else ""

    @property
    def run_tags(self) -> dict[str, str]:
        """Gives what tells this listener's runs from those of others."""
        return {LISTENER: self.shared_as} if self.shared_as else {}

    @property
    def dagster_storage(self) -> Path:
        """The Dagster instance: one's own, or the one that all listeners of the machine share."""
        return (self.root.parent.parent if self.shared_as else self.root) / "dagster"

    @property
    def run_history(self) -> list[Path]:
        """The databases in which Dagster keeps what ran and what happened."""
        return [
            self.dagster_storage / name
            for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
        ]

    @property
    def workspace_file(self) -> Path:
        """The code locations that the UI and the daemon load."""
        return self.root.parent / "workspace.yaml" if self.shared_as else PROJECT_ROOT / "workspace.yaml"

    @property
    def token_file(self) -> Path:
        return self.root / TOKEN_FILE

    def name_to_dagster(self) -> None:
        """Sets the environment by which Dagster finds its instance and the assets find this home, and numba a place for what
        it compiles: beside the packages, or with the data where those may not be written."""
        os.environ["DAGSTER_HOME"] = str(PROJECT_ROOT)
        os.environ["SPOTIFY_AI_DAGSTER_STORAGE"] = str(self.dagster_storage)
        os.environ["SPOTIFY_AI_DATA"] = str(self.root)
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "100")  # what a run plans is written at once
        if not os.access(sysconfig.get_path("purelib"), os.W_OK):
            os.environ.setdefault("NUMBA_CACHE_DIR", str(self.root / "numba"))
        self.dagster_storage.mkdir(parents=True, exist_ok=True)
        for file in self.run_history:
            if harm := sqlite_files.harm(file, thoroughly=False):
                sqlite_files.put_aside(file, harm, RUN_HISTORY)

    @property
    def inbox(self) -> Path:
        """Exports that are laid here are taken in by themselves."""
        return self.root / "inbox"

    @property
    def demo_file(self) -> Path:
        """Names the sandbox that stands in for the services; there is none where the accounts are real."""
        return self.root / DEMO_FILE
