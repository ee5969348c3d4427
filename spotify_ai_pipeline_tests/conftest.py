"""The common ground of the tests: a small made-up world, the sandbox that serves it, and homes that are wired to it.

No test reads a real ``.env``, the environment of the shell, or anything outside this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests
import yaml
from filelock import FileLock
from hypothesis import settings as hypothesis_settings

from spotify_ai_pipeline import clock, collector
from spotify_ai_pipeline import settings as settings_module
from spotify_ai_pipeline.clients import spotify_auth, transport
from spotify_ai_pipeline.defs.automation import dagster_clock
from spotify_ai_pipeline.defs.automation.run import RunResult, run_job
from spotify_ai_pipeline.interfaces.cli import login
from spotify_ai_pipeline.interfaces.cli.demo import PREFIXES, UNHURRIED
from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.sandbox.generate import generate
from spotify_ai_pipeline.settings import PROJECT_ROOT, Settings
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Dataset
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.workspace import Workspace

hypothesis_settings.register_profile("suite", deadline=None, max_examples=40)
hypothesis_settings.load_profile("suite")

OURS = ("SPOTIFY_", "SPOTIPY_", "LASTFM_", "LISTENBRAINZ_", "ANTHROPIC_", "TELEGRAM_", "DAGSTER_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")

NOW = datetime.fromisoformat(os.environ.get("SPOTIFY_AI_TEST_DATE", "2026-03-18T10:00Z"))
"""When the suite begins, by its own clock; the clock then ticks on."""

HARD = "SPOTIFY_AI_TEST_HARD" in os.environ
"""Whether tests of kills and crowds take their time: `make hardship` says so."""

Place = Callable[[str, Callable[[Path], object]], Path]


MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 4 * 2**30
"""Files of tests lie in memory where there is room: they are synced at every commit, and no test cuts the machine's power."""


def pytest_configure(config: pytest.Config) -> None:
    """Sets the clock of the suite; workers and other processes that a test starts inherit it."""
    if not hasattr(config, "workerinput"):
        os.environ.pop(clock.SHIFT, None)
        os.environ[clock.SHIFT] = str(NOW.timestamp() - clock.now())
        if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a hundred processes to come would compile the same modules
    sys.dont_write_bytecode = False
    collector.look_seldom()
    dagster_clock.follow()


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Refuses every connection that would leave the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if self.family != socket.AF_UNIX and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to connect to {host}")
        connect(self, address)  # pyright: ignore[reportArgumentType]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session", autouse=True)
def clean_shell() -> Iterator[None]:
    """Takes away what the shell that started the tests may have set."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if (name.startswith(OURS) and name != clock.SHIFT) or name.lower() in PROXIES:
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, clean_shell: None) -> Iterator[None]:
    """Gives each test a data root of its own, hides the project's ``.env``, and undoes what a run sets in the environment."""
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings_module, "ENV_FILE", tmp_path / "no.env")
        os.environ["SPOTIFY_AI_DATA"] = str(tmp_path / "home")
        yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def defaults() -> Settings:
    """The settings as they come with the project."""
    return settings_module.load([PROJECT_ROOT / "config" / "config.yaml"])


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """``once(name, make)`` is a folder that ``make`` fills for all workers of the suite: copy it, and change the copy."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def place(name: str, make: Callable[[Path], object]) -> Path:
        folder, half = shared / f"once-{name}", shared / f"half-{name}"
        with FileLock(shared / f"{name}.lock"):
            if not folder.exists():
                shutil.rmtree(half, ignore_errors=True)
                make(half)
                half.rename(folder)
        return folder

    return place


@pytest.fixture(scope="session")
def small_world(once: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 songs in the library, 2,500 scrobbles over eight months until ``NOW``. Shared: change a copy of it (``world``)."""
    made = once("small", lambda folder: generate(folder, songs=200, catalogue=600, plays=2_500, years=0.7, end=NOW))
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("worlds") / "small"))


@pytest.fixture
def world(small_world: Path, tmp_path: Path) -> Path:
    """The small world, this test's own: what is written to the sandbox stays in the folder."""
    return Path(shutil.copytree(small_world, tmp_path / "world"))


@pytest.fixture(scope="session")
def running() -> Callable[[Path], AbstractContextManager[str]]:
    """``running(world)`` serves a world on a free port for the length of a with block and gives the base URL."""
    return testing.running


def wire(workspace: Workspace, world: Path, url: str) -> None:
    """Points ``workspace`` at the sandbox at ``url``, as the demo does."""
    who = json.loads((world / "world.json").read_text())["listener"]
    services = {name: {"url": f"{url}/{path}", "calls_per_second": UNHURRIED} for name, path in PREFIXES.items()}
    (workspace.root / "config.yaml").write_text(yaml.safe_dump({"listener": {"name": "demo"}, "services": services}))
    (workspace.root / ".env").write_text(
        f"SPOTIFY_CLIENT_ID=sandbox\nSPOTIFY_CLIENT_SECRET=sandbox\nLASTFM_API_KEY=sandbox\nLASTFM_USER={who['lastfm_user']}\n"
    )


def sign_in(workspace: Workspace) -> None:
    auth = spotify_auth.oauth(workspace)
    login.accept(auth, requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=120).headers["Location"])


def run(
    root: Path, job: str, options: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[RunResult, list[tuple[str, str, str]]]:
    """Runs ``job`` for the home at ``root`` as a new process would: settings and definitions are read anew."""
    os.environ["SPOTIFY_AI_DATA"] = str(root)
    events: list[tuple[str, str, str]] = []
    result = run_job(Workspace.open(root), job, lambda *event: events.append(event), options=options)
    return result, events


class Clock:
    """Stands in for the modules ``clock`` and ``time`` in the transport: waiting moves it on."""

    def __init__(self) -> None:
        self.skew, self.slept = 0.0, list[float]()

    def now(self) -> float:
        return clock.now() + self.skew

    def sleep(self, seconds: float) -> None:
        self.skew += seconds
        self.slept.append(seconds)


@pytest.fixture(name="clock")
def clock_of_transport(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The transport's clock."""
    made = Clock()
    monkeypatch.setattr(transport, "clock", made)
    monkeypatch.setattr(transport, "time", made)
    return made


@pytest.fixture
def connected(world: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A home that is signed in to the running sandbox, and has made nothing yet."""
    with testing.running(world) as url:
        workspace = Workspace.open(tmp_path / "home")
        wire(workspace, world, url)
        sign_in(workspace)
        yield workspace


@pytest.fixture(scope="session")
def filled(small_world: Path, once: Place, clean_shell: None) -> Path:
    """A folder with ``world`` and ``workspace`` as the first run of the whole graph leaves them. Shared: use ``pipeline``."""

    def fill(place: Path) -> None:
        shutil.copytree(small_world, place / "world")
        before = dict(os.environ)
        with testing.running(place / "world") as url, pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings_module, "ENV_FILE", place / "no.env")
            workspace = Workspace.open(place / "home")
            wire(workspace, place / "world", url)
            sign_in(workspace)
            result, events = run(workspace.root, "everything")
        os.environ.clear()
        os.environ.update(before)
        assert result.success, result.error
        (place / "events.json").write_text(json.dumps(events))

    return once("filled", fill)


class Pipeline:
    """A home that holds a filled mix, and the sandbox that it speaks to."""

    def __init__(self, place: Path, url: str) -> None:
        self.root, self.world, self.url = place / "home", place / "world", url
        wire(self.workspace, self.world, url)

    @property
    def workspace(self) -> Workspace:
        """The home as a new process finds it."""
        return Workspace.open(self.root)

    def refresh(
        self, job: str = "refresh_the_mix", options: Mapping[str, Mapping[str, Any]] | None = None
    ) -> RunResult:
        return run(self.root, job, options)[0]

    def read(self, dataset: Dataset) -> pl.DataFrame:
        return self.workspace.lake.read(dataset)

    def listed(self) -> list[str]:
        """Track ids of the mix as decided, in order."""
        return self.read(datasets.MIX).drop_nulls("rank").sort("rank")["track_id"].to_list()


@pytest.fixture
def place(filled: Path, tmp_path: Path) -> Path:
    """``filled``, this test's own."""
    return Path(shutil.copytree(filled, tmp_path / "filled"))


@pytest.fixture
def pipeline(place: Path) -> Iterator[Pipeline]:
    with testing.running(place / "world") as url:
        yield Pipeline(place, url)


@pytest.fixture(scope="session")
def tiny_clap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CLAP model of a few thousand random weights, as its files come from a hub; skips without the extra."""
    torch = pytest.importorskip("torch", reason="needs `make audio`")
    transformers = pytest.importorskip("transformers", reason="needs `make audio`")
    from tokenizers import (  # pyright: ignore[reportMissingImports]
        Tokenizer,
        models,
        pre_tokenizers,
        processors,
    )

    folder = tmp_path_factory.mktemp("clap")
    words = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "rainy": 4, "late": 5, "night": 6, "piano": 7, "metal": 8}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    text = {
        "vocab_size": 9,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    sound = {
        "depths": [1, 1],
        "num_attention_heads": [1, 2],
        "patch_embeds_hidden_size": 16,
        "hidden_size": 32,
        "num_hidden_layers": 2,
    }
    torch.manual_seed(0)
    config = transformers.ClapConfig(text_config=text, audio_config=sound, projection_dim=512)
    transformers.ClapModel(config).save_pretrained(folder)
    transformers.ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad").save_pretrained(folder)
    return folder
