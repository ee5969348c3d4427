"""Clusters in the graph: from the embeddings to names, health, lists and the map, and what the commands show of them."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.defs.taste.map import page
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets, pins, playlists
from spotify_ai_pipeline_tests.conftest import Pipeline

LAYER = "features"
MAIN = "from spotify_ai_pipeline.interfaces.cli import main; main()"
HEAVY = ("umap", "hdbscan", "numba", "matplotlib", "sklearn", "scipy", "anthropic")


def cli(pipeline: Pipeline, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "SPOTIFY_AI_DATA": str(pipeline.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    return ran


def test_the_first_run_leaves_clusters_names_health_and_a_map(pipeline: Pipeline) -> None:
    clusters, names = pipeline.read(datasets.CLUSTERS), pipeline.read(datasets.CLUSTER_NAMES)
    embeddings = pipeline.read(datasets.SONG_EMBEDDINGS)
    assert set(clusters["song_id"]) == set(embeddings["song_id"])
    assert set(names["cluster_id"]) == set(clusters["cluster_id"]) | set(clusters["parent_cluster_id"])
    assert names["name"].n_unique() == names.height
    assert set(names["named_by"]) == {"tags"}  # there is no key
    assert pipeline.read(datasets.CLUSTER_HEALTH)["play_share"].sum() == pytest.approx(1)
    assert pipeline.read(datasets.CLUSTER_PLAYLISTS).is_empty()  # off by default
    lake = pipeline.workspace.lake
    for picture in ("map-light.png", "map-dark.png"):
        assert lake.read_blob(datasets.LIBRARY_MAP, picture).startswith(b"\x89PNG")
    assert lake.read_blob(datasets.LIBRARY_MAP, "map-light.png") != lake.read_blob(datasets.LIBRARY_MAP, "map-dark.png")


def test_with_a_key_claude_names_them_names_stay(pipeline: Pipeline) -> None:
    with (pipeline.root / ".env").open("a") as env:
        env.write("ANTHROPIC_API_KEY=sandbox\n")
    state = pipeline.workspace.state
    assert pipeline.refresh("recluster").success
    names = pipeline.read(datasets.CLUSTER_NAMES)
    assert (names["named_by"] == "claude").any()
    spent = state.rows("SELECT count(*) AS n FROM spend")[0]["n"]
    assert spent

    assert pipeline.refresh("recluster").success
    again = pipeline.read(datasets.CLUSTER_NAMES)
    assert again.select("cluster_id", "name", "named_at").equals(names.select("cluster_id", "name", "named_at"))
    assert state.rows("SELECT count(*) AS n FROM spend")[0]["n"] == spent
    status = json.loads(cli(pipeline, "status", "--json").stdout)
    assert status["claude"]["budget_usd"] == 5
    assert status["claude"]["spent_usd"] > 0


def test_the_largest_cluster_has_a_list_on_spotify_and_edits_of_it_are_respected(pipeline: Pipeline) -> None:
    state = pipeline.workspace.state
    state.set_override("clustering.playlists", 1)
    assert pipeline.refresh().success
    decided = pipeline.read(datasets.CLUSTER_PLAYLISTS).sort("rank")
    assert decided["cluster_id"].n_unique() == 1
    assert set(decided["change"]) == {"new"}
    written = playlists.written(state, f"cluster:{decided['cluster_id'][0]}")
    assert written is not None
    client = Spotify.of(pipeline.workspace)
    assert client.track_ids(written.playlist_id) == decided["track_id"].to_list()

    client.replace_items(written.playlist_id, written.track_ids[1:])  # the listener takes the first song off
    assert pipeline.refresh().success
    again = pipeline.read(datasets.CLUSTER_PLAYLISTS)
    changes = again["change"].to_list()
    allowed = int(len(written.track_ids) * pipeline.workspace.settings.playlist.max_change_per_refresh)
    assert changes.count("new") <= allowed
    assert changes.count("out") <= allowed
    assert written.track_ids[0] not in client.track_ids(written.playlist_id)
    assert not pins.held_and_barred(state, clock.now())[1], "it says nothing about other lists"


def test_a_list_of_a_cluster_that_is_deleted_is_asked_about_once_and_made_again_when_wanted(pipeline: Pipeline) -> None:
    state = pipeline.workspace.state
    state.set_override("clustering.playlists", 1)
    pipeline.workspace.name_to_dagster()

    from spotify_ai_pipeline.definitions import build_defs

    def write() -> list[str]:
        """Decides and writes the cluster's list; gives the alerts that stand afterwards."""
        graph = build_defs(pipeline.workspace).resolve_implicit_global_asset_job_def()
        chosen = [dg.AssetKey("cluster_playlists"), dg.AssetKey("clusters_on_spotify")]
        assert graph.execute_in_process(asset_selection=chosen, instance=dg.DagsterInstance.ephemeral()).success
        return [row["message"] for row in state.rows("SELECT message FROM alerts WHERE name = 'cluster playlists'")]

    assert write() == []
    (name,) = [row["name"] for row in state.rows("SELECT name FROM playlists WHERE name LIKE 'cluster:%'")]
    written = playlists.written(state, name)
    assert written is not None
    client = Spotify.of(pipeline.workspace)
    client._silent("_delete", "me/library", uris=f"spotify:playlist:{written.playlist_id}")
    command = f"playlist --recreate --cluster {name.split(':')[1]}"
    (asked,) = write()
    assert f"spotify-ai {command}" in asked
    assert write() == [], "once is enough"
    shown = json.loads(cli(pipeline, *command.split(), "--json").stdout)
    again = playlists.written(state, name)
    assert again is not None and again.playlist_id != written.playlist_id and shown["link"].endswith(again.playlist_id)
    assert client.track_ids(again.playlist_id) == written.track_ids
    assert write() == []


def test_the_commands_show_clusters_and_write_the_map(pipeline: Pipeline) -> None:
    listed = json.loads(cli(pipeline, "clusters", "--json").stdout)
    assert sum(row["songs"] for row in listed) == pipeline.read(datasets.CLUSTERS).height
    first = listed[0]
    assert first["name"] in cli(pipeline, "clusters").stdout
    one = json.loads(cli(pipeline, "clusters", str(first["cluster_id"]), "--json").stdout)
    assert len(one["members"]) == first["songs"]
    assert "error: " in cli(pipeline, "clusters", "no such name", code=2).stderr

    written = cli(pipeline, "map").stdout.split()
    assert written == [str(pipeline.root / "library_map.png"), str(pipeline.root / "library_map.html")]
    content = (pipeline.root / "library_map.html").read_text()
    data = json.loads(content.split('type="application/json">')[1].split("</script>")[0])
    assert len(data["title"]) == pipeline.read(datasets.CLUSTERS).height
    assert "http" not in content.replace("https://open.spotify.com/track/", "").replace("http-equiv", "")
    picture = pipeline.root / "dark.png"
    cli(pipeline, "map", "--dark", "--png", str(picture))
    assert picture.read_bytes() == pipeline.workspace.lake.read_blob(datasets.LIBRARY_MAP, "map-dark.png")


def test_a_refresh_and_clusters_that_are_young_import_nothing_heavy(pipeline: Pipeline) -> None:
    script = f"""
import sys
from pathlib import Path
from spotify_ai_pipeline.defs.automation.run import run_job
from spotify_ai_pipeline.storage.workspace import Workspace
workspace = Workspace.open(Path({str(pipeline.root)!r}))
result = run_job(workspace, "refresh_the_mix", lambda *event: None)
assert result.success, result.error
print([name for name in {HEAVY} if name in sys.modules])
"""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "SPOTIFY_AI_DATA": str(pipeline.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"


def test_titles_cannot_leave_their_place_on_the_page() -> None:
    evil = "</script><script>alert(1)</script>"
    songs = pl.DataFrame(
        {
            "cluster_id": [1, 1],
            "parent_cluster_id": [2, 2],
            "x": [0.0, 1.0],
            "y": [0.0, 1.0],
            "track_id": ["t", None],
            "title": [evil, None],
            "artist": ["\u2028", "&amp;"],
            "energy": [None, 0.5],
            "days_quiet": [None, 2.0],
        }
    )
    names = pl.DataFrame({"cluster_id": [1, 2], "name": [evil, "family"], "description": ["", ""]})
    made = page.render(songs, names, evil)
    assert evil not in made
    assert html.escape(evil) in made
    data = json.loads(made.split('type="application/json">')[1].split("</script>")[0])
    assert data["title"] == [evil, ""]
    assert data["energy"] == [None, 0.5]
    assert data["clusters"][0]["name"] == evil
