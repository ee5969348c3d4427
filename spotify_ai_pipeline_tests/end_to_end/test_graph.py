"""The whole way on a small world over real HTTP: from the services to the playlist read back, again and again."""

import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import requests

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.library_reader import LIBRARY_READ_AT
from spotify_ai_pipeline.app.managed_playlists import named
from spotify_ai_pipeline.app.playlist_writer import PlaylistWriter
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.defs.playlist.mix_inputs import Material, decide_list
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.mix import print_songs
from spotify_ai_pipeline.music.identity.versions import split_version
from spotify_ai_pipeline.music.taste.model_card import standings
from spotify_ai_pipeline.storage import datasets, moods, playlists, queue, snapshots
from spotify_ai_pipeline.storage.queue import Said

CHECKS, DAY = 7, 86_400


def on_spotify(pipeline: Any) -> list[str]:
    """Track ids that the playlist holds now."""
    known = playlists.written(pipeline.workspace.state)
    assert known is not None
    return Spotify.of(pipeline.workspace).track_ids(known.playlist_id)


def write(pipeline: Any, track_ids: list[str]) -> None:
    """Edits the playlist as the listener would, on Spotify."""
    known = playlists.written(pipeline.workspace.state)
    assert known is not None
    Spotify.of(pipeline.workspace).replace_items(known.playlist_id, track_ids)


def delete(pipeline: Any, playlist_id: str) -> None:
    """Takes a playlist out of the listener's library, which is how Spotify deletes."""
    token = json.loads(pipeline.workspace.token_file.read_text())["access_token"]
    answer = requests.delete(
        f"{pipeline.url}/spotify/v1/me/library",
        params={"uris": f"spotify:playlist:{playlist_id}"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=120,
    )
    assert answer.ok, answer.text


def outcomes(pipeline: Any) -> list[tuple[str, int, int]]:
    rows = pipeline.workspace.state.rows("SELECT outcome, added, removed FROM refreshes ORDER BY refresh_id")
    return [(row["outcome"], row["added"], row["removed"]) for row in rows]


def refresh(pipeline: Any, job: str = "refresh_the_mix") -> None:
    result = pipeline.refresh(job)
    assert result.success, result.error


def reject(pipeline: Any, songs: list[str]) -> None:
    queue.say(pipeline.workspace.state, [Said(song, "reject", f"test:{song}") for song in songs], "cli")


def songs_of(pipeline: Any, tracks: list[str]) -> list[str]:
    named = dict(pipeline.read(datasets.MIX).select("track_id", "song_id").iter_rows())
    return [named[track] for track in tracks]


def unproven(pipeline: Any) -> list[str]:
    """The one check that does not pass on every sound home: whether own weeks help is this listener's own."""
    told = standings(pipeline.read(datasets.TASTE_WEIGHTS)).drop_nulls("deviance")
    return [] if (told["deviance"] <= told["deviance_of_others"]).all() else ["own_weeks_help"]


def test_the_first_run_fills_the_playlist_with_the_decision(filled: Path, pipeline: Any) -> None:
    mix = pipeline.read(datasets.MIX)
    assert on_spotify(pipeline) == pipeline.listed()
    assert mix.height == mix["track_id"].n_unique() == pipeline.workspace.settings.playlist.target_size
    assert mix["reason"].is_not_null().all()
    assert set(mix["change"]) == {"new"}
    assert outcomes(pipeline) == [("filled", 100, 0)]
    told = [event for event in json.loads((filled / "events.json").read_text()) if event[1] in ("warned", "failed")]
    assert told == [["taste_weights", "warned", f"check {check} did not pass"] for check in unproven(pipeline)]


def test_every_made_thing_agrees_with_the_world(pipeline: Any) -> None:
    heard = pl.read_parquet(pipeline.world / "plays.parquet").filter(pl.col("ms_played") >= 30_000)
    liked = pl.read_parquet(pipeline.world / "likes.parquet")
    scrobbles, songs = pipeline.read(datasets.SCROBBLES), pipeline.read(datasets.SONGS)
    listens, stats = pipeline.read(datasets.LISTENS), pipeline.read(datasets.LISTENING_STATS)
    assert scrobbles.height == heard.height
    assert 0.95 * heard.height <= listens.height <= heard.height
    assert stats["plays"].sum() == listens.height
    assert set(liked["track_id"]) <= set(songs["track_ids"].explode())
    assert songs["song_id"].is_unique().all()
    features = pipeline.read(datasets.AUDIO_FEATURES)
    assert features["source"].null_count() == features["energy"].null_count() > 0, "unknown is null"
    assert pipeline.read(datasets.SONG_EMBEDDINGS).height > 0.9 * songs.height


def test_all_asset_checks_were_evaluated_and_passed(pipeline: Any) -> None:
    files = list(pipeline.root.joinpath("dagster").rglob("index.db"))
    assert files
    with sqlite3.connect(files[0]) as database:
        found = database.execute("SELECT check_name, execution_status FROM asset_check_executions").fetchall()
    assert [name for name, status in found if status != "SUCCEEDED"] == unproven(pipeline)
    assert len(found) >= CHECKS


def rows(pipeline: Any) -> dict[str, int]:
    """Rows by asset, but for what discovery asks anew each time; of the mix those on the list, not those that left it."""
    counts = {row["asset"]: row["rows"] for row in pipeline.workspace.lake.summary() if row["layer"] != "discovery"}
    return counts | {"mix": len(pipeline.listed())}


@pytest.mark.parametrize("job", ["refresh_the_mix", "everything"])
def test_a_second_run_changes_nothing_twice(pipeline: Any, job: str) -> None:
    refresh(pipeline, job)  # new songs on the list are known by now, and take their place in the order
    before, calls = (
        on_spotify(pipeline),
        pipeline.workspace.state.rows("SELECT sum(calls) FROM api_calls WHERE kind='write'"),
    )
    counts = rows(pipeline)
    refresh(pipeline, job)
    assert on_spotify(pipeline) == before
    assert outcomes(pipeline)[-1] == ("unchanged", 0, 0)
    assert rows(pipeline) == counts
    assert tuple(pipeline.workspace.state.rows("SELECT sum(calls) FROM api_calls WHERE kind='write'")[0]) == tuple(
        calls[0]
    )
    assert pipeline.workspace.state.rows("SELECT * FROM verdicts") == []


def test_edits_by_hand_are_respected(pipeline: Any) -> None:
    """The listener takes two songs off and puts one on that was in none of their lists."""
    before = on_spotify(pipeline)
    removed, last = songs_of(pipeline, [before[10], before[-1]])
    catalogue = pl.read_parquet(pipeline.world / "catalogue.parquet").filter("playable")
    songs, listed = pipeline.read(datasets.SONGS), pipeline.read(datasets.MIX)
    owned = {*songs["track_ids"].explode(), *before}
    titles = {split_version(title)[0] for title in [*songs["title"], *listed["title"]]}
    stranger = next(  # neither a song on trial nor another release of a song on the list: neither would be an edit
        track
        for track, title in catalogue.select("id", "name").iter_rows()
        if track not in owned and split_version(title)[0] not in titles
    )
    write(pipeline, [*before[:10], *before[11:-1], stranger])
    for _ in range(2):
        refresh(pipeline)
        now = on_spotify(pipeline)
        assert stranger in now
        assert not {before[10], before[-1]} & set(now)
        assert len(now) == len(before)
        assert len(set(before) - {before[10], before[-1]} - set(now)) <= 1, "one at most makes room for another slot"
    verdicts = pipeline.workspace.state.rows("SELECT song_id, verdict FROM verdicts WHERE said_through = 'playlist'")
    said = dict(map(tuple, verdicts))
    assert {removed: said.pop(removed), last: said.pop(last)} == dict.fromkeys((removed, last), "remove")
    assert list(said.values()) == ["keep"]


def test_a_refresh_moves_the_list_within_the_cap(pipeline: Any) -> None:
    before = on_spotify(pipeline)
    pipeline.workspace.state.set_override("playlist.exploration_fraction", 0.6)
    pipeline.workspace.state.set_override("playlist.core_fraction", 0.3)
    refresh(pipeline)
    after = on_spotify(pipeline)
    assert len(after) == len(before)
    assert 0 < len(set(after) - set(before)) == len(set(before) - set(after)) <= 15
    assert after == pipeline.listed()
    changes = pipeline.read(datasets.MIX)["change"]
    assert outcomes(pipeline)[-1] == ("refreshed", (changes == "new").sum(), (changes == "out").sum())


@pytest.fixture
def grown(place: Path) -> list[str]:
    """Plays twenty liked songs that are off the list ten times each in the day since the first run; their ids."""
    os.environ[clock.SHIFT] = str(clock.shift() + DAY)
    tables = {name: pl.read_parquet(place / "world" / f"{name}.parquet") for name in ("plays", "catalogue", "likes")}
    mix = pl.read_parquet(list((place / "home/lake/demo/playlist/mix").rglob("*.parquet")))
    liked = pl.col("id").is_in(tables["likes"]["track_id"].to_list())
    off = (
        tables["catalogue"].filter(liked & pl.col("playable") & ~pl.col("name").is_in(mix["title"].to_list())).head(20)
    )
    last = tables["plays"].sort("started").tail(1)
    start, now = int(last["started"][0]), int(clock.now())
    rows = [
        last.with_columns(
            started=pl.lit(start + (now - start) * number // 200),
            track_id=pl.lit(song["id"]),
            artist=pl.lit(song["artist_names"][0]),
            track=pl.lit(song["name"]),
            album=pl.lit(song["album"]),
            ms_played=pl.lit(200_000),
        ).cast(tables["plays"].schema)
        for number, song in enumerate(off.to_dicts() * 10)
    ]
    pl.concat([tables["plays"], *rows]).write_parquet(place / "world" / "plays.parquet")
    return off["id"].to_list()


def test_new_plays_move_the_mix_towards_them_within_the_cap(grown: list[str], pipeline: Any) -> None:
    heard, before = pipeline.read(datasets.LISTENS).height, on_spotify(pipeline)
    refresh(pipeline)
    after = on_spotify(pipeline)
    fresh = set(after) - set(before)
    assert heard < pipeline.read(datasets.LISTENS).height <= heard + 200
    assert len(after) == len(before)
    assert len(fresh) == 15, "as many as one refresh may bring"
    assert len(fresh & set(grown)) >= 10, "others may be expected even more"
    refresh(pipeline)
    assert set(on_spotify(pipeline)) >= fresh & set(grown), "what came stays while it is played"


def test_an_empty_decision_keeps_the_list_and_raises_an_alert(pipeline: Any) -> None:
    before = on_spotify(pipeline)
    reject(pipeline, pipeline.read(datasets.SONGS)["song_id"].to_list())
    assert not pipeline.refresh().success
    assert on_spotify(pipeline) == before
    assert [row["name"] for row in pipeline.workspace.state.rows("SELECT name FROM alerts")] == ["mix"]


def test_a_deleted_playlist_is_asked_about_and_made_anew_once(pipeline: Any) -> None:
    before, songs = playlists.written(pipeline.workspace.state), on_spotify(pipeline)
    assert before is not None
    delete(pipeline, before.playlist_id)
    for _ in range(2):
        result = pipeline.refresh()
        assert not result.success
        assert "spotify-ai playlist --recreate" in result.error
    assert [row["name"] for row in pipeline.workspace.state.rows("SELECT name FROM alerts")] == ["mix playlist"]
    client = Spotify.of(pipeline.workspace)
    count = len(client.playlists(client.user_id()))
    PlaylistWriter(client, pipeline.workspace).recreate(named(pipeline.workspace.settings))
    with pytest.raises(UserError, match="is in your library"):
        PlaylistWriter(client, pipeline.workspace).recreate(named(pipeline.workspace.settings))
    assert len(client.playlists(client.user_id())) == count + 1
    assert on_spotify(pipeline) == songs
    refresh(pipeline)
    after = playlists.written(pipeline.workspace.state)
    assert after is not None
    assert after.playlist_id != before.playlist_id
    assert on_spotify(pipeline) == pipeline.listed()
    assert pipeline.workspace.state.rows("SELECT * FROM verdicts") == [], "that was no edit of a hundred songs"
    assert pipeline.workspace.state.rows("SELECT * FROM alerts") == []


def test_one_run_keeps_both_lists_and_takes_the_snapshot_that_is_due(pipeline: Any) -> None:
    state = pipeline.workspace.state
    state.set_override("adventure.enabled", True)
    with state.transaction() as connection:
        connection.execute("UPDATE refreshes SET refreshed_at = refreshed_at - 40 * 86400")
    refresh(pipeline)
    novel = playlists.written(state, "adventure")
    assert novel is not None
    assert len(novel.track_ids) == pipeline.workspace.settings.adventure.target_size
    assert not set(novel.track_ids) & set(on_spotify(pipeline))
    assert [one.track_ids for one in snapshots.every(state)] == [on_spotify(pipeline)]
    assert [known.outcome for known in playlists.refreshes(state, "adventure")] == ["filled"]
    in_library = pipeline.read(datasets.SONGS).filter("in_library").height
    refresh(pipeline)
    assert pipeline.read(datasets.SONGS).filter("in_library").height == in_library, "our lists are no library"
    assert len(snapshots.every(state)) == 1
    assert outcomes(pipeline)[-2] == ("unchanged", 0, 0)
    assert outcomes(pipeline)[-1][1] <= 1, (
        "the one song of this world that cannot be played is replaced once that is seen"
    )


def test_a_more_adventurous_refresh_brings_back_more(pipeline: Any) -> None:
    before = pipeline.read(datasets.MIX).filter(slot="exploration").height
    result = pipeline.refresh(options={"mix": {"adventurous": 10}})
    assert result.success, result.error
    decided = pipeline.read(datasets.MIX).drop_nulls("rank")
    assert decided.filter(slot="exploration").height > before
    assert pipeline.workspace.settings.playlist.adventurousness == 5


@pytest.mark.usefixtures("clock")
def test_an_emptied_playlist_is_filled_whole(pipeline: Any) -> None:
    known = playlists.written(pipeline.workspace.state)
    assert known is not None
    Spotify.of(pipeline.workspace)._client.playlist_replace_items(known.playlist_id, [])
    refresh(pipeline)
    assert len(on_spotify(pipeline)) == 100


def test_a_mix_decided_on_an_older_library_makes_no_edits(pipeline: Any) -> None:
    reject(pipeline, songs_of(pipeline, on_spotify(pipeline)[:5]))
    refresh(pipeline)  # writes a list that the library in the lake does not know yet
    workspace, last = pipeline.workspace, playlists.written(pipeline.workspace.state)
    assert last is not None
    assert workspace.state.fact(LIBRARY_READ_AT) < last.written_at
    decided = decide_list(workspace, "mix", Material.of_lake(workspace), clock.now())
    there = decided.decision.table.drop_nulls("on_list")["on_list"].list.first()
    assert set(there) == set(on_spotify(pipeline))
    assert decided.said == []


def test_a_mood_moves_the_whole_list_half_of_the_way_and_the_list_comes_back(pipeline: Any) -> None:
    energy = dict(pipeline.read(datasets.AUDIO_FEATURES).select("song_id", "energy").drop_nulls().iter_rows())
    before, state = on_spotify(pipeline), pipeline.workspace.state

    def heard(songs: list[str]) -> float:
        return float(np.mean([energy[song] for song in songs if song in energy]))

    usual = heard(songs_of(pipeline, before))
    moods.say(state, "calm, not energetic", 3_600)
    refresh(pipeline)
    fitting = pipeline.read(datasets.SONG_SCORES).sort("mood", descending=True).head(len(before))["song_id"].to_list()
    assert usual - heard(songs_of(pipeline, on_spotify(pipeline))) > (usual - heard(fitting)) / 2 > 0.02
    moods.clear(state)
    refresh(pipeline)
    assert set(on_spotify(pipeline)) == set(before)


def test_another_release_of_a_song_on_the_list_does_not_freeze_it(pipeline: Any) -> None:
    known = playlists.written(pipeline.workspace.state)
    assert known is not None
    songs = pipeline.read(datasets.SONGS).filter(pl.col("track_ids").list.len() > 1)
    first, second = songs["track_ids"][0][:2].to_list()
    listed = [track for track in on_spotify(pipeline) if track not in (first, second)][:98]
    Spotify.of(pipeline.workspace).replace_items(known.playlist_id, [*listed, first, second])
    refresh(pipeline)
    refresh(pipeline)
    assert len({first, second} & set(on_spotify(pipeline))) == 1


def test_a_library_that_lost_most_of_the_list_changes_it_within_the_cap(pipeline: Any) -> None:
    before = on_spotify(pipeline)
    material = Material.of_lake(pipeline.workspace)
    gone = pl.col("track_id").is_in(before[:60])
    lost = replace(material, song_scores=material.song_scores.with_columns(in_library=pl.col("in_library") & ~gone))
    decided = decide_list(pipeline.workspace, "mix", lost, clock.now()).decision.table
    assert decided.filter(change="new").height <= 15
    assert decided.drop_nulls("rank").height == 100


def test_an_answer_counts_at_the_next_refresh(pipeline: Any) -> None:
    state = pipeline.workspace.state
    question = queue.next_question(state)
    assert question is not None, "the first run leaves questions"
    assert question.track_id not in on_spotify(pipeline)
    assert queue.decide(state, question.item_id, "approve", "cli")
    refresh(pipeline)
    assert question.track_id in on_spotify(pipeline)


def test_a_crash_after_the_write_is_no_edit_by_hand(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reject(pipeline, songs_of(pipeline, on_spotify(pipeline)[:5]))

    def crash(*_: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(playlists, "remember", crash)
        assert not pipeline.refresh().success
    refresh(pipeline)
    assert on_spotify(pipeline) == pipeline.listed()
    said = pipeline.workspace.state.rows("SELECT verdict FROM verdicts WHERE said_through = 'playlist'")
    assert [row["verdict"] for row in said] == []


def test_no_duckdb_file_and_no_secret_is_left_behind(pipeline: Any) -> None:
    token = json.loads(pipeline.workspace.token_file.read_text())
    found = [path for path in pipeline.root.rglob("*") if path.is_file()]
    assert not [path for path in found if ".duckdb" in path.name]
    for path in found:
        if path == pipeline.workspace.token_file:
            continue
        content = path.read_bytes()
        for secret in (token["access_token"], token["refresh_token"]):
            assert secret.encode() not in content, path


def test_songs_never_heard_are_shown_too(filled: Path, pipeline: Any) -> None:
    unheard = pipeline.read(datasets.MIX).with_columns(score=pl.lit(None, pl.Float64))
    pipeline.workspace.lake.write(unheard, datasets.MIX)
    print_songs(pipeline.workspace)
