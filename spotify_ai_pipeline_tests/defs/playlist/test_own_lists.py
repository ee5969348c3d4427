"""Lists of the listener's own, from the words to the playlist: as a person and as a script use them."""

from __future__ import annotations

import os

import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.own_lists import title_of
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.storage import datasets, own_lists, playlists

from ...command_line import data, run
from ...conftest import Pipeline


@pytest.fixture(autouse=True)
def home(pipeline: Pipeline) -> None:
    os.environ["SPOTIFY_AI_DATA"] = str(pipeline.root)


def test_a_list_is_filled_changes_little_and_respects_what_is_done_by_hand(pipeline: Pipeline) -> None:
    added = data("list", "add", "most played, unheard for a week", "--size", "20", "--every", "day")
    assert len(added["songs"]) == 20
    assert all("unheard for" in song["reason"] for song in added["songs"])
    assert pipeline.refresh("refresh_the_lists").success
    state, client = pipeline.workspace.state, Spotify.of(pipeline.workspace)
    written = playlists.written(state, "list:1")
    assert written is not None
    assert client.track_ids(written.playlist_id) == written.track_ids
    assert len(written.track_ids) == 20
    assert not own_lists.due(state, clock.now())
    assert own_lists.due(state, clock.now() + DAY)

    taken_off = written.track_ids[0]
    client.replace_items(written.playlist_id, written.track_ids[1:])
    listened = data("list", "edit", "1", "--sort", "plays", "--where", "days_quiet >= 3")
    assert listened["recipe"]["sort"] == ["plays"]
    assert pipeline.refresh().success
    again = playlists.written(pipeline.workspace.state, "list:1")
    assert again is not None
    assert taken_off not in again.track_ids
    assert len(set(again.track_ids) - set(written.track_ids)) <= 3  # fifteen percent of twenty
    assert {row["outcome"] for row in data("log", "--list", "1")} == {"filled", "refreshed"}

    assert data("undo", "--list", "1")["taken_back"]
    back = playlists.written(pipeline.workspace.state, "list:1")
    assert back is not None
    assert set(back.track_ids) <= set(written.track_ids)
    came = {one["song_id"] for one in data("log", "--list", "1")[0]["added"]}
    assert not came & {song["song_id"] for song in data("list", "preview", "1")["songs"]}
    assert data("snapshot", "take", "--list", "1")["songs"] == len(back.track_ids)


def test_a_list_is_copied_at_its_interval_as_the_mix_is(pipeline: Pipeline) -> None:
    for title in ("A", "B"):
        run("list", "add", "most played", "--size", "4", "--title", title)
    assert pipeline.refresh("refresh_the_lists").success
    run("list", "pause", "B")
    with pipeline.workspace.state.said() as connection:
        connection.execute("UPDATE refreshes SET refreshed_at = refreshed_at - ?", (40 * DAY,))
    assert pipeline.refresh().success
    kept = {one["of"] for one in data("snapshot", "list")}
    assert kept == {"mix", "list:1"}


def test_words_that_the_layers_leave_over_are_read_by_claude_where_it_may_be_asked(pipeline: Pipeline) -> None:
    with (pipeline.root / ".env").open("a") as secrets:
        secrets.write("ANTHROPIC_API_KEY=sandbox\n")
    asked = run("list", "add", "never heard songs, loudqqqzz", "--title", "A")
    assert "claude read for you: loudqqqzz" in asked.output
    assert "energy >= 65" in asked.output
    pipeline.workspace.state.set_override("claude.lists", False)
    asked = run("list", "add", "never heard songs, loudqqqzz", "--title", "B")
    assert "not understood: loudqqqzz" in asked.output
    assert "energy" not in asked.output


def test_a_list_between_two_songs_plays_in_order_and_says_what_is_wrong_in_a_line(pipeline: Pipeline) -> None:
    songs = pipeline.read(datasets.SONG_SCORES).filter("in_library").sort("plays", descending=True)["song_id"]
    way = data("list", "add", "--from", songs[0], "--to", songs[1], "--size", "6", "--title", "A way")
    names = [song["song_id"] for song in way["songs"]]
    assert (names[0], names[-1]) == (songs[0], songs[1])
    assert [song["reason"] for song in way["songs"]] == [f"step {n} of the way" for n in range(1, len(names) + 1)]
    like = data("list", "add", "--like", songs[0], "--unlike", songs[1], "--size", "5", "--title", "Alike")
    alike = {song["song_id"] for song in like["songs"]}
    assert songs[0] in alike
    assert songs[1] not in alike

    for args, says in [
        (("add", "flurb"), "I understand nothing"),
        (("add", "--from", songs[0], "--to", songs[0]), "the same"),
        (("add", "--title", "A way", "never heard"), "has this title"),
        (("add", "--where", "plais >= 5"), "list columns"),
        (("show", "nope"), "no such list"),
        (("edit", "1", "--drop", "plays"), "no condition on it"),
        (("edit", "1", "--title", "Alike"), "has this title"),
    ]:
        result = run("list", *args)
        assert result.exit_code == 2, args
        assert says in result.output, args
    for args in ("pause", "resume", "remove"):
        assert run("list", args, "way").exit_code == 0
    assert [row["title"] for row in data("list", "show")][2:] == ["Alike"]


def test_a_list_that_no_song_fits_stays_and_says_so(pipeline: Pipeline) -> None:
    run("list", "add", "never heard", "--where", "plays >= 10000", "--size", "5")
    assert pipeline.refresh("refresh_the_lists").success
    state = pipeline.workspace.state
    assert playlists.written(state, "list:1") is None
    assert "no song fits" in next(row["message"] for row in state.rows("SELECT message FROM alerts"))


def test_a_title_is_the_words_cut_between_two_of_them_with_names_as_they_are() -> None:
    assert title_of("deep cuts of my most played artists, unheard for three months") == (
        "Deep cuts of my most played artists, unheard for three…"
    )
    assert title_of("songs like  Nick Drake") == "Songs like Nick Drake"
