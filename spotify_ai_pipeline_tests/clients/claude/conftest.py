"""Claude as the house speaks to it: anthropic's client, real HTTP, the sandbox at the other end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.storage.workspace import Workspace

Wired = Callable[..., Workspace]


@pytest.fixture(scope="module")
def sandbox(small_world: Path) -> Iterator[str]:
    with testing.running(small_world) as url:
        yield url


@pytest.fixture
def wired(sandbox: str, tmp_path: Path) -> Wired:
    """``wired(key=..., **settings of claude)``: a home that may ask the sandbox."""

    def make(key: str = "sandbox", url: str = "", **claude: object) -> Workspace:
        workspace = Workspace.open(tmp_path / "home")
        services = {"anthropic": {"url": url or f"{sandbox}/anthropic/", "calls_per_second": 10_000}}
        (workspace.root / "config.yaml").write_text(yaml.safe_dump({"services": services, "claude": claude}))
        (workspace.root / ".env").write_text(f"ANTHROPIC_API_KEY={key}\n")
        return workspace

    return make
