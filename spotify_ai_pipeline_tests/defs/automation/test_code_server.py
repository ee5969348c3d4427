"""The code server that UI and daemon share, asked as the daemon asks."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import SensorExecutionArgs
from dagster._serdes import deserialize_value

from spotify_ai_pipeline.interfaces.cli.up import CODE_SERVER, DEFINITIONS, LOCATION
from spotify_ai_pipeline.paths import PROJECT_ROOT
from spotify_ai_pipeline.storage.workspace import Workspace

PATIENCE_SECONDS = 600


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in ("DAGSTER_HOME", "SPOTIFY_AI_DATA", "SPOTIFY_AI_DAGSTER_STORAGE"):
        monkeypatch.setenv(name, "")  # put back after what `name_to_dagster` sets
    workspace = Workspace.open(tmp_path / "home")
    (workspace.root / ".env").write_text("WEBHOOK_URL=http://127.0.0.1:9/nobody\n")
    workspace.name_to_dagster()
    return workspace


@pytest.fixture
def socket(workspace: Workspace) -> Iterator[str]:
    """Where a code server for ``workspace`` answers."""
    socket = str(workspace.root / "s")
    told = [socket, str(workspace.root), LOCATION, "--module-name", DEFINITIONS]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    server = subprocess.Popen([sys.executable, "-m", CODE_SERVER, *told], env=environment, cwd=PROJECT_ROOT)
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with suppress(DagsterUserCodeUnreachableError):
            DagsterGrpcClient(socket=socket).ping("")
            break
        time.sleep(0.1)
    yield socket
    server.kill()
    server.wait()


def test_a_setting_that_changes_is_in_force_at_the_next_tick_of_the_same_server(
    workspace: Workspace, socket: str
) -> None:
    client = DagsterGrpcClient(socket=socket)
    location = GrpcServerCodeLocationOrigin(host="localhost", socket=socket, location_name=LOCATION)
    with dg.DagsterInstance.get() as instance:
        asked = SensorExecutionArgs(
            RemoteRepositoryOrigin(location, "__repository__"), instance.get_ref(), "say_sign_in", timeout=120
        )

        def tick() -> str:
            return deserialize_value(client.external_sensor_execution(asked)).skip_message  # pyright: ignore[reportAttributeAccessIssue]

        before, server = tick(), client.get_server_id()
        (workspace.root / "config.yaml").write_text("proactive: {sign_in: {enabled: false}}\n")
        after = tick()
        workspace.state.set_override("proactive.sign_in.enabled", True)
        again = tick()
    assert "switched off" not in before
    assert "switched off" in after
    assert again == before
    assert client.get_server_id() == server
