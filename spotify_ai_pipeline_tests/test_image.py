"""The image and the services of deploy/, as far as a machine without Docker can tell."""

import shlex
import shutil
import sys
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from spotify_ai_pipeline.interfaces.cli import COMMANDS
from spotify_ai_pipeline.paths import PROJECT_ROOT

DEPLOY = PROJECT_ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
LET_IN = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def copied() -> list[str]:
    """Gives what the image takes from the checkout."""
    lines = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY")]
    return [source for sources in lines for source in sources]


@pytest.mark.parametrize("source", copied())
def test_what_the_image_takes_is_there_and_let_in(source: str) -> None:
    assert list(PROJECT_ROOT.glob(source))
    assert any(fnmatch(name, source) for name in LET_IN)


def test_the_image_takes_hashes_of_what_it_installs_and_no_secret() -> None:
    pinned = [line for line in (PROJECT_ROOT / "requirements.lock").read_text().splitlines() if "==" in line]
    assert all(line.endswith("\\") for line in pinned)  # a hash follows
    assert not {".env", "data", "*", "."} & {*copied(), *LET_IN}
    assert "\nUSER 10001\n" in DOCKERFILE


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_starts_a_program_that_there_is_and_may_do_little(name: str) -> None:
    service = SERVICES[name]
    program, *rest = shlex.split(service["command"])
    assert shutil.which(program, path=str(Path(sys.executable).parent))
    if program == "python":
        assert find_spec(rest[1])
    if program == "spotify-ai":
        assert rest[0] in COMMANDS
    for word in rest:
        assert not word.startswith("deploy/") or (word in copied() and (PROJECT_ROOT / word).exists())
    assert service["read_only"] and service["cap_drop"] == ["ALL"] and "ports" not in service
    assert "0.0.0.0" not in service["command"]
