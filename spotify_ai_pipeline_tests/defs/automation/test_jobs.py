"""What each job makes: the sets by name, so that an asset that is added is put into jobs on purpose."""

from pathlib import Path

import pytest

from spotify_ai_pipeline.app.discovery_sources import SOURCES
from spotify_ai_pipeline.definitions import build_defs
from spotify_ai_pipeline.storage.workspace import Workspace

READ = {
    "spotify_library",
    "scrobbles",
    "listenbrainz_listens",
    "recent_plays",
    "loved_songs",
    "our_lists",
    "history_imports",
    "ratings",
}
IDENTIFY = {"plays", "song_members", "song_links", "song_ratings", "songs", "listens"}
LOOK_UP = {"audio_features", "tags", "lyrics", "ears", "clap", "song_embeddings", "song_index"}
RANK = {"activations", "listening_stats", "taste_weights", "mood", "song_scores", "suspects"}
CLUSTER = {"clusters", "cluster_names", "cluster_health", "library_map"}
DISCOVER = {"discovery_seeds", *SOURCES, "candidates", "candidate_model", "candidate_scores", "discoveries"}
DECIDE_AND_WRITE = {
    "applied_verdicts",
    "trials",
    "mix",
    "spotify_playlist",
    "adventure",
    "adventure_playlist",
    "cluster_playlists",
    "clusters_on_spotify",
    "own_lists",
    "own_lists_written",
    "trials_on_lists",
    "playlist_snapshots",
    "suggestions",
    "removals",
}
JOBS = {
    "everything": READ | IDENTIFY | LOOK_UP | RANK | CLUSTER | DISCOVER | DECIDE_AND_WRITE | {"score_card"},
    "refresh_the_mix": READ | IDENTIFY | RANK | DECIDE_AND_WRITE,
    "read_what_is_new": READ | IDENTIFY | RANK,
    "refresh_the_adventure": {"adventure", "adventure_playlist"},
    "refresh_the_lists": {"own_lists", "own_lists_written"},
    "discover": DISCOVER,
    "apply_verdicts": {"applied_verdicts"},
    "retrain": {"taste_weights", "candidate_model"},
    "score_the_lists": {"score_card"},
    "recluster": CLUSTER,
    "fill_history": {"scrobbles"},
    "read_recent_plays": {"recent_plays"},
    "take_in_files": {"history_imports", "ratings"},
}


@pytest.mark.parametrize("listener", ["", "sam"])
def test_each_job_makes_its_assets_and_no_others(tmp_path: Path, listener: str) -> None:
    """Also where several listeners share an instance and the keys bear a name."""
    defs = build_defs(Workspace.open(tmp_path / "listeners" / listener if listener else tmp_path / "alone"))
    made = {job.name: job.asset_layer.executable_asset_keys for job in defs.get_repository_def().get_all_jobs()}
    for name, assets in JOBS.items():
        assert {key.path[-1] for key in made[name]} == assets, name
        assert all(key.path[:-1] == ([listener] if listener else []) for key in made[name])
