"""`mood`: what listening shows, what was asked for, and what the mix makes of it."""

import json
from collections.abc import Callable

import dagster as dg
import numpy as np
import polars as pl
import pytest
from click.testing import Result

from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.defs.taste.mood import mood as mood_asset
from spotify_ai_pipeline.encoders import phrases
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

Cli = Callable[..., Result]


def test_the_mood_says_where_it_comes_from(workspace: Workspace, cli: Cli) -> None:
    shown = cli("mood")
    assert shown.exit_code == 0
    assert shown.output.startswith("mood: ")
    assert "from: your last" in shown.output
    said = json.loads(cli("mood", "--json").stdout)
    assert said["asked_for"] is None
    assert said["mood"]["source"] == "listening"
    assert said["mood"]["words"][-1] in ("night", "morning", "afternoon", "evening")
    assert said["mood"]["model"] == workspace.lake.read(datasets.SONG_EMBEDDINGS)["model"][0]


def test_a_mood_is_asked_for_shown_and_taken_back(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "is_installed", lambda: False)
    said = cli("mood", "calm acoustic", "--for", "45m").output
    assert "acoustic, calm" in said
    assert "understood by the lexicon, until" in said
    assert cli("mood").output.startswith("you asked for: calm acoustic, until ")
    assert json.loads(cli("mood", "--json").stdout)["asked_for"]["words"] == "calm acoustic"
    assert "it counts from the next refresh on" in cli("mood").output
    assert "does not follow" not in cli("mood").output
    said = json.loads(cli("mood", "--less", "acoustic", "--json").stdout)
    assert said["axes"]["acousticness"] == 0.5
    assert said["axes"]["energy"] > -0.7
    assert "taken back" in cli("mood", "--clear").output
    assert cli("mood", "--more", "happy").exit_code == 2
    assert "nothing to take back" in cli("mood", "--clear").output
    assert cli("mood").output.startswith("mood: ")


@pytest.mark.parametrize(
    "args", [["zzyzx"], ["calm", "--for", "3 weeks"], ["calm", "--for", "0h"], ["calm", "--clear"]]
)
def test_what_cannot_be_followed_is_refused(cli: Cli, args: list[str]) -> None:
    said = cli("mood", *args)
    assert said.exit_code == 2
    assert said.stdout == ""


def test_what_is_not_understood_says_so_and_offers_three_moods(cli: Cli) -> None:
    told = cli("mood", "zzyzx").output.replace("\n", " ")
    assert "none of these words is understood" in told
    assert len(told.split("the nearest moods are:")[1].split(",")) == 3


def test_the_mood_is_called_by_its_nearest_clusters_where_there_are_any(workspace: Workspace, cli: Cli) -> None:
    songs = workspace.lake.read(datasets.SONG_EMBEDDINGS).sort("song_id")
    mood = np.array(workspace.lake.read(datasets.MOOD)["vector"][0])
    near = (songs["vector"].to_numpy() @ mood) > np.median(songs["vector"].to_numpy() @ mood)
    groups = songs.select("song_id", cluster_id=pl.Series(near.astype(int)))
    names = pl.DataFrame(
        {"cluster_id": [0, 1, 1], "level": ["cluster", "cluster", "family"], "name": ["Far", "Near", "All"]}
    )
    workspace.lake.write(groups, datasets.CLUSTERS)
    workspace.lake.write(names, datasets.CLUSTER_NAMES)
    frames = {name: workspace.lake.read(datasets.REGISTER[name]) for name in ("listens", "songs", "tags")}
    result = mood_asset(workspace=WorkspaceResource(root=str(workspace.root)), song_embeddings=songs, **frames)
    assert result.value["clusters"][0].to_list() == ["Near", "Far"]  # pyright: ignore
    workspace.lake.write(result.value, datasets.MOOD)  # pyright: ignore
    assert cli("mood").output.startswith("mood: Near and Far: ")


def test_where_nothing_is_like_the_mood_asked_for_what_is_heard_counts(workspace: Workspace, cli: Cli) -> None:
    assert cli("mood", "from the 1910s", "--for", "1h").exit_code == 0
    frames = {
        name: workspace.lake.read(datasets.REGISTER[name])
        for name, layer in (
            ("listens", "identity"), ("songs", "identity"), ("tags", "features"), ("song_embeddings", "features"),
        )
    }  # fmt: skip
    assert frames["songs"].filter(pl.col("release_date").str.starts_with("191")).is_empty()
    made = mood_asset(workspace=WorkspaceResource(root=str(workspace.root)), **frames)
    assert made.value["source"].to_list() == ["listening"]  # pyright: ignore
    assert made.metadata["missed"] == "no song is like 'from the 1910s'"  # pyright: ignore
    workspace.lake.write(made.value, datasets.MOOD)  # pyright: ignore
    shown = cli("mood").output
    assert "no song of yours is like it: the mix goes by what you play" in shown and "from: your last" in shown


def test_scores_follow_a_mood_that_was_asked_for_and_then_forget_it(workspace: Workspace, cli: Cli) -> None:
    energy = workspace.lake.read(datasets.AUDIO_FEATURES).select("song_id", "energy")

    def score_by_energy() -> float:
        """Rank correlation of score and energy among songs in rotation, as the graph scores them now."""
        chosen = [dg.AssetKey("mood"), dg.AssetKey("song_scores")]
        graph = build_defs(workspace).resolve_implicit_global_asset_job_def()
        assert graph.execute_in_process(asset_selection=chosen, instance=dg.DagsterInstance.ephemeral()).success
        scores = workspace.lake.read(datasets.SONG_SCORES).join(energy, on="song_id").filter(slot="core")
        ranks = scores.drop_nulls(["score", "energy"]).select(pl.col("score", "energy").rank())
        return float(np.corrcoef(ranks["score"], ranks["energy"])[0, 1])

    from spotify_ai_pipeline.definitions import build_defs

    before = score_by_energy()
    assert cli("mood", "calm, not energetic", "--for", "1h").exit_code == 0
    assert score_by_energy() < before - 0.2
    row = workspace.lake.read(datasets.MOOD).row(0, named=True)
    assert (row["source"], row["said"]) == ("said", "calm, not energetic")
    assert "the mix follows it" in cli("mood").output
    assert cli("mood", "--clear").exit_code == 0
    assert score_by_energy() == pytest.approx(before, abs=0.05)
    assert workspace.lake.read(datasets.MOOD)["source"][0] == "listening"
