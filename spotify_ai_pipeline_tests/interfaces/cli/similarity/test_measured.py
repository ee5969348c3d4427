"""The things that near songs must have in common: measures that can be wrong, and what they must reach on a real
catalogue."""

import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from spotify_ai_pipeline.evaluation import similarity as judge
from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.settings import PROJECT_ROOT

CATALOGUE = PROJECT_ROOT.parent / "shared" / "data" / "catalogue.parquet"
OURS, AUDIO, PLAN = "song_embeddings", "audio z-scores", "z-scores beside one-hot tags"


def test_genre_share_is_one_where_genres_part_the_space_and_counts_no_song_itself() -> None:
    rows = np.repeat(np.eye(2), 15, axis=0)
    parted = [{"a"}] * 15 + [{"b"}] * 15
    assert judge.genre_share(rows, parted) == 1
    assert judge.genre_share(rows, [{str(number)} for number in range(30)]) == 0
    one_artist = pl.Series(["x"] * 15 + ["y"] * 15)
    assert judge.genre_share(rows, parted, one_artist) == 0, "all songs of a genre are by one artist"


def test_pairs_of_a_session_are_told_from_random_ones() -> None:
    at = np.array([0, 100, 200, 5_000, 5_100, 5_200], float)
    song = np.array([0, 1, 2, 3, 4, 5])
    same, _ = judge.session_pairs(song, at, np.random.default_rng(0))
    assert {pair[0] // 3 == pair[1] // 3 for pair in same.tolist()} == {True}
    rows = np.repeat(np.eye(2), 3, axis=0)
    within, across = np.array([[0, 1], [3, 4]]), np.array([[0, 3], [1, 5]])
    assert judge.pair_auc(rows, within, across) == 1
    assert judge.pair_auc(rows, across, within) == 0
    assert judge.pair_auc(rows, within, within) == 0.5
    assert judge.other_artists(within, pl.Series(list("aabcde"))).tolist() == [[3, 4]]


def test_tags_that_reveal_a_genre_are_taken_out() -> None:
    tags = pl.DataFrame({"tag": ["hip_hop", "Hip-Hop", "punk_rock", "90s", "rock", "hiphop"]})
    genres = ["hip hop", "rock"]
    assert judge.unrevealing(tags, genres, strict=False)["tag"].to_list() == ["punk_rock", "90s"]
    assert judge.unrevealing(tags, genres, strict=True)["tag"].to_list() == ["90s", "hiphop"]


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the catalogue is not on this machine")
def test_near_songs_share_a_genre_far_more_often_than_by_the_plan(tmp_path) -> None:
    said = CliRunner().invoke(
        main, ["evaluate", "similarity", "--catalogue", str(CATALOGUE), "--songs", "3000", "--json"],
        env={"SPOTIFY_AI_DATA": str(tmp_path)},
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    for row in json.loads(said.stdout)["genres"]:
        assert row[OURS] > max(row[AUDIO], row[PLAN]) + 0.02, row


def test_a_file_of_another_kind_is_refused(tmp_path) -> None:
    pl.DataFrame({"artist": ["x"]}).write_parquet(tmp_path / "other.parquet")
    said = CliRunner().invoke(main, ["evaluate", "similarity", "--catalogue", str(tmp_path / "other.parquet")])
    assert said.exit_code == 2
    assert "no column title or genres" in said.stderr
