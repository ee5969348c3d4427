"""Embeddings: unit vectors that say nothing of what is unknown."""

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.music.embedding import AUDIO_COLUMNS, audio_block, embed, tag_block
from spotify_ai_pipeline.settings import Features, Settings

SONGS = [f"s{number:02}" for number in range(30)]
WORDS = ["rock", "folk", "jazz", "live", "sad", "fast"]


@pytest.fixture
def features(defaults: Settings) -> Features:
    return defaults.features.model_copy(update={"tag_dimensions": 4})


def audio(songs: list[str] = SONGS) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    values = {column: rng.normal(size=len(SONGS)).tolist() for column in AUDIO_COLUMNS}
    return pl.DataFrame({"song_id": SONGS, **values}).filter(pl.col("song_id").is_in(songs))


def tags(songs: list[str] = SONGS) -> pl.DataFrame:
    rng = np.random.default_rng(4)
    rows = [(song, word, float(rng.uniform(0.1, 1))) for song in SONGS for word in rng.choice(WORDS, 3, replace=False)]
    table = pl.DataFrame(rows, schema=["song_id", "tag", "weight"], orient="row")
    return table.filter(pl.col("song_id").is_in(songs))


def matrix(table: pl.DataFrame) -> np.ndarray:
    return table["vector"].to_numpy()


def test_vectors_have_unit_length_and_no_gap(features: Features) -> None:
    vectors = matrix(embed(audio(), tags(), pl.Series(SONGS), features))
    assert vectors.shape == (30, 13)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(30), abs=1e-5)


def test_a_missing_block_is_zero_and_the_other_one_speaks_alone(features: Features) -> None:
    table = embed(audio(SONGS[:20]), tags(SONGS[10:25]), pl.Series(SONGS), features)
    kinds = dict(zip(table["song_id"], zip(table["has_audio"], table["has_tags"], strict=True), strict=True))
    assert kinds == {
        **dict.fromkeys(SONGS[:10], (True, False)),
        **dict.fromkeys(SONGS[10:20], (True, True)),
        **dict.fromkeys(SONGS[20:25], (False, True)),
    }, "songs with neither block have no vector"
    vectors = matrix(table)
    assert not vectors[:10, 9:].any()
    assert not vectors[20:, :9].any()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(25), abs=1e-5)


def test_blocks_weigh_as_configured(features: Features) -> None:
    heavy = features.model_copy(update={"audio_weight": 3.0, "tag_weight": 1.0})
    vectors = matrix(embed(audio(), tags(), pl.Series(SONGS), heavy))
    shares = np.linalg.norm(vectors[:, :9], axis=1) / np.linalg.norm(vectors[:, 9:], axis=1)
    assert shares == pytest.approx(np.full(30, 3.0), abs=1e-4)


def test_the_same_input_gives_the_same_vectors_and_signs(features: Features) -> None:
    first = embed(audio(), tags(), pl.Series(SONGS), features)
    assert first.equals(embed(audio(), tags(), pl.Series(SONGS), features))
    backwards = embed(audio()[::-1], tags()[::-1], pl.Series(SONGS[::-1]), features).sort("song_id")
    assert matrix(backwards) == pytest.approx(matrix(first), abs=1e-4)


def test_one_song_more_turns_no_axis_around(features: Features) -> None:
    all_but_one = matrix(embed(audio(), tags(), pl.Series(SONGS[:-1]), features))
    whole = matrix(embed(audio(), tags(), pl.Series(SONGS), features))[:-1]
    assert (np.einsum("ij,ij->i", all_but_one, whole) > 0.7).all()


def test_songs_of_one_tag_are_near_and_of_another_far(features: Features) -> None:
    table = pl.DataFrame({"song_id": ["a", "b", "c", "d"], "tag": ["x", "x", "y", "y"], "weight": [1.0, 0.5, 1.0, 1.0]})
    block = tag_block(table, pl.Series(["a", "b", "c", "d"]), features.tag_dimensions)
    near = block @ block.T
    assert near[0, 1] == pytest.approx(1)
    assert near[2, 3] == pytest.approx(1)
    assert near[0, 2] == pytest.approx(0, abs=1e-6)


def test_a_tag_of_one_song_alone_relates_it_to_nothing(features: Features) -> None:
    table = pl.DataFrame({"song_id": ["a", "b"], "tag": ["x", "y"], "weight": [1.0, 1.0]})
    assert not tag_block(table, pl.Series(["a", "b"]), features.tag_dimensions).any()


def test_audio_is_scaled_robustly_and_unknown_is_zero() -> None:
    values = [0.0, 1.0, 2.0, 3.0, 4.0, 1_000.0, None]
    block = audio_block(
        pl.DataFrame(dict.fromkeys(AUDIO_COLUMNS, values), schema=dict.fromkeys(AUDIO_COLUMNS, pl.Float64))
    )
    column = block[:, 0]
    assert (np.diff(column[:6]) >= 0).all()
    assert column[5] == 3, "an outlier is clipped"
    assert column[6] == 0


def test_nothing_known_gives_no_vector(features: Features) -> None:
    assert embed(audio([]), tags([]), pl.Series(SONGS), features).height == 0
    assert embed(audio([]), tags([]), pl.Series([], dtype=pl.String), features).height == 0
