"""A world from a real listening history: a small one made here, and the shared ones where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.sandbox.errors import WorldError
from spotify_ai_pipeline.sandbox.from_history import build
from spotify_ai_pipeline.sandbox.world import World

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
WEEK = 7 * 86_400
START = 1_500_000_000
FEATURES = (
    "danceability",
    "energy",
    "loudness",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
)


def _history(**extra: Any) -> pl.DataFrame:
    """Two known songs and one unknown one, in Last.fm's shape."""
    rows = [("Paper Otters", "Rain")] * 4 + [
        ("PAPER OTTERS", "rain"),
        ("Glass Moths", "Salt"),
        ("Nobody Known", "Hours"),
    ] * 2
    frame = pl.DataFrame(rows, schema=["artist", "track"], orient="row").with_row_index("n")
    return frame.select(uts=(START + pl.col("n").cast(pl.Int64) * 4000), artist="artist", track="track").with_columns(
        **extra
    )


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    rows = {
        "spotify_id": ["1" * 22, "2" * 22, "3" * 22],
        "title": ["Rain", "Salt", "Moss"],
        "artist": ["Paper Otters", "Glass Moths", "nobody known"],
        "album": ["Weather", None, "Forest"],
        "release_date": ["2001-02-03", None, None],
        "release_year": [2001, 1999, None],
        "duration_ms": [200_000, 180_000, 240_000],
        "key": [1, 2, 3],
        "mode": [1, None, 0],
        "genres": ["indie|dream-pop", None, "folk"],
        "tags": [None, "trip_hop, rock", None],
        "sources": ["a|b", "a", "a"],
        **{name: [0.1, 0.5, 0.9] for name in FEATURES},
    }
    path = tmp_path / "catalogue.parquet"
    pl.DataFrame(rows).write_parquet(path)
    return path


def _build(history: pl.DataFrame, catalogue: Path) -> tuple[dict[str, Any], World]:
    path = catalogue.with_name("history.parquet")
    history.write_parquet(path)
    about = build(path, catalogue, catalogue.with_name("world"))
    return about, World.load(catalogue.with_name("world"))


def test_songs_ids_and_features(catalogue: Path) -> None:
    about, world = _build(_history(), catalogue)
    assert about["kind"] == "history" and about["counts"]["catalogue"] == 4
    tracks = {row["name"]: row for row in world.catalogue.tracks.to_dicts()}
    assert tracks["Rain"]["id"] == "1" * 22 and tracks["Rain"]["mode"] == 1 and tracks["Salt"]["mode"] is None
    unknown = tracks["Hours"]
    assert len(unknown["id"]) == 22 and unknown["energy"] is None and unknown["reccobeats_id"] is None
    assert 150_000 <= unknown["duration_ms"] <= 320_000
    assert [tag for tag, _ in world.catalogue.tags("artist", unknown["artist_ids"][0])] == ["folk"]
    assert world.catalogue.tags("track", unknown["id"]) == []
    assert unknown["artist_ids"] == tracks["Moss"]["artist_ids"]
    again, _ = _build(_history(), catalogue)
    assert again["counts"] == about["counts"]


def test_dates_move_by_whole_weeks(catalogue: Path) -> None:
    about, world = _build(_history(), catalogue)
    moved = about["shifted_weeks"] * WEEK
    assert world.mine.started[0] == START + moved
    assert clock.now() - WEEK - 60 <= world.mine.started[-1] <= clock.now()


def test_likes_and_playlists(catalogue: Path) -> None:
    about, world = _build(_history(), catalogue)
    assert world.shelf.likes == [("1" * 22, START + 2 * 4000 + about["shifted_weeks"] * WEEK)]
    names = {p.name: world.shelf.length(p.id) for p in world.shelf.listed}
    assert names["Best"] == 3 and len(names) >= 2 and all(name == "Best" or name.isdigit() for name in names)
    best = next(p for p in world.shelf.listed if p.name == "Best")
    assert world.shelf.items(best.id)[0].track_id == "1" * 22


def test_streaming_shape(catalogue: Path) -> None:
    played = pl.Series([200_000] * 8 + [5_000, 95_000])
    history = _history().rename({"uts": "ts"}).with_columns(ms_played=played)
    _, world = _build(history, catalogue)
    assert len(world.mine) == 9  # five seconds are no scrobble
    unknown = next(row for row in world.catalogue.tracks.to_dicts() if row["name"] == "Hours")
    assert unknown["duration_ms"] == 200_000  # the longest play


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda h, c: h.unlink(), "no file"),
        (lambda h, c: h.write_bytes(b"nonsense"), "cannot be read as Parquet"),
        (lambda h, c: pl.DataFrame({"when": [1], "artist": ["a"]}).write_parquet(h), "found when, artist"),
        (lambda h, c: _history(uts=pl.lit("yesterday")).write_parquet(h), "whole UTC seconds"),
        (lambda h, c: _history().head(0).write_parquet(h), "no plays"),
        (lambda h, c: c.unlink(), "no file"),
        (lambda h, c: pl.read_parquet(c).drop("energy").write_parquet(c), "lacks energy"),
    ],
)
def test_unusable_files(catalogue: Path, spoil: Any, says: str) -> None:
    history = catalogue.with_name("history.parquet")
    _history().write_parquet(history)
    spoil(history, catalogue)
    with pytest.raises(WorldError, match=says) as caught:
        build(history, catalogue, catalogue.with_name("world"))
    assert "\n" not in str(caught.value)
    assert not catalogue.with_name("world").exists()


@pytest.mark.parametrize(("name", "scrobbles"), [("listener_a_scrobbles", 104_571), ("listener_b_streaming", 11_553)])
def test_real_listeners(name: str, scrobbles: int, tmp_path: Path) -> None:
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is not here")
    about = build(DATA / f"{name}.parquet", DATA / "catalogue.parquet", tmp_path / "world")
    world = World.load(tmp_path / "world")
    assert len(world.mine) == scrobbles == about["counts"]["scrobbles"]
    assert json.loads((tmp_path / "world" / "world.json").read_text(encoding="utf-8")) == about
    song = pl.concat_str(pl.col("artist").str.to_lowercase(), pl.col("track").str.to_lowercase(), separator="\n")
    plays = pl.read_parquet(tmp_path / "world" / "plays.parquet").with_columns(song=song)
    assert plays["song"].n_unique() == plays["track_id"].n_unique()
