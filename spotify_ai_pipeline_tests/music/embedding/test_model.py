"""Embeddings: unit vectors, comparable whatever is known of a song, placed by a model that is kept."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_ai_pipeline.music.embedding.feature_blocks import AUDIO_COLUMNS, AudioSpace, TagSpace, VectorSpace
from spotify_ai_pipeline.music.embedding.model import AUDIO, CLAP, LYRICS, TAGS, Inputs, Model
from spotify_ai_pipeline.settings import PROJECT_ROOT, Features, load

FEATURES = load([PROJECT_ROOT / "config" / "config.yaml"]).features.model_copy(update={"tag_dimensions": 6})
STYLES = {"loud": ["metal", "rock", "live", "fast"], "calm": ["folk", "piano", "sad", "slow"]}
COUNT = 120
IDS = [f"s{number:03}" for number in range(COUNT)]


def library(count: int = COUNT) -> Inputs:
    """Two styles, told by energy and loudness and by tags alike; eight songs an artist, artists of one style."""
    rng = np.random.default_rng(3)
    styles = [list(STYLES)[number // 8 % 2] for number in range(COUNT)]
    shift = np.array([1.0 if style == "loud" else -1.0 for style in styles])
    audio = {column: rng.normal(size=COUNT) for column in AUDIO_COLUMNS}
    for column in ("energy", "loudness"):
        audio[column] += 2 * shift
    rows = [
        (song, tag, float(rng.uniform(0.2, 1)))
        for song, style in zip(IDS, styles, strict=True)
        for tag in rng.choice(STYLES[style], 2, replace=False)
    ]
    songs = pl.DataFrame({"song_id": IDS, "artist_key": [f"artist {number // 8}" for number in range(COUNT)]})
    tags = pl.DataFrame(rows, schema=["song_id", "tag", "weight"], orient="row")
    return Inputs(songs.head(count), pl.DataFrame({"song_id": IDS, **audio}), tags)


def without(known: Inputs, block: str, songs: list[str]) -> Inputs:
    """The same songs, of which some lack a block."""
    lacking = pl.col("song_id").is_in(songs)
    kept = {"audio": known.audio, "tags": known.tags}
    kept[block] = kept[block].filter(~lacking)
    return Inputs(known.songs, **kept)


def matrix(table: pl.DataFrame) -> np.ndarray:
    return table["vector"].to_numpy()


def embed(known: Inputs, features: Features = FEATURES) -> pl.DataFrame:
    return Model.fit(known, features).embed(known, features)


def test_vectors_have_unit_length_and_no_gap() -> None:
    vectors = matrix(embed(library()))
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(COUNT), abs=1e-5)


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_songs_changes_nothing(random) -> None:
    known, order = library(), list(range(COUNT))
    random.shuffle(order)
    shuffled = Inputs(known.songs[order], known.audio[order[::-1]], known.tags.sample(fraction=1, shuffle=True, seed=1))
    assert matrix(embed(shuffled).sort("song_id")) == pytest.approx(matrix(embed(known)), abs=1e-4)


def test_a_kept_model_places_its_own_songs_where_the_fit_did() -> None:
    known = library()
    model = Model.fit(known, FEATURES)
    again = Model.from_bytes(model.to_bytes())
    assert again is not None
    assert again.embed(known, FEATURES).equals(model.embed(known, FEATURES))
    one = Inputs(known.songs[5:6], known.audio, known.tags)
    assert matrix(again.embed(one, FEATURES)) == pytest.approx(matrix(model.embed(known, FEATURES))[5:6], abs=1e-5)


def test_a_new_song_is_placed_without_a_fit_and_moves_no_other() -> None:
    model = Model.fit(library(104), FEATURES)
    before, after = model.embed(library(104), FEATURES), model.embed(library(), FEATURES)
    assert after.head(104).drop("vector").equals(before.drop("vector"))
    assert matrix(after)[:104] == pytest.approx(matrix(before), abs=1e-6)
    assert model.outgrown(library(108), FEATURES) == "", "a few songs more are no reason"
    assert model.outgrown(library(120), FEATURES).startswith("audio: 104 at the last fit, 120 now")
    new, old = matrix(after)[112:], matrix(after)[:104]
    same_style = np.array([number // 8 % 2 == 0 for number in range(104)])
    assert (new @ old[same_style].T).mean() > (new @ old[~same_style].T).mean() + 0.3


def test_the_version_says_whether_vectors_may_be_compared() -> None:
    model = Model.fit(library(), FEATURES)
    heavier = FEATURES.model_copy(update={"audio_weight": 2.0})
    assert model.version(FEATURES) == Model.from_bytes(model.to_bytes()).version(FEATURES)  # pyright: ignore
    assert model.version(heavier) != model.version(FEATURES)
    assert model.outgrown(library(), heavier) == "", "weights need no fit"
    assert "settings" in model.outgrown(library(), FEATURES.model_copy(update={"tag_dimensions": 5}))
    assert Model.fit(library(90), FEATURES).version(FEATURES) != model.version(FEATURES)


@pytest.mark.parametrize("block", [AUDIO, TAGS])
def test_a_song_with_one_block_is_as_near_to_full_songs_as_they_are_to_each_other(block: str) -> None:
    """Zeros for the missing block would shrink its cosines, and full songs would always win; with the mean, all lacking
    songs would be each other's nearest. Neither may happen: neighbours mix as the library does."""
    lacking = [song for number, song in enumerate(IDS) if number % 3 == 0]
    known = without(library(), block, lacking)
    table = embed(known)
    vectors, lacks = matrix(table), (~table[f"has_{block}"]).to_numpy()
    assert lacks.sum() == len(lacking)
    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    nearest = np.argsort(-near, axis=1)[:, :10]
    share = lacks[nearest].mean(axis=1)
    assert share[lacks].mean() == pytest.approx(1 / 3, abs=0.2)
    assert share[~lacks].mean() == pytest.approx(1 / 3, abs=0.2)
    style = np.array([number // 8 % 2 for number in range(COUNT)])
    assert (style[nearest] == style[:, None])[lacks].mean() > 0.9


def test_a_song_at_every_median_has_audio_and_a_place() -> None:
    known = library()
    middle = known.audio.select(pl.lit(IDS[0]).alias("song_id"), *(pl.col(column).median() for column in AUDIO_COLUMNS))
    audio = pl.concat([known.audio.filter(pl.col("song_id") != IDS[0]), middle])
    table = embed(Inputs(known.songs, audio, known.tags.filter(pl.col("song_id") != IDS[0])))
    row = table.row(0, named=True)
    assert (row["song_id"], row["has_audio"], row["has_tags"]) == (IDS[0], True, False)
    assert np.linalg.norm(row["vector"]) == pytest.approx(1, abs=1e-5)


def test_a_song_of_which_nothing_is_known_has_no_vector() -> None:
    known = library(8)
    stranger = pl.DataFrame({"song_id": ["?"], "artist_key": ["nobody"]})
    assert embed(Inputs(pl.concat([known.songs, stranger]), known.audio, known.tags))["song_id"].to_list() == IDS[:8]
    empty = Inputs(known.songs.head(0), known.audio.head(0), known.tags.head(0))
    assert embed(empty).height == 0
    assert embed(Inputs(known.songs, known.audio.head(0), known.tags.head(0))).height == 0


def test_blocks_weigh_as_configured() -> None:
    features = FEATURES.model_copy(update={"audio_weight": 3.0, "tags_weight": 1.0})
    model = Model.fit(library(), features)
    vectors = matrix(model.embed(library(), features))
    lengths = [np.linalg.norm(vectors[:, model.columns(block)], axis=1) for block in (AUDIO, TAGS)]
    assert lengths[0] / lengths[1] == pytest.approx(np.full(COUNT, 3.0), abs=1e-4)


def test_lyrics_are_a_block_when_they_come() -> None:
    known = library()
    rng = np.random.default_rng(5)
    topics = rng.normal(size=(4, 384))
    vectors = [
        None if number % 2 else (topics[number % 4] + rng.normal(size=384) / 9).tolist() for number in range(COUNT)
    ]
    lyrics = pl.DataFrame(
        {"song_id": IDS, "vector": pl.Series(vectors, dtype=pl.List(pl.Float32)).cast(pl.Array(pl.Float32, 384))}
    )
    with_lyrics = Inputs(known.songs, known.audio, known.tags, lyrics=lyrics)
    model = Model.fit(known, FEATURES)
    assert model.outgrown(with_lyrics, FEATURES).startswith("lyrics: 0")
    assert not model.embed(with_lyrics, FEATURES)["has_lyrics"].any(), "this model knows no lyrics yet"
    model = Model.fit(with_lyrics, FEATURES)
    table = model.embed(with_lyrics, FEATURES)
    assert table["has_lyrics"].sum() == COUNT // 2
    said = matrix(table)[::2, model.columns(LYRICS)]
    assert said[0] @ said[2] > said[0] @ said[1], "songs of one topic are nearer by it"
    asked = model.direction({}, {}, FEATURES, {LYRICS: topics[2]})
    near = np.argsort(-(matrix(table)[::2] @ asked))[: COUNT // 8]
    assert set(near % 2) == {1}, "a text finds the songs whose lyrics are of its topic"
    empty = Inputs(known.songs, known.audio, known.tags, lyrics=lyrics.head(0), clap=lyrics.head(0))
    assert Model.fit(empty, FEATURES).version(FEATURES) == Model.fit(known, FEATURES).version(FEATURES)


def test_audio_is_scored_by_rank_and_one_unknown_feature_counts_as_the_median() -> None:
    values = [0.0, 1.0, 2.0, 3.0, 4.0, 1_000.0]
    audio = pl.DataFrame(dict.fromkeys(AUDIO_COLUMNS, values))
    space = AudioSpace.fit(audio)
    column = space.block(audio)[:, 0]
    assert (np.diff(column) > 0).all()
    assert column == pytest.approx(-column[::-1], abs=1e-6), "an outlier is just the largest"
    gap = space.block(audio.with_columns(tempo=pl.lit(None, pl.Float64)))
    assert not gap[:, AUDIO_COLUMNS.index("tempo")].any()
    shared = AudioSpace.fit(pl.DataFrame(dict.fromkeys(AUDIO_COLUMNS, [0.0] * 9 + [1.0])))
    assert shared.block(audio)[0, 0] == pytest.approx(shared.block(audio.head(1))[0, 0])
    assert shared.block(audio)[0, 0] < shared.block(audio)[1, 0]


def test_a_tag_of_one_song_alone_relates_it_to_nothing() -> None:
    tags = pl.DataFrame({"song_id": ["a", "b"], "tag": ["x", "y"], "weight": [1.0, 1.0]})
    assert not TagSpace.fit(tags, 4).block(tags, pl.Series(["a", "b"])).any()


def test_one_vector_alone_makes_no_axis() -> None:
    assert VectorSpace.fit(np.ones((1, 5)), 3).block(np.ones((1, 5))).shape == (1, 0)


def test_songs_that_all_bear_the_same_tags_have_tags_and_are_alike() -> None:
    songs = pl.DataFrame({"song_id": ["a", "b", "c"], "artist_key": ["x", "y", "z"]})
    tags = pl.DataFrame({"song_id": ["a", "b", "c"], "tag": ["rock"] * 3, "weight": [1.0, 0.5, 0.5]})
    table = embed(Inputs(songs, library().audio.head(0), tags))
    assert table["has_tags"].all()
    assert matrix(table) @ matrix(table).T == pytest.approx(np.ones((3, 3)), abs=1e-5)


def test_another_model_of_the_sound_is_a_reason_to_fit_anew() -> None:
    """Vectors of another length are of another model: until the fit they say nothing, and no song is lost."""
    known, rng = library(), np.random.default_rng(5)

    def hearing(length: int) -> Inputs:
        vectors = pl.Series(rng.normal(size=(COUNT, length)), dtype=pl.Array(pl.Float32, length))
        return Inputs(known.songs, known.audio, known.tags, clap=pl.DataFrame({"song_id": IDS, "vector": vectors}))

    model = Model.fit(hearing(20), FEATURES)
    assert model.outgrown(hearing(20), FEATURES) == ""
    assert "another model" in model.outgrown(hearing(30), FEATURES)
    table = model.embed(hearing(30), FEATURES)
    assert table.height == COUNT
    assert not table["has_clap"].any()
    assert model.outgrown(known, FEATURES).startswith("clap: 120 at the last fit, 0 now")
    assert Model.fit(hearing(30), FEATURES).counts[CLAP] == COUNT
