"""Several listeners on one machine: each with data, secrets and a code location of their own, on one Dagster instance."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.code_pointer import FileCodePointer
from dagster._core.definitions.reconstruct import ReconstructableRepository

from spotify_ai_pipeline.definitions import build_defs
from spotify_ai_pipeline.defs.automation.daemon import make_instance
from spotify_ai_pipeline.defs.automation.pruning import forget_runs
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets, listeners
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import wire

NAMES = ("first", "second", "third")
ENTRY = [sys.executable, "-c", "from spotify_ai_pipeline.interfaces.cli import main; main(prog_name='spotify-ai')"]


def spotify_ai(house: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "SPOTIFY_AI_DATA": str(house)}
    return subprocess.run([*ENTRY, *args], env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return tmp_path / "house"


def test_a_listener_is_added_by_name_and_is_in_the_workspace(house: Path) -> None:
    added = spotify_ai(house, "listener", "add", "first", "--timezone", "Europe/Lisbon")
    assert added.returncode == 0, added.stderr
    root = house / "listeners" / "first"
    assert (root / ".env").stat().st_mode & 0o777 == 0o600
    workspace = house / "listeners" / "workspace.yaml"
    where = [one["python_file"] for one in yaml.safe_load(workspace.read_text())["load_from"]]
    assert [one["location_name"] for one in where] == ["first"]
    file = str(workspace.parent / where[0]["relative_path"])
    loaded = ReconstructableRepository(FileCodePointer(file, "defs", str(root))).get_definition()
    assert all(key.path[0] == "first" for key in loaded.asset_graph.get_all_asset_keys())
    listed = json.loads(spotify_ai(house, "listener", "list", "--json").stdout)
    assert [(one["name"], one["timezone"], one["connected"]) for one in listed] == [("first", "Europe/Lisbon", False)]
    unknown = spotify_ai(house, "--listener", "second", "mix")
    assert (unknown.returncode, "there are first" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("name", "zone"), [("no-dash", "UTC"), ("1st", "UTC"), ("../up", "UTC"), ("fine", "Moon/Base")]
)
def test_names_and_zones_that_cannot_be_are_refused(
    house: Path, name: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(house))
    with pytest.raises(UserError):
        listeners.add(name, zone)
    assert listeners.names(house / "listeners") == []


def test_nobody_reads_with_the_keys_of_another(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(house))
    monkeypatch.setenv("LASTFM_USER", "somebody-else")
    workspace = listeners.add("first", "UTC")
    assert workspace.secrets.lastfm_user == ""
    (workspace.root / ".env").write_text("LASTFM_USER=first\n")
    assert Workspace.open(workspace.root).secrets.lastfm_user == "first"


def test_one_who_is_alone_keeps_the_plain_names(tmp_path: Path) -> None:
    defs = build_defs(Workspace.open(tmp_path / "alone"))
    assert all(len(key.path) == 1 for key in defs.resolve_asset_graph().get_all_asset_keys())


def test_writers_of_one_listener_wait_for_each_other_alone(house: Path) -> None:
    homes = [Workspace.open(house / "listeners" / name) for name in NAMES]
    jobs = [build_defs(workspace).resolve_job_def("refresh_the_mix") for workspace in homes]
    assert [job.tags["spotify_ai/writer"] for job in jobs] == list(NAMES)
    queue = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())["concurrency"]["runs"]["tag_concurrency_limits"]
    writer = {"key": "spotify_ai/writer", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    assert writer in queue
    assert len({workspace.dagster_storage for workspace in homes}) == 1


def test_runs_that_sensors_start_bear_the_listeners_name(house: Path) -> None:
    workspace = Workspace.open(house / "listeners" / NAMES[0])
    repository = build_defs(workspace).get_repository_def()
    for sensor in repository.sensor_defs:
        if isinstance(sensor, dg.AutomationConditionSensorDefinition):
            tags = [sensor.run_tags]
        else:
            tags = [repository.get_job(target.job_name).tags for target in sensor.targets]
        assert all(one.items() >= workspace.run_tags.items() for one in tags), sensor.name


def test_a_listener_who_was_forgotten_comes_back_with_their_line_in_the_workspace(house: Path, tmp_path: Path) -> None:
    root, file = house / "listeners" / NAMES[0], str(tmp_path / "b.zip")

    def there() -> list[str]:
        loaded = yaml.safe_load((root.parent / "workspace.yaml").read_text())["load_from"]
        return [one["python_file"]["location_name"] for one in loaded]

    assert spotify_ai(house, "listener", "add", NAMES[0]).returncode == 0
    assert spotify_ai(house, "--listener", NAMES[0], "backup", file).returncode == 0
    assert spotify_ai(house, "--listener", NAMES[0], "forget", "--yes").returncode == 0
    assert there() == []
    assert spotify_ai(root, "restore", file).returncode == 0
    assert there() == [NAMES[0]] == listeners.names(root.parent)


def test_three_at_once_on_one_instance(house: Path, filled: Path) -> None:
    with ExitStack() as stack:
        for name in NAMES:
            root = Path(shutil.copytree(filled / "home", house / "listeners" / name))
            shutil.rmtree(root / "dagster")
            (root / "lake" / "demo").rename(root / "lake" / name)
            world = Path(shutil.copytree(filled / "world", house / f"world-{name}"))
            wire(Workspace.open(root), world, stack.enter_context(testing.running(world)))
            about = yaml.safe_load((root / "config.yaml").read_text()) | {"listener": {"name": name, "timezone": "UTC"}}
            (root / "config.yaml").write_text(yaml.safe_dump(about))
            (root / listeners.LOCATION_FILE).write_text(listeners.LOCATION)
        before = {name: Workspace.open(house / "listeners" / name).lake.version_of(datasets.MIX) for name in NAMES}
        make_instance(Workspace.open(house / "listeners" / "first"))  # as `listener add` does
        with ThreadPoolExecutor(3) as threads:
            ran = list(threads.map(lambda name: spotify_ai(house, "--listener", name, "refresh"), NAMES))
    assert [one.returncode for one in ran] == [0, 0, 0], [one.stderr for one in ran]
    homes = [Workspace.open(house / "listeners" / name) for name in NAMES]
    for workspace in homes:
        assert workspace.lake.version_of(datasets.MIX) != before[workspace.shared_as]
        assert not (workspace.root / "dagster").exists()
    homes[0].name_to_dagster()
    with dg.DagsterInstance.get() as instance:
        runs = instance.get_runs(dg.RunsFilter(job_name="refresh_the_mix", statuses=[dg.DagsterRunStatus.SUCCESS]))
        assert sorted(run.tags["spotify_ai/listener"] for run in runs) == list(NAMES)
        assert {key.path[0] for key in instance.get_asset_keys()} == set(NAMES)
    forget_runs(homes[0])
    with dg.DagsterInstance.get() as instance:
        assert {run.tags["spotify_ai/listener"] for run in instance.get_runs()} == {"second", "third"}
        assert {key.path[0] for key in instance.get_asset_keys()} == {"second", "third"}
