"""A library's clusters over time: found, kept, joined, made anew, and the same again for the same songs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.music.clustering import library
from spotify_ai_pipeline.settings import PROJECT_ROOT, Clustering

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NONE = pl.DataFrame(schema=library.CLUSTERS)
Grouped = Callable[..., tuple[pl.DataFrame, np.ndarray]]


def purity(table: pl.DataFrame, truth: np.ndarray) -> float:
    """Share of songs in a cluster whose most common group is theirs."""
    groups = pl.DataFrame({"cluster": table["cluster_id"], "truth": truth}).group_by("cluster", "truth").len()
    return int(groups.group_by("cluster").agg(pl.max("len"))["len"].sum()) / len(truth)


@pytest.fixture(scope="module")
def made(grouped: Grouped, rules: Clustering) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray, int]:
    embeddings, truth = grouped(600, 6)
    table, next_id = library.clustered(embeddings, NONE, rules, 1, NOW)
    return embeddings, table, truth, next_id


def test_groups_are_found_and_each_song_is_in_one(made: tuple[pl.DataFrame, pl.DataFrame, np.ndarray, int]) -> None:
    embeddings, table, truth, next_id = made
    assert table["song_id"].to_list() == embeddings["song_id"].to_list()
    assert purity(table, truth) > 0.95
    assert 6 <= table["cluster_id"].n_unique() <= 12
    assert table.null_count().sum_horizontal()[0] == 0
    assert set(table["cluster_id"]) | set(table["parent_cluster_id"]) <= set(range(1, next_id))
    assert not set(table["cluster_id"]) & set(table["parent_cluster_id"])


def test_the_same_songs_give_the_same_clusters(
    made: tuple[pl.DataFrame, pl.DataFrame, np.ndarray, int], rules: Clustering
) -> None:
    embeddings, table, _, _ = made
    assert library.clustered(embeddings, NONE, rules, 1, NOW)[0].equals(table)


def test_of_very_many_songs_some_are_laid_out_and_the_others_join_them(
    grouped: Grouped, rules: Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "MOST_LAID_OUT", 600)
    embeddings, truth = grouped(1_800, 6)
    table, next_id = library.clustered(embeddings, NONE, rules, 1, NOW)
    assert purity(table, truth) > 0.95 and 6 <= table["cluster_id"].n_unique() <= 12
    assert table.null_count().sum_horizontal()[0] == 0
    assert "600 songs" in table["how"][0]
    few, _ = grouped(12, 6, seed=9)
    more = pl.concat([embeddings, few.with_columns(song_id="new-" + pl.col("song_id"))])
    again = library.clustered(more, table, rules, next_id, NOW)[0]
    assert again.head(1_800)["cluster_id"].equals(table["cluster_id"]), "the layout of last time still holds"


def test_one_percent_of_new_songs_leaves_the_others_where_they_were(
    made: tuple[pl.DataFrame, pl.DataFrame, np.ndarray, int], grouped: Grouped, rules: Clustering
) -> None:
    embeddings, table, truth, next_id = made
    few, groups = grouped(6, 6, seed=9)
    more = pl.concat([embeddings, few.with_columns(song_id="new-" + pl.col("song_id"))])
    again, _ = library.clustered(more, table, rules, next_id, NOW)
    both = again.join(table, on="song_id")
    assert (both["cluster_id"] == both["cluster_id_right"]).mean() >= 0.95
    assert purity(again, np.concatenate([truth, groups])) > 0.95


def test_a_group_of_new_songs_is_a_cluster_of_its_own(
    made: tuple[pl.DataFrame, pl.DataFrame, np.ndarray, int], grouped: Grouped, rules: Clustering
) -> None:
    embeddings, table, _, next_id = made
    others, group = grouped(400, 8, seed=4)
    fresh = others.filter(pl.Series(group == 7)).head(50).with_columns(song_id="new-" + pl.col("song_id"))
    again, _ = library.clustered(pl.concat([embeddings, fresh]), table, rules, next_id, NOW)
    theirs = again.filter(pl.col("song_id").str.starts_with("new-"))["cluster_id"]
    assert fresh.height < library.MUCH_NEW * embeddings.height
    assert (theirs >= next_id).mean() > 0.8
    both = again.join(table, on="song_id")
    assert (both["cluster_id"] == both["cluster_id_right"]).all()


def test_vectors_of_another_kind_are_laid_out_anew_and_names_follow_the_songs(
    made: tuple[pl.DataFrame, pl.DataFrame, np.ndarray, int], rules: Clustering
) -> None:
    embeddings, table, _, next_id = made
    wider = np.hstack([embeddings["vector"].to_numpy()[:, ::-1], np.zeros((embeddings.height, 3), np.float32)])
    refitted = embeddings.select("song_id", vector=pl.Series(wider, dtype=pl.Array(pl.Float32, 19)))
    again, _ = library.clustered(refitted, table, rules, next_id, NOW)
    assert (again["cluster_id"] == table["cluster_id"]).mean() > 0.8


def test_other_settings_make_other_clusters(
    made: tuple[pl.DataFrame, pl.DataFrame, np.ndarray, int], rules: Clustering
) -> None:
    embeddings, table, _, next_id = made
    coarse = rules.model_copy(update={"min_cluster_size": 90})
    again, _ = library.clustered(embeddings, table, coarse, next_id, NOW)
    assert again.filter("core").group_by("cluster_id").len()["len"].min() >= 90


def test_new_songs_join_their_neighbours_and_nothing_heavy_is_imported(
    made: tuple[pl.DataFrame, pl.DataFrame, np.ndarray, int], grouped: Grouped
) -> None:
    embeddings, table, _, _ = made
    few, group = grouped(30, 6, seed=11)
    more = pl.concat([embeddings, few.with_columns(song_id="new-" + pl.col("song_id"))])
    joined = library.joined(more, table)
    assert joined.head(600).equals(table)
    assert purity(joined.tail(30), group) > 0.9
    assert not joined.tail(30)["core"].any()
    heavy = "print([n for n in ('umap', 'hdbscan', 'numba', 'sklearn', 'scipy', 'faiss') if n in sys.modules])"
    script = f"import sys; from spotify_ai_pipeline.music.clustering import library; library.joined; {heavy}"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("songs", [1, 2, 3, 14, 49])
def test_few_songs_are_one_cluster_and_it_is_said(songs: int, grouped: Grouped, rules: Clustering) -> None:
    table, _ = library.clustered(grouped(songs, 3)[0], NONE, rules, 1, NOW)
    assert table["cluster_id"].n_unique() == 1
    assert "fewer than 50" in table["how"][0]
    assert np.isfinite(table.select("x", "y").to_numpy()).all()


def test_no_songs_are_no_clusters(grouped: Grouped, rules: Clustering) -> None:
    empty = grouped(1, 1)[0].clear()
    table, next_id = library.clustered(empty, NONE, rules, 1, NOW)
    assert table.is_empty()
    assert next_id == 1


def test_songs_that_are_all_alike_end_in_something(grouped: Grouped, rules: Clustering) -> None:
    one = grouped(1, 1)[0]
    alike = pl.concat([one] * 80).with_columns(song_id=pl.format("song-{}", pl.int_range(80)))
    table, _ = library.clustered(alike, NONE, rules, 1, NOW)
    assert table["cluster_id"].null_count() == 0
    assert np.isfinite(table.select("x", "y").to_numpy()).all()
