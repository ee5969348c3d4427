"""The parts: dense groups and where there are none, matching, words, labels, lists."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.clustering import clusters, describe, health, labels, matching, naming, playlists
from spotify_ai_pipeline.settings import Clustering

IDS = st.lists(st.integers(0, 6), min_size=1, max_size=60)


def test_noise_without_density_is_cut_into_equal_parts(rules: Clustering) -> None:
    even = np.stack(np.meshgrid(np.arange(30.0), np.arange(30.0)), axis=-1).reshape(-1, 2).astype(np.float32)
    found = clusters.find(even, rules.model_copy(update={"min_samples": 15}))
    sizes = np.bincount(found.labels)
    assert 1 < len(sizes) <= clusters.MOST_PARTS
    assert sizes.max() <= clusters.LARGEST * 900
    assert found.how


def test_one_blob_is_taken_apart(rules: Clustering) -> None:
    blob = np.random.default_rng(0).normal(size=(600, 3)).astype(np.float32)
    found = clusters.find(blob, rules)
    assert np.bincount(found.labels).max() <= clusters.LARGEST * 600
    assert "dense groups" in found.how
    assert found.how != "dense groups"


def test_loose_songs_join_the_nearest_group_and_are_marked(rules: Clustering) -> None:
    rng = np.random.default_rng(2)
    groups = [rng.normal(size=(200, 2)) * 0.1 + middle for middle in (0, 5, 10)]
    spots = np.concatenate([*groups, rng.uniform(-3, 13, size=(60, 2))]).astype(np.float32)
    found = clusters.find(spots, rules)
    loose = np.flatnonzero(~found.core)
    assert len(loose)
    for song in loose:
        distance = np.linalg.norm(spots[found.core] - spots[song], axis=1)
        assert found.labels[song] == found.labels[found.core][distance.argmin()]


@given(IDS, st.permutations(range(7)))
def test_clusters_that_only_changed_their_numbers_are_the_same(before: list[int], numbers: list[int]) -> None:
    then = np.array(before)
    now = np.array([numbers[label] for label in before])
    assert (matching.match(then, now, 100) == then).all()


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 5)), min_size=1, max_size=80))
def test_matching_never_joins_what_is_apart(pairs: list[tuple[int, int]]) -> None:
    before, now = np.array(pairs).T
    ids = matching.match(before, now, 100)
    assert len(set(zip(now.tolist(), ids.tolist(), strict=True))) == len(set(now.tolist())) == len(set(ids.tolist()))
    assert all(number >= 100 or number in before for number in ids.tolist())


@given(st.lists(st.integers(0, 40), unique=True, max_size=30), st.permutations(range(30)), st.integers(5, 25))
def test_a_playlist_changes_within_bounds(current: list[int], order: list[int], size: int) -> None:
    have, wanted = [str(song) for song in current][:size], [str(song) for song in order]
    made = playlists.bounded(have, wanted, size, 0.2)
    assert len(made) == len(set(made)) <= size
    if not have:
        assert made == wanted[:size]
        return
    allowed = max(int(0.2 * len(have)), 1)
    assert len(set(have) - set(made)) <= allowed
    assert len(set(made) - set(have)) <= allowed
    assert set(made) <= set(have) | set(wanted)


@given(
    st.lists(st.tuples(st.floats(0, 16), st.floats(0, 12)), min_size=1, max_size=40),
    st.lists(st.tuples(st.floats(0.2, 4), st.floats(0.1, 0.6)), min_size=40, max_size=40),
)
def test_labels_do_not_collide_and_stay_inside(
    points: list[tuple[float, float]], sizes: list[tuple[float, float]]
) -> None:
    frame = (0.0, 0.0, 16.0, 12.0)
    boxes = [box for box in labels.place(points, sizes[: len(points)], frame) if box is not None]
    assert boxes
    for place, one in enumerate(boxes):
        assert frame[0] <= one[0] < one[2] <= frame[2] + 1e-9
        assert frame[1] <= one[1] < one[3] <= frame[3] + 1e-9
        for other in boxes[:place]:
            assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]


def test_a_tag_that_all_have_does_not_tell_clusters_apart() -> None:
    rows = [
        (f"s{cluster}{song}", tag, 1.0)
        for cluster, own in enumerate(("shoegaze", "techno"))
        for song in range(10)
        for tag in ("rock", own)
    ]
    tags = pl.DataFrame(rows, schema=["song_id", "tag", "weight"], orient="row")
    members = tags.select("song_id").unique().with_columns(cluster_id=pl.col("song_id").str.slice(1, 1).cast(pl.Int64))
    found = dict(describe.distinctive_tags(tags, members).iter_rows())
    assert found == {0: ["shoegaze", "rock"], 1: ["techno", "rock"]}


def test_names_by_tags_are_never_given_twice() -> None:
    taken: set[str] = set()
    for _ in range(5):
        name, told = describe.name_by_tags(["dub", "techno", "berlin"], ["Basic", "Channel"], taken)
        assert name not in taken
        assert "dub" in told
        taken.add(name)
    assert describe.name_by_tags([], [], set())[0]


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        (["folk", "acoustic", "mellow"], "mellow acoustic folk"), (["folk", "indie", "mellow"], "mellow indie folk"),
        (["indie rock", "rock", "happy"], "happy indie rock"), (["rock", "indie rock"], "indie rock"),
        (["dance pop", "pop", "danceable"], "dance pop"), (["soul", "r&b", "80s"], "80s soul and r&b"),
        (["dream pop", "synthpop", "british"], "british dream pop and synthpop"),
        (["mellow", "acoustic"], "mellow acoustic songs"),
        (["ambient"], "ambient"), (["hip hop", "modern classical", "groove"], "groovy hip hop and modern classical"),
        (["soul", "groove", "happy"], "groovy soul"), (["metal", "melancholy", "energetic"], "melancholic metal"),
        (["techno", "electronic", "electronica"], "electronic techno"), (["rock", "post-rock", "rap"], "rock and post-rock"),
    ],
)  # fmt: skip
def test_a_name_is_said_as_a_person_would(tags: list[str], name: str) -> None:
    assert describe.natural_name(tags) == name
    words = name.replace(" and ", " ").split()
    assert len(words) == len(set(words))
    assert describe.name_by_tags(tags, [], set())[0] == name


def test_a_second_feeling_is_said_where_the_first_does_not_tell_apart() -> None:
    assert describe.name_by_tags(["soul", "groove", "happy"], [], {"groovy soul"})[0] == "groovy happy soul"


CARDS = [naming.Card(1, 90, ["dub", "techno"], ["A — B"]), naming.Card(2, 40, ["folk"], [])]


def named(cluster: int, name: str, tags: list[str], description: str = "Slow and deep.") -> naming.ClusterName:
    return naming.ClusterName(cluster=cluster, name=name, description=description, tags=tags)


@pytest.mark.parametrize(
    "answer",
    [
        named(3, "Of no cluster", ["dub"]),
        named(1, "", ["dub"]),
        named(1, "x" * 41, ["dub"]),
        named(1, "Two\nlines", ["dub"]),
        named(1, "taken Already", ["dub"]),
        named(1, "Invented", ["dub", "polka"]),
        named(1, "Rests on nothing", []),
        named(1, "Talks on", ["dub"], "One sentence. And another. And more."),
        named(1, "Says nothing", ["dub"], " "),
    ],
)
def test_names_that_rest_on_nothing_are_not_believed(answer: naming.ClusterName) -> None:
    believed = naming.grounded(
        naming.ClusterNames(clusters=[answer, named(2, "Campfire", ["folk"])]), CARDS, {"Taken already"}
    )
    assert believed == {2: ("Campfire", "Slow and deep.")}


def test_a_name_is_given_once() -> None:
    answer = naming.ClusterNames(
        clusters=[named(1, "Deep", ["dub"]), named(2, "DEEP", ["folk"]), named(1, "More", ["dub"])]
    )
    assert naming.grounded(answer, CARDS, set()) == {1: ("Deep", "Slow and deep.")}


def test_health_counts_every_play_and_knows_what_it_does_not_know() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 1]]
    ids = np.array([5, 5, 7, 7])
    found = health.health(vectors, ids, np.ones(4, bool), np.array([3, 1, 0, 0]), np.zeros(4))
    assert found["play_share"].to_list() == [1, 0]
    assert found["recent_play_share"].to_list() == [None, None]
    assert found["cohesion"].to_list() == [1, 1]
    assert health.drift(found, None).to_list() == [None, None]
    assert health.drift(found, found.filter(cluster_id=5)).to_list() == [pytest.approx(0), None]
    of_none = health.health(vectors[:0], ids[:0], np.ones(0, bool), np.zeros(0, int), np.zeros(0))
    assert of_none.is_empty() and of_none.schema == found.schema
