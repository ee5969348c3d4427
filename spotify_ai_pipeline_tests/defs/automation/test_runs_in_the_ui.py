"""Runs of the command line as the UI finds them: on the page of their job and on the timeline."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.testclient import TestClient

from spotify_ai_pipeline.defs.automation.run import run_job
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import listeners
from spotify_ai_pipeline.storage.workspace import Workspace

QUERY = """
{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { ... on RepositoryLocation {
    repositories { name jobs { name runs(limit: 5) { runId status } } } } } } } }
  runsOrError(limit: 5) { ... on Runs { results { runId jobName canTerminate
    repositoryOrigin { repositoryName repositoryLocationName } } } } }
"""


@pytest.mark.parametrize("listener", ["", "sam"])
def test_a_run_of_the_command_line_is_filed_under_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: str
) -> None:
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    workspace = listeners.add(listener, "UTC") if listener else Workspace.open(tmp_path / "alone")
    ran = run_job(workspace, "prune", lambda *_: None)
    assert ran.success, ran.error
    target = WorkspaceFileTarget([str(workspace.workspace_file)])
    with dg.DagsterInstance.get() as instance, WorkspaceProcessContext(instance, target) as context:
        app = create_app_from_workspace_process_context(context)
        answer = TestClient(app).post("/graphql", json={"query": QUERY}).json()
    (location,) = answer["data"]["workspaceOrError"]["locationEntries"]
    (repository,) = location["locationOrLoadError"]["repositories"]
    filed = {job["name"]: job["runs"] for job in repository["jobs"] if job["runs"]}
    assert filed == {"prune": [{"runId": ran.run_id, "status": "SUCCESS"}]}, "the page of the job"
    (run,) = answer["data"]["runsOrError"]["results"]
    assert run["repositoryOrigin"] == {
        "repositoryName": repository["name"],
        "repositoryLocationName": location["name"],
    }, "the row of the timeline"


def test_a_run_of_the_command_line_that_failed_is_not_tried_again_by_the_daemon(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    ran = run_job(workspace, "prune", lambda *_: None)
    with dg.DagsterInstance.get() as instance:
        assert instance.run_retries_enabled
        assert instance.get_run_by_id(ran.run_id).tags["dagster/max_retries"] == "0"
