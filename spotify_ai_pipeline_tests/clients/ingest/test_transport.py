"""Transport: what is counted, waited out, repeated, and put off to another day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.library_reader import read_library
from spotify_ai_pipeline.clients import transport
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.clients.transport import Deferred, Transport, Unreachable
from spotify_ai_pipeline.storage import datasets, duckdb_views
from spotify_ai_pipeline.storage.response_cache import ResponseCache
from spotify_ai_pipeline.storage.workspace import Workspace

NOTHING = datasets.SPOTIFY_LIBRARY.empty()


def ledger(workspace: Workspace, service: str) -> dict[str, tuple[int, int]]:
    """Calls and failures by kind."""
    rows = workspace.state.rows("SELECT kind, calls, failures FROM api_calls WHERE service = ?", (service,))
    return {row["kind"]: (row["calls"], row["failures"]) for row in rows}


def test_D1_retry_after_a_day_defers(sandbox: Any, workspace: Workspace, clock: Any) -> None:
    whole = read_library(Spotify.of(sandbox.signed_in(workspace.root.parent / "calm")), NOTHING, str).library
    sandbox.fail(rate=1, most=1, kinds=["429_day"], path="/spotify/v1/playlists")
    before = sandbox.calls("spotify")
    cut = read_library(Spotify.of(workspace), NOTHING, str)
    assert cut.deferred is not None and cut.deferred.until - clock.now() == pytest.approx(86_400, abs=60)
    assert not cut.library.is_empty() and clock.slept == []
    spent = sandbox.calls("spotify") - before
    with pytest.raises(Deferred):  # a new process knows: no call before the time
        read_library(Spotify.of(Workspace(workspace.root)), NOTHING, str)
    clock.skew += 86_000
    with pytest.raises(Deferred):
        Spotify.of(Workspace(workspace.root)).user_id()
        Spotify.of(Workspace(workspace.root)).playlists("x")
    assert sandbox.calls("spotify") - before == spent
    clock.skew += 500
    resumed = read_library(Spotify.of(Workspace(workspace.root)), cut.library, str)
    assert resumed.deferred is None and resumed.library.sort("list_id", "position").equals(
        whole.sort("list_id", "position")
    )


def test_a_short_pause_is_waited_out_in_sight(sandbox: Any, workspace: Workspace, clock: Any) -> None:
    told: list[str] = []
    sandbox.fail(rate=1, most=1, kinds=["429"])
    with transport.observed(lambda service, what: told.append(f"{service} {what}")):
        assert LastFm.of(workspace).newest_scrobble()
    assert told == ["lastfm call", "lastfm waits 1 s", "lastfm call"] and clock.slept == [1.0]


@pytest.mark.parametrize("kind", ["500", "502", "reset", "truncated", "malformed"])
@pytest.mark.parametrize("service", ["spotify", "lastfm"])
def test_what_only_reads_is_repeated(sandbox: Any, workspace: Workspace, clock: Any, kind: str, service: str) -> None:
    def ask() -> object:
        return Spotify.of(workspace).playlists("x") if service == "spotify" else LastFm.of(workspace).newest_scrobble()

    wanted = ask()
    sandbox.fail(rate=1, most=2, kinds=[kind], path=f"/{service}")
    assert ask() == wanted
    assert ledger(workspace, service)["read"] == (4, 2)
    assert len(clock.slept) == 2 and 0.25 <= clock.slept[0] <= 0.75 and 0.5 <= clock.slept[1] <= 1.5


def test_an_answer_that_never_comes_is_given_up(sandbox: Any, tmp_path: Path) -> None:
    workspace = sandbox.workspace(tmp_path / "home", services={"lastfm": {"timeout_seconds": 1}})
    sandbox.fail(rate=1, most=1, kinds=["slow"], slow_s=1.5)
    assert LastFm.of(workspace).newest_scrobble()
    assert ledger(workspace, "lastfm")["read"] == (2, 1)


def test_a_service_that_is_down_says_so_in_one_line(sandbox: Any, workspace: Workspace) -> None:
    sandbox.fail(rate=1, kinds=["reset"], path="/spotify")
    with pytest.raises(Unreachable, match=r"spotify cannot be reached .*; try again later") as error:
        Spotify.of(workspace).playlists("x")
    assert "\n" not in str(error.value) and ledger(workspace, "spotify")["read"] == (4, 4)


def test_a_write_that_happened_is_not_repeated(own_sandbox: Any, tmp_path: Path, phone: Any) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    client = Spotify.of(workspace)
    songs = [row["track"]["id"] for row in phone(workspace, "GET", "me/tracks?limit=30")["items"]]
    for kind in ("502", "reset", "malformed"):
        own_sandbox.fail(rate=1, most=1, kinds=[kind], path="/spotify")
        playlist = client.create_playlist(f"AI {kind}", "for a test")
        own_sandbox.fail(rate=1, most=1, kinds=[kind], path="/spotify")
        snapshot = client.replace_items(playlist, songs)
        assert client.track_ids(playlist) == songs
        assert phone(workspace, "GET", f"playlists/{playlist}")["snapshot_id"] == snapshot
    names = [row["name"] for row in phone(workspace, "GET", "me/playlists?limit=50")["items"]]
    assert sorted(name for name in names if name.startswith("AI ")) == ["AI 502", "AI malformed", "AI reset"]
    assert ledger(workspace, "spotify")["write"] == (6, 6)


def test_a_write_that_did_not_happen_is_repeated_after_a_look(own_sandbox: Any, tmp_path: Path, phone: Any) -> None:
    workspace = own_sandbox.signed_in(tmp_path / "home")
    client = Spotify.of(workspace)
    songs = [row["track"]["id"] for row in phone(workspace, "GET", "me/tracks?limit=5")["items"]]
    own_sandbox.fail(rate=1, most=1, kinds=["500"], path="/spotify")
    playlist = client.create_playlist("AI", "for a test")
    own_sandbox.fail(rate=1, most=1, kinds=["500"], path="/spotify")
    client.replace_items(playlist, songs)
    assert client.track_ids(playlist) == songs
    assert ledger(workspace, "spotify")["write"] == (4, 2)


def test_reads_and_writes_have_a_budget_each(sandbox: Any, tmp_path: Path, clock: Any) -> None:
    workspace = sandbox.signed_in(tmp_path / "home", services={"spotify": {"calls_per_day": 2, "writes_per_day": 1}})
    client = Spotify.of(workspace)
    client.playlists("x")
    client.playlists("x")
    with pytest.raises(Deferred, match="budget of 2 read calls"):
        client.playlists("x")
    with pytest.raises(Deferred):
        Spotify.of(Workspace(workspace.root)).playlists("x")
    created = client.create_playlist("of another day", "")
    assert created
    with pytest.raises(Deferred, match="budget of 1 write calls"):
        client.create_playlist("one too many", "")
    clock.skew += 86_400
    assert client.playlists("x")


def test_D5_processes_side_by_side_keep_one_budget(sandbox: Any, tmp_path: Path) -> None:
    sandbox.workspace(tmp_path / "home", services={"lastfm": {"calls_per_day": 30}})

    def work(_: int) -> int:
        workspace, done = Workspace(tmp_path / "home"), 0
        for _ in range(10):
            try:
                LastFm.of(workspace).newest_scrobble()
                done += 1
            except Deferred:
                pass
            duckdb_views.connect(workspace.lake, workspace.state).close()  # a reader meanwhile locks nobody out
        return done

    before = sandbox.calls("lastfm")
    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(work, range(4))) == 30
    assert sandbox.calls("lastfm") - before == 30
    assert ledger(Workspace(tmp_path / "home"), "lastfm")["read"] == (30, 0)


def test_one_pace_for_all_clients_of_a_service(sandbox: Any, tmp_path: Path, clock: Any) -> None:
    workspace = sandbox.workspace(tmp_path / "home", services={"lastfm": {"calls_per_second": 2}})
    began = clock.now()
    for _ in range(5):
        LastFm.of(Workspace(workspace.root)).newest_scrobble()
    assert clock.now() - began >= 1.9, "five calls, half a second apart, whatever a slow machine adds"
    assert clock.skew <= 2.0, "and no longer than that"


def test_a_clock_set_back_does_not_stop_the_calls(sandbox: Any, workspace: Workspace, clock: Any) -> None:
    clock.skew = 1e6
    LastFm.of(workspace).newest_scrobble()
    clock.skew = 0
    LastFm.of(workspace).newest_scrobble()
    assert sum(clock.slept) <= transport.LONGEST_WAIT


def test_answers_are_kept_and_no_error_is(sandbox: Any, workspace: Workspace) -> None:
    artist = next(iter(pl.read_parquet(sandbox.folder / "artists.parquet")["name"]))
    sandbox.fail(rate=1, most=1, kinds=["429_day"])
    with pytest.raises(Deferred):
        LastFm.of(workspace).artist_tags(artist)
    workspace.state.connection.execute("DELETE FROM cooldowns")
    before = sandbox.calls("lastfm")
    found = LastFm.of(workspace).artist_tags(artist)
    assert found and LastFm.of(Workspace(workspace.root)).artist_tags(artist) == found
    assert LastFm.of(workspace).artist_tags("Nobody of This Name") == {}
    assert LastFm.of(Workspace(workspace.root)).artist_tags("Nobody of This Name") == {}
    assert sandbox.calls("lastfm") - before == 2


def test_a_negative_answer_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ResponseCache(tmp_path / "answers.sqlite")
    answers.put("search", {"no such song": None, "a song": {"id": 1}})
    answers.put("page", {"3": [1, 2]}, days=2)
    assert answers.get("search", ["no such song", "a song", "unasked"]) == {"no such song": None, "a song": {"id": 1}}
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 91 * 86_400)
    assert answers.get("search", ["no such song", "a song"]) == {"a song": {"id": 1}}
    assert answers.get("page", ["3"]) == {}


def test_no_secret_is_in_an_error(sandbox: Any, workspace: Workspace) -> None:
    sandbox.fail(rate=1, kinds=["reset"])
    with pytest.raises(Exception) as error:
        LastFm.of(workspace).newest_scrobble()
    assert "api_key" not in str(error.value)


def test_transport_is_named_in_its_ledger(workspace: Workspace, sandbox: Any) -> None:
    way = Transport("reccobeats", workspace.settings.services.reccobeats, workspace.state)
    assert way.session.get(way.service.url + "track", params={"ids": "x"}).status_code < 500
    assert ledger(workspace, "reccobeats")["read"][0] == 1
