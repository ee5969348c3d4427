"""The made-up world has what it promises."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from spotify_ai_pipeline.sandbox.errors import WorldError
from spotify_ai_pipeline.sandbox.generate import generate


@pytest.fixture(scope="module")
def tables(made: Path) -> dict[str, pl.DataFrame]:
    return {path.stem: pl.read_parquet(path) for path in made.glob("*.parquet")}


@pytest.fixture(scope="module")
def scrobbles(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return tables["plays"].filter(pl.col("ms_played") >= 30_000)


def test_same_seed_same_world(made: Path, small: dict[str, Any], tmp_path: Path) -> None:
    generate(tmp_path / "again", **small)
    for path in made.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name
    generate(tmp_path / "other", seed=2, **small)
    assert (tmp_path / "other" / "plays.parquet").read_bytes() != (made / "plays.parquet").read_bytes()


def test_counts(made: Path, tables: dict[str, pl.DataFrame], scrobbles: pl.DataFrame, small: dict[str, Any]) -> None:
    about = json.loads((made / "world.json").read_text(encoding="utf-8"))
    assert about["format"] == 1 and about["kind"] == "generated" and about["shifted_weeks"] == 0
    assert len(tables["catalogue"]) == tables["catalogue"]["id"].n_unique() == 1200 == about["counts"]["catalogue"]
    assert len(scrobbles) == 3000
    own = tables["playlist_items"].filter((pl.col("kind") == "track") & (pl.col("added_by") == "otterling"))
    assert len(set(tables["likes"]["track_id"]) | set(own["track_id"])) == 240
    assert len(tables["likes"]) == 144
    end = int(small["end"].timestamp())
    assert end - 4 * 3600 < tables["plays"]["started"].max() < end  # type: ignore[operator]
    assert abs(tables["plays"]["started"].min() - (end - 365 * 86_400)) < 5 * 86_400  # type: ignore[operator]


def test_plays_look_like_listening(tables: dict[str, pl.DataFrame], scrobbles: pl.DataFrame) -> None:
    plays = tables["plays"]
    assert 0.05 < 1 - len(scrobbles) / len(plays) < 0.2
    gaps = plays["started"].diff().drop_nulls()
    assert gaps.min() >= 0 and (gaps > 5 * 86_400).any()  # type: ignore[operator]
    assert (scrobbles["started"].diff() == 0).any()
    joined = scrobbles.join(tables["catalogue"], left_on="track_id", right_on="id", maintain_order="left")
    spelled = (joined["track"] != joined["name"]) | (joined["artist"] != joined["artist_names"].list.first())
    assert 0.003 < spelled.mean() < 0.12  # type: ignore[operator]
    assert (scrobbles["mbid"] == "").any()
    by_hour = joined.group_by(pl.from_epoch("started").dt.hour().alias("hour")).agg(pl.col("energy").mean())
    energy = dict(by_hour.rows())
    assert sum(energy[h] for h in (18, 19, 20)) > sum(energy[h] for h in (6, 7, 8))
    following = (joined["album_id"] == joined["album_id"].shift(1)) & (
        joined["track_number"] == joined["track_number"].shift(1) + 1
    )
    assert following.mean() > 0.1  # type: ignore[operator]
    gap = pl.col("started") - pl.col("started").shift(1).over("track_id")
    days = scrobbles.select(gap / 86_400).to_series().drop_nulls()
    assert (days < 7).sum() > 3 * ((days > 28) & (days < 35)).sum()
    outside = ~scrobbles["track_id"].is_in(_library(tables))
    assert 0.005 < outside.mean() < 0.25  # type: ignore[operator]


def _library(tables: dict[str, pl.DataFrame]) -> list[str]:
    own = tables["playlist_items"].filter(pl.col("added_by") == "otterling")["track_id"].drop_nulls()
    return list({*tables["likes"]["track_id"], *own})


def test_catalogue(tables: dict[str, pl.DataFrame]) -> None:
    catalogue = tables["catalogue"]
    assert catalogue["id"].str.contains(r"^[0-9A-Za-z]{22}$").all()
    assert catalogue["isrc"].str.contains(r"^[A-Z]{2}[0-9A-Z]{3}[0-9]{7}$").all()
    twins = catalogue.filter(pl.len().over("isrc") > 1)
    assert len(twins) == 2 * round(0.03 * 1200)
    assert twins.group_by("isrc").agg(pl.col("name").n_unique())["name"].max() == 1
    assert 0.85 < catalogue["reccobeats_id"].is_not_null().mean() < 0.97
    assert 0.65 < catalogue["mbid"].is_not_null().mean() < 0.85
    assert (catalogue["energy"].is_null() == catalogue["reccobeats_id"].is_null()).all()
    names = "\n".join(catalogue["name"].to_list())
    for mark in (" (feat. ", "Karaoke", " - Live", "Remaster"):
        assert mark in names
    assert max(Counter(tables["artists"]["name"].to_list()).values()) > 1
    assert catalogue["popularity"].median() < 25  # type: ignore[operator]


def test_genres_sound_alike(tables: dict[str, pl.DataFrame]) -> None:
    main = tables["artists"].select("id", genre=pl.col("genres").list.first())
    songs = tables["catalogue"].with_columns(artist=pl.col("artist_ids").list.first()).drop_nulls("energy")
    songs = songs.join(main, left_on="artist", right_on="id")
    spread = songs.group_by("genre").agg(pl.col("energy").std(), pl.len()).filter(pl.col("len") > 20)
    assert spread["energy"].mean() < 0.8 * songs["energy"].std()  # type: ignore[operator]


def test_older_world_is_replaced_and_other_folders_are_not(small: dict[str, Any], tmp_path: Path) -> None:
    generate(tmp_path / "w", **small)
    generate(tmp_path / "w", seed=3, **small)
    assert json.loads((tmp_path / "w" / "world.json").read_text())["seed"] == 3
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(WorldError, match="not a world"):
        generate(tmp_path / "mine", **small)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "w"]


def test_nothing_half_written(small: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(OSError, match="No space left"):
        generate(tmp_path / "w", **small)
    assert list(tmp_path.iterdir()) == []


def test_sizes_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="50 songs"):
        generate(tmp_path / "w", songs=900, catalogue=1000)
