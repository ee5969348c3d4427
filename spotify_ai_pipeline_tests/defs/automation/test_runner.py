"""Runs that are handed to the warm process beside a code server, by the command line and by the daemon."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._grpc.client import DagsterGrpcClient

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.scrobble_partitions import FIRST_MONTH
from spotify_ai_pipeline.definitions import build_defs
from spotify_ai_pipeline.defs.automation import handover, run
from spotify_ai_pipeline.defs.automation.launcher import PROCESS
from spotify_ai_pipeline.defs.dagster_internals import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.up import CODE_SERVER, DEFINITIONS, LOCATION
from spotify_ai_pipeline.paths import PROJECT_ROOT
from spotify_ai_pipeline.storage.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a warm process")

PATIENCE_SECONDS = 120
QUICK, SLOW = "take_in_files", "fill_history"
"""A job that needs no service, and one that waits for Last.fm, which never answers here."""


def until(happened: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := happened()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """The address of a service that takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, silent: str) -> Iterator[tuple[Path, str]]:
    """A home whose code server has a warm process, and the socket of the server."""
    root = tmp_path_factory.mktemp("w") / "home"
    with pytest.MonkeyPatch.context() as patched:
        for name in ("DAGSTER_HOME", "SPOTIFY_AI_DATA", "SPOTIFY_AI_DAGSTER_STORAGE"):
            patched.setenv(name, "")  # put back after what `name_to_dagster` sets
        workspace = Workspace.open(root)
        (root / ".env").write_text("LASTFM_API_KEY=key\nLASTFM_USER=someone\n")
        (root / "config.yaml").write_text(yaml.safe_dump({"services": {"lastfm": {"url": silent}}}))
        workspace.state.set_fact(FIRST_MONTH, "2026-01")
        workspace.name_to_dagster()
        at = str(root / "s")
        environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
        told = [at, str(root), LOCATION, "--module-name", DEFINITIONS]
        process = subprocess.Popen([sys.executable, "-m", CODE_SERVER, *told], env=environment, cwd=PROJECT_ROOT)

        def answers() -> bool:
            with suppress(DagsterUserCodeUnreachableError):
                DagsterGrpcClient(socket=at).ping("")
                return True
            assert process.poll() is None
            return False

        until(answers)
        yield root, at
        process.kill()
        process.wait()


@pytest.fixture
def workspace(server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in ("DAGSTER_HOME", "SPOTIFY_AI_DATA", "SPOTIFY_AI_DAGSTER_STORAGE"):
        monkeypatch.setenv(name, "")
    workspace = Workspace.open(server[0])
    workspace.name_to_dagster()
    return workspace


def process_of(run_id: str) -> int:
    """The process that worked on the run."""
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        return int(run.tags[PROCESS].split("@")[0])


def status_of(run_id: str) -> str:
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        return run.status.value


def started(tags: dict[str, str]) -> Sequence[dg.DagsterRun]:
    """The runs under way that bear ``tags``; by its status alone, a run that was killed is under way for ever."""
    with dg.DagsterInstance.get() as instance:
        return instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED], tags=tags))


def test_a_command_hands_its_run_over_and_hears_of_every_step(workspace: Workspace) -> None:
    heard = list[tuple[str, str, str]]()
    ran = handover.run_job(workspace, QUICK, lambda *told: heard.append(told), {"mark": "mine"})
    assert (ran.success, ran.error) == (True, "")
    assert heard[0] == ("", "planned", heard[0][2])
    assert sorted(heard[0][2].split()) == ["history_imports", "ratings"]
    assert {("ratings", "started", ""), ("ratings", "done", "")} <= set(heard)
    assert process_of(ran.run_id) != os.getpid()
    with dg.DagsterInstance.get() as instance:
        assert instance.get_run_by_id(ran.run_id).tags["mark"] == "mine"


def test_a_run_has_the_environment_of_the_command(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(clock.SHIFT, str(-90 * 86_400))
    ran = handover.run_job(workspace, QUICK, lambda *_: None)
    with dg.DagsterInstance.get() as instance:
        began = instance.get_run_stats(ran.run_id).start_time
    assert abs(began - clock.now()) < 3_600


def test_ctrl_c_ends_the_run_and_the_command_hears_how(workspace: Workspace) -> None:
    def interrupt(_: str, kind: str, __: str) -> None:
        if kind == "started":
            os.kill(os.getpid(), signal.SIGINT)

    ran = handover.run_job(workspace, SLOW, interrupt)
    assert (ran.success, ran.interrupted) == (False, True)
    assert status_of(ran.run_id) in {"FAILURE", "CANCELED"}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_command_that_is_gone_takes_its_run_along(workspace: Workspace) -> None:
    address = Path(workspace.state.fact(handover.ADDRESS))
    tags = {"mark": "left alone"}
    request = {"job": SLOW, "tags": tags, "options": {}, "root": str(workspace.root), "environment": dict(os.environ)}
    connection = handover.begin(address, request)
    assert connection is not None
    assert json.loads(connection.lines.readline())["kind"] == "planned"
    (run,) = until(lambda: started(tags))
    connection.close()
    until(lambda: status_of(run.run_id) in {"FAILURE", "CANCELED"})
    until(lambda: not psutil.pid_exists(process_of(run.run_id)))


def test_a_run_that_is_interrupted_before_its_first_step_is_over(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "execute_run", interrupted)
    ran = run.run_job(workspace, QUICK, lambda *_: None)
    assert ran.interrupted and status_of(ran.run_id) == "CANCELED"


def test_what_the_listener_can_mend_is_told_as_ever(workspace: Workspace) -> None:
    with dg.DagsterInstance.get() as instance:
        job = build_defs(workspace).get_repository_def().get_job("retrain")
        busy = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=job.run_tags)
        try:
            with pytest.raises(UserError, match="retrain is under way already"):
                handover.run_job(workspace, QUICK, lambda *_: None)
        finally:
            instance.delete_run(busy.run_id)


def test_a_process_that_dies_is_told_of(workspace: Workspace) -> None:
    def kill(_: str, kind: str, __: str) -> None:
        if kind == "started":
            (run,) = started({"mark": "killed"})
            os.kill(process_of(run.run_id), signal.SIGKILL)

    with pytest.raises(UserError, match="ended in the middle"):
        handover.run_job(workspace, SLOW, kill, {"mark": "killed"})
    assert handover.run_job(workspace, QUICK, lambda *_: None).success, "the next one runs"


@pytest.mark.parametrize("trouble", ["gone", "of another version", "of another user"])
def test_without_a_warm_process_the_run_is_here(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "gone":
        monkeypatch.setattr(handover, "ADDRESS", "left over")
        workspace.state.set_fact("left over", str(workspace.root / "nothing"))
    elif trouble == "of another version":
        monkeypatch.setattr(handover, "program_version", lambda: "the next release")
    else:
        monkeypatch.setattr(os, "getuid", lambda: 4_321)
    ran = handover.run_job(workspace, QUICK, lambda *_: None)
    assert ran.success
    assert process_of(ran.run_id) == os.getpid()


def test_a_run_of_the_daemon_is_a_copy_too_and_ends_when_the_ui_says_so(
    workspace: Workspace, server: tuple[Path, str], tmp_path: Path
) -> None:
    served = tmp_path / "workspace.yaml"
    served.write_text(
        yaml.safe_dump({"load_from": [{"grpc_server": {"socket": server[1], "location_name": LOCATION}}]})
    )
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, WorkspaceFileTarget([str(served)])) as context,
    ):
        asking = context.create_request_context()
        (repository,) = asking.get_code_location(LOCATION).get_repositories().values()

        def launch(name: str) -> str:
            job = build_defs(workspace).get_repository_def().get_job(name)
            origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), repository.name)
            run = instance.create_run_for_job(
                job,
                tags={
                    **job.run_tags,
                    "dagster/asset_partition_range_start": "2026-11",
                    "dagster/asset_partition_range_end": "2026-11",
                }
                if name == SLOW
                else job.run_tags,
                remote_job_origin=origin.get_job_origin(name),
                job_code_origin=repository.get_full_job(name).get_python_origin(),
            )
            instance.launch_run(run.run_id, asking)
            return run.run_id

        quick = launch(QUICK)
        until(lambda: status_of(quick) == "SUCCESS")
        slow = launch(SLOW)
        until(lambda: status_of(slow) == "STARTED")
        family = psutil.Process(process_of(slow)).parents()
        assert any(CODE_SERVER in " ".join(one.cmdline()) for one in family)
        assert instance.run_launcher.terminate(slow)
        until(lambda: status_of(slow) == "CANCELED")
