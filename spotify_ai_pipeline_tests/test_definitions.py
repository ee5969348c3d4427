"""The graph as the code server loads it, and what loading it costs."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

HEAVY = ["umap", "hdbscan", "lightgbm", "faiss", "sklearn", "anthropic"]
LOAD = f"""
import json, sys
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.reconstruct import ReconstructableRepository
repository = ReconstructableRepository(ModuleCodePointer("spotify_ai_pipeline.definitions", "defs")).get_definition()
print(json.dumps({{
    "assets": sorted(key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()),
    "jobs": sorted(job.name for job in repository.get_all_jobs()),
    "heavy": [name for name in {HEAVY} if name in sys.modules],
}}))
"""
STAGES = ("ingest", "identity", "features", "taste", "discovery", "playlist")
ASSETS = {
    "spotify_library", "scrobbles", "songs", "listens", "audio_features", "tags", "song_embeddings", "song_index",
    "listening_stats", "mood", "mix", "spotify_playlist",
}  # fmt: skip


def build(workspace: Workspace) -> dg.Definitions:
    """The graph for ``workspace``. Imported here, because the module opens the home of the environment as it is loaded."""
    from spotify_ai_pipeline.definitions import build_defs

    return build_defs(workspace)


@pytest.fixture
def defs(tmp_path: Path) -> dg.Definitions:
    return build(Workspace.open(tmp_path / "home"))


def test_the_code_server_loads_the_graph_and_nothing_heavy(tmp_path: Path) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD],
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "SPOTIFY_AI_DATA": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    said = json.loads(loaded.stdout.splitlines()[-1])
    assert set(said["assets"]) >= ASSETS
    assert {"everything", "refresh_the_mix", "fill_history"} <= set(said["jobs"])
    assert said["heavy"] == []


def test_every_asset_says_what_it_is(defs: dg.Definitions) -> None:
    for spec in defs.resolve_all_asset_specs():
        name = spec.key.to_user_string()
        assert spec.group_name in STAGES, name
        assert spec.kinds, name
        assert spec.owners, name
        assert spec.description, name
        assert len(spec.description) > 20, name


def test_groups_follow_each_other_without_a_cycle(defs: dg.Definitions) -> None:
    """Collapsed to its groups, the graph reads in the order of the stages: no asset is made from one of a later stage."""
    graph = defs.resolve_asset_graph()
    stage = {key: STAGES.index(graph.get(key).group_name) for key in graph.get_all_asset_keys()}
    edges = [(parent, key) for key in stage for parent in graph.get(key).parent_keys]
    assert [edge for edge in edges if stage[edge[0]] > stage[edge[1]]] == []
    assert {stage[parent] for parent, _ in edges} == set(range(len(STAGES)))


def test_an_asset_lies_in_the_folder_of_its_group(defs: dg.Definitions) -> None:
    for asset in defs.resolve_asset_graph().assets_defs:
        for key, group in asset.group_names_by_key.items():
            made_by: Any = asset.op.compute_fn
            assert made_by.decorated_fn.__module__.split(".")[2] == group, key


def test_what_moved_to_another_group_stays_in_its_folder_of_the_lake(defs: dg.Definitions) -> None:
    layers = {
        spec.key.to_user_string(): datasets.REGISTER[spec.key.path[-1]].layer for spec in defs.resolve_all_asset_specs()
    }
    groups = {spec.key.to_user_string(): spec.group_name for spec in defs.resolve_all_asset_specs()}
    assert {name: layer for name, layer in layers.items() if layer != groups[name]} == {
        **dict.fromkeys(["clusters", "cluster_names", "cluster_health", "library_map"], "features"),
        **dict.fromkeys(["applied_verdicts", "trials_on_lists"], "discovery"),
    }


def test_every_asset_says_how_fresh_it_has_to_be_and_where_to_read_of_it(defs: dg.Definitions) -> None:
    for spec in defs.resolve_all_asset_specs():
        assert spec.freshness_policy is not None, spec.key
        assert "read more" in spec.metadata, spec.key


def test_all_that_runs_by_itself_says_what_it_does_and_is_on(defs: dg.Definitions) -> None:
    schedules, sensors, jobs = defs.schedules or [], defs.sensors or [], defs.jobs or []
    for each in (*schedules, *sensors, *jobs):
        said = getattr(each, "description", None)
        assert said, each.name
        assert len(said) > 40, each.name
    assert {"refresh_at_eight_and_eight", "retrain_at_night", "prune_at_night"} <= {each.name for each in schedules}
    for each in (*schedules, *sensors):
        assert each.default_status.value == "RUNNING", each.name


def test_features_follow_the_days_first_refresh(defs: dg.Definitions) -> None:
    """Not before it, and once after it."""
    day, upstream = datetime(2026, 11, 20, tzinfo=UTC), ["songs", "listens"]
    with dg.DagsterInstance.ephemeral() as instance:
        found = dg.evaluate_automation_conditions(defs, instance, evaluation_time=day)
        found = dg.evaluate_automation_conditions(
            defs, instance, cursor=found.cursor, evaluation_time=day + timedelta(hours=4)
        )
        assert found.total_requested == 0, "past three, and nothing was refreshed yet"
        for asset in upstream:
            instance.report_runless_asset_event(dg.AssetMaterialization(asset))
        found = dg.evaluate_automation_conditions(
            defs, instance, cursor=found.cursor, evaluation_time=day + timedelta(hours=9)
        )
        assert found.get_num_requested(dg.AssetKey("audio_features")) == 1
        found = dg.evaluate_automation_conditions(
            defs, instance, cursor=found.cursor, evaluation_time=day + timedelta(hours=10)
        )
        assert found.total_requested == 0


def test_every_check_says_what_it_checks(defs: dg.Definitions) -> None:
    checks = [spec for check in defs.asset_checks or [] for spec in getattr(check, "check_specs", [])]
    assert len(checks) >= 6
    assert all(spec.description for spec in checks)


def test_only_one_asset_writes_to_spotify_and_refreshes_of_it_wait_for_each_other(defs: dg.Definitions) -> None:
    for name in ("everything", "refresh_the_mix"):
        assert defs.resolve_job_def(name).tags["spotify_ai/writer"] == "playlist"


def test_the_refresh_leaves_features_as_they_are(defs: dg.Definitions) -> None:
    chosen = {key.to_user_string() for key in defs.resolve_job_def("refresh_the_mix").asset_layer.executable_asset_keys}
    assert not chosen & {"audio_features", "tags", "song_embeddings", "song_index"}
    assert not chosen & {"discovery_seeds", "lastfm_similar", "candidates", "discoveries"}
    assert {"spotify_library", "scrobbles", "trials", "mix", "spotify_playlist", "trials_on_lists"} <= chosen


def test_months_begin_with_the_first_scrobble(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    workspace.state.set_fact("first_month", "2024-03")
    scrobbles = build(workspace).resolve_assets_def("scrobbles")
    assert scrobbles.partitions_def is not None
    assert scrobbles.partitions_def.get_first_partition_key() == "2024-03"
    assert scrobbles.backfill_policy == dg.BackfillPolicy.single_run()


def test_secrets_are_no_part_of_dagsters_configuration(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    (workspace.root / ".env").write_text("SPOTIFY_CLIENT_ID=id\nSPOTIFY_CLIENT_SECRET=hush\nLASTFM_API_KEY=hush\n")
    made = build(workspace)
    assert workspace.secrets.lastfm_api_key.get_secret_value() == "hush"
    assert "hush" not in repr([getattr(resource, "__dict__", resource) for resource in (made.resources or {}).values()])


def test_a_dry_run_reads_and_writes_nothing(defs: dg.Definitions) -> None:
    reads = defs.resolve_job_def("read_what_is_new").nodes_in_topological_order
    names = {node.name for node in reads}
    assert "song_scores" in names
    assert not names & {
        "mix",
        "spotify_playlist",
        "trials",
        "trials_on_lists",
        "applied_verdicts",
        "clusters_on_spotify",
        "own_lists_written",
    }
