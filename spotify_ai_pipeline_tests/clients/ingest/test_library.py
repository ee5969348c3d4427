"""The library: complete, with as few calls as its pages need."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from spotify_ai_pipeline.app.library_reader import Reading, read_library
from spotify_ai_pipeline.clients import transport
from spotify_ai_pipeline.clients.spotify import LIKED, Spotify
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

NOTHING = datasets.SPOTIFY_LIBRARY.empty()


class Killed(BaseException):
    pass


def sync(workspace: Workspace, known: pl.DataFrame = NOTHING) -> Reading:
    return read_library(Spotify.of(workspace), known, str)


def ordered(library: pl.DataFrame) -> list[tuple[Any, ...]]:
    return library.sort("list_id", "position").rows()


def bound(world: Path) -> int:
    """The fewest calls that can read the library: pages of liked songs, of playlists, and of each open playlist."""
    lists = pl.read_parquet(world / "playlists.parquet")
    items = pl.read_parquet(world / "playlist_items.parquet")
    mine = lists.filter((pl.col("owner_id") != "heronwatch") | pl.col("collaborative"))["id"].to_list()
    sizes = items.filter(pl.col("playlist_id").is_in(mine)).group_by("playlist_id").len()["len"].to_list()
    likes = pl.read_parquet(world / "likes.parquet").height
    return math.ceil(likes / 50) + math.ceil(lists.height / 50) + sum(math.ceil(size / 50) for size in sizes)


def test_the_library_is_whole(sandbox: Any, workspace: Workspace) -> None:
    found = sync(workspace).library
    likes = pl.read_parquet(sandbox.folder / "likes.parquet").sort("added_at", descending=True)
    liked = found.filter(pl.col("list_id") == LIKED).sort("position")
    assert sorted(liked["track_id"].to_list()) == sorted(likes["track_id"].to_list())
    assert liked["position"].to_list() == list(range(likes.height))
    items = pl.read_parquet(sandbox.folder / "playlist_items.parquet")
    lists = pl.read_parquet(sandbox.folder / "playlists.parquet").filter(pl.col("owner_id") != "heronwatch")
    songs = items.filter((pl.col("kind") == "track") & pl.col("playlist_id").is_in(lists["id"].to_list()))
    assert found.filter(pl.col("list_id") != LIKED).height == songs.height


def test_the_first_sync_costs_its_pages_and_the_second_next_to_nothing(sandbox: Any, workspace: Workspace) -> None:
    fewest, before = bound(sandbox.folder), sandbox.calls("spotify")
    first = sync(workspace)
    assert sandbox.calls("spotify") - before <= 1.05 * (fewest + 1)  # and one call to learn who is signed in
    before = sandbox.calls("spotify")
    second = sync(workspace, first.library)
    assert sandbox.calls("spotify") - before == 2  # the first liked page, one page of playlists
    assert second.playlists_read == 0 and ordered(second.library) == ordered(first.library)


def test_a_followed_playlist_is_named_and_skipped(workspace: Workspace) -> None:
    assert "Songs for Herons" in sync(workspace).followed


def test_C6_rows_that_are_no_song_are_counted_and_passed_over(sandbox: Any, workspace: Workspace) -> None:
    reading = sync(workspace)
    items = pl.read_parquet(sandbox.folder / "playlist_items.parquet")
    assert reading.no_songs == items.filter(pl.col("kind") != "track").height == 3
    assert reading.library["track_id"].null_count() == 0


def test_C6_a_null_row_a_removed_track_and_a_track_without_id_or_artist(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"id": "x" * 22, "name": "Song", "type": "track", "artists": [{"name": "A"}], "album": {"name": "B"}}
    rows = [
        None,
        {"item": None},
        {"track": None},
        {"added_at": None, "item": {"id": None, "name": "[Removed]", "type": "track", "artists": [], "album": {}}},
        {"item": {**good, "is_local": True}},
        {"item": {**good, "type": "episode"}},
        {"item": {**good, "artists": [], "album": None, "external_ids": None}},
        {"added_at": "2024-05-01T10:00:00Z", "track": good},
    ]
    client = Spotify.of(workspace)
    answer = {"offset": 0, "total": len(rows), "items": rows, "next": None}
    monkeypatch.setattr(client, "_call", lambda *_, **__: answer)
    (_, page), *_ = client.liked_pages()
    assert page["position"].to_list() == [6, 7]  # C7: the place names the row where an id does not
    assert page["artist"].to_list() == [None, "A"] and page["isrc"].to_list() == [None, None]


def test_C7_the_same_unavailable_track_twice_is_two_rows(own_sandbox: Any, tmp_path: Path, phone: Any) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    client = Spotify.of(workspace)
    playlist = client.create_playlist("twice", "")
    song = phone(workspace, "GET", "me/tracks?limit=1")["items"][0]["track"]["id"]
    client.replace_items(playlist, [song, song])
    found = sync(workspace).library.filter(pl.col("list_id") == playlist)
    assert found.select("track_id", "position").rows() == [(song, 0), (song, 1)]


def test_D9_a_library_without_previews_is_whole(workspace: Workspace, phone: Any) -> None:
    assert phone(workspace, "GET", "me/tracks?limit=1")["items"][0]["track"]["preview_url"] is None
    assert sync(workspace).library["title"].null_count() == 0


def test_only_what_changed_is_read_again(own_sandbox: Any, tmp_path: Path, phone: Any) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    first = sync(workspace).library
    liked = first.filter(pl.col("list_id") == LIKED)["track_id"].to_list()
    elsewhere = first.filter(~pl.col("track_id").is_in(liked))
    changed, new = elsewhere["list_id"][0], elsewhere["track_id"][0]
    phone(workspace, "PUT", "me/library", params={"uris": f"spotify:track:{new}"})
    phone(workspace, "POST", f"playlists/{changed}/items", json={"uris": [f"spotify:track:{liked[0]}"]})
    before = own_sandbox.calls("spotify")
    second = sync(workspace, first)
    assert second.playlists_read == 1
    assert own_sandbox.calls("spotify") - before == 3  # a liked page, the list of playlists, the one that changed
    assert ordered(second.library) == ordered(sync(own_sandbox.signed_in(tmp_path / "other")).library)


@pytest.mark.parametrize("place", [3, 70, 239])
def test_an_unliked_song_is_noticed_wherever_it_was(own_sandbox: Any, tmp_path: Path, phone: Any, place: int) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    first = sync(workspace).library
    gone = first.filter((pl.col("list_id") == LIKED) & (pl.col("position") == place))["track_id"][0]
    phone(workspace, "DELETE", "me/library", params={"uris": f"spotify:track:{gone}"})
    before = own_sandbox.calls("spotify")
    second = sync(workspace, first).library
    assert own_sandbox.calls("spotify") - before <= 2 + place // 50
    assert ordered(second) == ordered(sync(own_sandbox.signed_in(tmp_path / "other")).library)


def test_a_sync_cut_between_any_two_calls_repeats_no_finished_page(
    sandbox: Any, workspace: Workspace, tmp_path: Path
) -> None:
    start = sandbox.calls("spotify")
    wanted = ordered(sync(workspace).library)
    cost = sandbox.calls("spotify") - start
    for cut in range(1, cost + 1):
        cut_home = sandbox.signed_in(tmp_path / f"cut{cut}")
        seen = 0

        def kill(service: str, what: str, cut: int = cut) -> None:
            nonlocal seen
            seen += service == "spotify" and what == "call"
            if seen == cut:
                seen += 1
                raise Killed

        start = sandbox.calls("spotify")
        with transport.observed(kill), pytest.raises(Killed):
            sync(cut_home)
        assert ordered(sync(Workspace(cut_home.root)).library) == wanted
        # Lost: the answer that nobody heard, the first liked page and the list of playlists, which are always asked for.
        assert sandbox.calls("spotify") - start <= cost + 3


@pytest.mark.parametrize("kind", ["duplicate", "drift"])
def test_pages_that_do_not_fit_are_asked_for_again(
    sandbox: Any, workspace: Workspace, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotify_ai_pipeline.clients.spotify.PAGE", 20)
    wanted = ordered(sync(sandbox.signed_in(tmp_path / "calm")).library)
    sandbox.fail(seed=5, rate=0.12, most=5, kinds=[kind], path="/spotify")
    assert ordered(sync(workspace).library) == wanted


def test_a_list_that_is_edited_while_it_is_read_is_read_again(
    own_sandbox: Any, tmp_path: Path, phone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotify_ai_pipeline.clients.spotify.PAGE", 20)
    workspace = own_sandbox.signed_in(tmp_path / "home")
    song = phone(workspace, "GET", "me/tracks?limit=1")["items"][0]["track"]["id"]
    client = Spotify.of(workspace)
    playlist = next(row for row in client.playlists(client.user_id()) if row.readable and row.items > 20)
    seen = 0

    def edit(service: str, what: str) -> None:
        nonlocal seen
        seen += what == "call"
        if seen == 1 and what == "call":
            seen += 1
            body = {"uris": [f"spotify:track:{song}"], "position": 0}
            phone(workspace, "POST", f"playlists/{playlist.playlist_id}/items", json=body)

    with transport.observed(edit):
        frame, _ = client.playlist_items(playlist)
    assert frame.height >= playlist.items and frame["track_id"].to_list() == client.track_ids(playlist.playlist_id)
