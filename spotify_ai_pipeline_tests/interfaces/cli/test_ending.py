"""The ends of `demo` and `up`: by a signal that can be caught or by one that cannot, what they started ends with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import yaml

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.scrobble_partitions import tags_from
from spotify_ai_pipeline.defs.automation.run import learn_first_month
from spotify_ai_pipeline.interfaces.cli.up import is_taken
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline_tests.conftest import HARD
from spotify_ai_pipeline_tests.interfaces.cli.conftest import ENTRY

PATIENCE_S = 600
JOB = "refresh_the_mix"
LAUNCH = """mutation($tags: [ExecutionTag!]) { launchRun(executionParams: {selector: {repositoryName: "__repository__",
 repositoryLocationName: "spotify_ai_pipeline", jobName: "refresh_the_mix"}, executionMetadata: {tags: $tags}})
 {__typename} }"""
RUNS = "{ runsOrError { ... on Runs { results { runId status jobName rootRunId } } } }"


def until(happened: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (found := happened()):
        assert time.monotonic() < end, what
        time.sleep(0.2)
    return found


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=120).ok
    except requests.RequestException:
        return False


def shell(root: Path, **more: object) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("SPOTIFY_AI") or name == clock.SHIFT
    }
    return kept | {"PYTHONPATH": str(root)} | {name: str(value) for name, value in more.items()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_ended_takes_its_sandbox_along(
    project: Any, small_world: Path, free_port: int, number: signal.Signals
) -> None:
    command = [*ENTRY, "demo", "--world", str(small_world), "--port", str(free_port)]
    silence = subprocess.DEVNULL
    demo = subprocess.Popen(command, cwd=project.root, env=shell(project.root), stdout=silence, stderr=silence)
    url = f"http://127.0.0.1:{free_port}/sandbox"
    until(lambda: answers(url), "the sandbox answers")
    demo.send_signal(number)
    demo.wait(PATIENCE_S)
    until(lambda: not answers(url), "the sandbox is gone")


def test_ctrl_c_ends_the_wait_for_a_browser(tmp_path: Path, free_port: int) -> None:
    (tmp_path / ".env").write_text("SPOTIFY_CLIENT_ID=id\nSPOTIFY_CLIENT_SECRET=secret\n")
    redirect = f"http://127.0.0.1:{free_port}/callback"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"spotify": {"redirect_uri": redirect}}))
    environment = shell(PROJECT_ROOT, SPOTIFY_AI_DATA=tmp_path, BROWSER="true")
    login = subprocess.Popen(
        [*ENTRY, "login"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until(lambda: is_taken(free_port), "it listens")
    login.send_signal(signal.SIGINT)
    _, said = login.communicate(timeout=PATIENCE_S)
    assert (login.returncode, said.strip()) == (130, "ended")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with a parent that was killed")
def test_up_that_is_killed_leaves_no_process_behind(tmp_path: Path, free_port: int) -> None:
    environment = shell(PROJECT_ROOT, SPOTIFY_AI_DATA=tmp_path / "home")
    up = subprocess.Popen([*ENTRY, "up", "--port", str(free_port)], cwd=PROJECT_ROOT, env=environment)
    until(lambda: answers(f"http://127.0.0.1:{free_port}/server_info"), "the UI answers")
    family = psutil.Process(up.pid).children(recursive=True)
    assert len(family) >= 2
    up.kill()
    up.wait()
    until(lambda: not any(child.is_running() and child.status() != "zombie" for child in family), "all of it is gone")


@pytest.mark.skipif(not HARD, reason="takes minutes: make hardship")
def test_up_that_is_killed_with_a_job_at_work_goes_on_at_its_next_start(pipeline: Any, free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}"

    def ask(query: str, **variables: Any) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        return requests.post(f"{url}/graphql", json=body, timeout=120).json()["data"]

    def statuses() -> list[str]:
        """Lists the states of the job's runs since it was launched; the command line has run it under the name of
        another."""
        runs = ask(RUNS)["runsOrError"].get("results", [])
        return [run["status"] for run in runs if run["jobName"] == JOB]

    def start() -> subprocess.Popen[bytes]:
        environment = shell(PROJECT_ROOT, SPOTIFY_AI_DATA=pipeline.root)
        begun = subprocess.Popen([*ENTRY, "up", "--port", str(free_port)], cwd=PROJECT_ROOT, env=environment)
        until(lambda: answers(f"{url}/server_info"), "the UI answers")
        return begun

    before = pipeline.listed()
    up = start()
    assert statuses() == []
    tags = tags_from(pipeline.workspace, learn_first_month(pipeline.workspace), clock.utc_now())
    launched = ask(LAUNCH, tags=[{"key": key, "value": value} for key, value in tags.items()])
    assert launched["launchRun"]["__typename"] == "LaunchRunSuccess"
    until(lambda: "STARTED" in statuses(), "the job works")
    family = psutil.Process(up.pid).children(recursive=True)
    assert len(family) >= 2
    for process in (psutil.Process(up.pid), *family):
        process.kill()
    up.wait()
    until(lambda: not answers(f"{url}/server_info"), "all of it is gone")
    up = start()
    try:
        until(lambda: "SUCCESS" in statuses(), "the job was made whole")
        assert sorted(statuses()) == ["FAILURE", "SUCCESS"], "the dead run, and the one that went on"
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(PATIENCE_S) == 0
    after = pipeline.listed()
    assert len(after) == len(set(after)) == len(before)
