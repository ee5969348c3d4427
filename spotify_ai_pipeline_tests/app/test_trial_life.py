"""The life of a discovery over real HTTP: proposed, on trial, asked, answered, brought about on Spotify, taken back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.discovery_sources import SOURCES
from spotify_ai_pipeline.app.verdict_effects import LEFT, NOTHING, UNLIKED_NOW, apply_due
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.defs.degraded import stopped_alert
from spotify_ai_pipeline.defs.discovery.trials import advance
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.mix.edit_script import Add
from spotify_ai_pipeline.storage import alerts, datasets, pins, playlists, queue, trials, verdicts
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.workspace import Workspace


def song(name: str, **more: object) -> dict[str, object]:
    told = {"song_id": name, "track_id": f"t{name}", "title": name, "artist": "Owl", "artist_key": "owl"}
    return told | {"score": 0.5, "chance": 0.5, "reason": "fans of Heron", "source": "files", "region": "folk"} | more


def test_the_first_run_proposes_new_songs_and_says_how_each_source_fared(pipeline: Any) -> None:
    waiting = queue.items(pipeline.workspace.state, kind=queue.DISCOVERY)
    assert len(waiting) > 5
    owned = set(pipeline.read(datasets.SONGS)["song_id"])
    assert not {one.song_id for one in waiting} & owned
    assert all(one.reason and one.source in SOURCES and one.chance is not None for one in waiting)
    assert max([one.artist_key for one in waiting].count(one.artist_key) for one in waiting) <= 2
    fares = pipeline.read(datasets.DISCOVERIES)
    assert set(fares["source"]) == set(SOURCES)


def test_what_was_refused_does_not_come_back_and_a_silent_source_is_alarmed_and_replaced(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = pipeline.workspace.state
    first = queue.items(state, kind=queue.DISCOVERY)
    for one in first:
        assert queue.decide(state, one.item_id, "reject", "cli")
    monkeypatch.setattr(LastFm, "similar_tracks", lambda *_: [])
    assert pipeline.refresh("discover").success
    again = queue.items(state, kind=queue.DISCOVERY)
    assert again and not {one.song_id for one in again} & {one.song_id for one in first}
    weights = dict(pipeline.read(datasets.DISCOVERIES).select("source", "weight").iter_rows())
    most = max({one.source for one in first}, key=[one.source for one in first].count)
    assert weights[most] < 0, "a source whose songs are refused loses weight"
    alerts = state.rows("SELECT name FROM alerts WHERE name LIKE 'yield%'")
    assert [row["name"] for row in alerts] == ["yield lastfm_similar"]


@pytest.fixture
def workspace(tmp_path: Path) -> WorkspaceResource:
    return WorkspaceResource(root=str(tmp_path / "home"))


def heard(*plays: tuple[str, float, bool | None]) -> tuple[pl.DataFrame, pl.LazyFrame]:
    """(songs, listens): plays of songs, so many days ago, skipped or not or nobody knows."""
    now = clock.now()
    names = sorted({name for name, _, _ in plays})
    songs = pl.DataFrame(
        [{"song_id": f"known {name}", "track_id": f"t{name}", "track_ids": [f"t{name}"]} for name in names],
        schema={"song_id": pl.String, "track_id": pl.String, "track_ids": pl.List(pl.String), "mbid": pl.String},
    )
    rows = [(f"known {name}", datetime.fromtimestamp(now - days * 86_400, UTC), skip) for name, days, skip in plays]
    schema = {"song_id": pl.String, "played_at": pl.Datetime("ms", "UTC"), "skipped": pl.Boolean}
    return songs, pl.LazyFrame(rows, schema=schema, orient="row")


def test_trials_begin_on_a_playlist_and_end_by_what_was_heard(workspace: WorkspaceResource) -> None:
    state = workspace.state
    queue.propose(state, queue.DISCOVERY, [song("a"), song("b"), song("c"), song("d")], 10)
    playlists.remember(state, "p", ["ta", "tb"])
    playlists.remember(state, "q", ["tc"], name="adventure")
    assert trials.on_playlists(state) == {"ta", "tb", "tc"}
    for item in (1, 2, 3):
        queue.advance(state, item, "trial", "on the playlist")
    with state.transaction() as connection:
        connection.execute("UPDATE queue SET trial_at = trial_at - 10 * 86400 WHERE trial_at IS NOT NULL")
    queue.say(state, [queue.Said("known c", "remove", "hand")], "playlist")
    plays = [
        ("a", 1, None),
        ("a", 2, False),
        ("a", 3, False),
        ("a", 20, False),
        ("b", 1, True),
        ("b", 2, True),
        ("c", 1, False),
    ]
    assert advance(workspace, *heard(*plays)) == 3
    assert advance(workspace, *heard(*plays)) == 0, "a second look changes nothing"
    assert [queue.item(state, item).status for item in (1, 2, 3, 4)] == ["asked", "expired", "expired", "pending"]  # pyright: ignore
    over = {one.song_id: (one.title, one.why) for one in trials.ended(state, clock.now() - 60)}
    assert over == {"b": ("b", "skipped away: 2 of 2 times"), "c": ("c", "taken off the list")}
    said = trials.outcomes(state, clock.now()).sort("reward")
    assert said.select("reward", "weight").rows() == [(0.0, 0.5), (0.0, 0.5), (1.0, 0.5)]


def test_what_waits_too_long_is_withdrawn(state: State) -> None:
    queue.propose(state, queue.DISCOVERY, [song("a"), song("b")], 10)
    queue.advance(state, 2, "trial", "on the playlist")
    assert trials.withdraw(state, clock.now() + 1) == 1
    assert [one.song_id for one in queue.items(state)] == ["b"]


@pytest.fixture
def unliked(world: Path) -> str:
    """A track that is not among the liked songs."""
    liked = pl.read_parquet(world / "likes.parquet")["track_id"]
    rows = pl.read_parquet(world / "catalogue.parquet").filter(
        pl.col("playable") & ~pl.col("id").is_in(liked.implode())
    )
    return rows["id"][0]


def test_an_approval_is_liked_once_read_back_and_taken_back(connected: Workspace, unliked: str) -> None:
    state, spotify = connected.state, Spotify.of(connected)
    queue.propose(state, queue.DISCOVERY, [song("a", track_id=unliked)], 10)
    queue.decide(state, 1, "approve", "cli")
    (said,) = apply_due(state, lambda: spotify, "liked")
    assert said.endswith("put into the liked songs") and spotify.liked(unliked)
    assert list(apply_due(state, lambda: spotify, "liked")) == [], "once"
    queue.undo(state, 1, "cli")
    list(apply_due(state, lambda: spotify, "liked"))
    assert not spotify.liked(unliked)


def test_a_song_that_is_not_kept_leaves_the_liked_songs_once_and_comes_back(connected: Workspace, unliked: str) -> None:
    state, spotify = connected.state, Spotify.of(connected)
    spotify.like(unliked)
    queue.propose(state, queue.REMOVE, [song("a", track_id=unliked), song("b")], 10)
    queue.decide(state, 1, "reject", "cli")
    queue.decide(state, 2, "approve", "cli")
    removed, kept = apply_due(state, lambda: spotify, "liked")
    assert removed.endswith(UNLIKED_NOW) and not spotify.liked(unliked) and kept.endswith(NOTHING)
    assert list(apply_due(state, lambda: spotify, "liked")) == [], "once"
    queue.undo(state, 1, "cli")
    list(apply_due(state, lambda: spotify, "liked"))
    assert spotify.liked(unliked)
    assert verdicts.verdict_history(state)["song_id"].to_list() == ["b"], "what was taken back does not count"
    assert pins.held_and_barred(state, clock.now()) == (set(), {}), "to stay in the library is not to stay on the list"


def test_a_removal_is_asked_about_though_the_song_was_turned_down_but_not_soon_again(state: State) -> None:
    queue.say(state, [queue.Said("a", "reject", "n")], "cli")
    assert queue.propose(state, queue.REMOVE, [song("a")], 10) == 1
    queue.decide(state, 1, "reject", "cli")
    assert queue.propose(state, queue.REMOVE, [song("a")], 10) == 0


def test_a_run_that_dies_between_the_call_and_its_note_likes_nothing_twice(connected: Workspace, unliked: str) -> None:
    state, spotify = connected.state, Spotify.of(connected)
    queue.propose(state, queue.DISCOVERY, [song("a", track_id=unliked)], 10)
    queue.decide(state, 1, "approve", "cli")
    spotify.like(unliked)
    (said,) = apply_due(state, lambda: spotify, "liked")
    assert "already" in said and spotify.liked(unliked)


def test_an_approval_goes_to_the_chosen_playlist_or_says_that_there_is_none(connected: Workspace, unliked: str) -> None:
    state, spotify = connected.state, Spotify.of(connected)
    queue.propose(state, queue.DISCOVERY, [song("a", track_id=unliked)], 10)
    queue.decide(state, 1, "more", "cli")
    with pytest.raises(UserError, match="no playlist 'Nowhere'"):
        list(apply_due(state, lambda: spotify, "Nowhere"))
    assert len(verdicts.pending_effects(state)) == 1, "it stays due"
    (said,) = apply_due(state, lambda: spotify, "Best")
    best = next(row for row in spotify.playlists(spotify.user_id()) if row.name == "Best")
    assert "put on the playlist Best" in said and unliked in spotify.track_ids(best.playlist_id)


def test_taken_back_it_leaves_the_playlist_unless_the_listener_put_it_there(connected: Workspace, unliked: str) -> None:
    """The list's name, and where approvals go by then, do not matter."""
    state, spotify = connected.state, Spotify.of(connected)
    best = next(row for row in spotify.playlists(spotify.user_id()) if row.name == "Best").playlist_id
    before = spotify.track_ids(best)
    queue.propose(state, queue.DISCOVERY, [song(track, track_id=track) for track in (unliked, before[0])], 10)
    for item in (1, 2):
        queue.decide(state, item, "approve", "cli")
    put, was_there = apply_due(state, lambda: spotify, "Best")
    assert "put on" in put and "was on the playlist Best already" in was_there
    assert spotify.track_ids(best) == [*before, unliked]
    spotify._silent("playlist_change_details", best, name="The very best")
    for item in (1, 2):
        assert queue.undo(state, item, "cli")
    list(apply_due(state, lambda: spotify, "liked"))
    assert spotify.track_ids(best) == before


def test_taken_back_it_stays_where_the_listener_added_it_as_well(connected: Workspace, unliked: str) -> None:
    state, spotify = connected.state, Spotify.of(connected)
    best = next(row for row in spotify.playlists(spotify.user_id()) if row.name == "Best").playlist_id
    queue.propose(state, queue.DISCOVERY, [song("a", track_id=unliked)], 10)
    queue.decide(state, 1, "approve", "cli")
    list(apply_due(state, lambda: spotify, "Best"))
    spotify.edit(best, Add((unliked,), 0))
    queue.undo(state, 1, "cli")
    (said,) = apply_due(state, lambda: spotify, "Best")
    assert said.endswith(LEFT) and spotify.track_ids(best).count(unliked) == 2


def test_verdicts_that_concern_nobody_else_are_applied_without_a_call(state: State) -> None:
    queue.propose(state, "resurface", [song("a"), song("b")], 10)
    queue.decide(state, 1, "approve", "cli")
    queue.decide(state, 2, "reject", "cli")

    def nobody() -> Spotify:
        raise AssertionError("no call is needed")

    assert len(list(apply_due(state, nobody, "liked"))) == 2


def test_a_verdict_starts_a_run_once_and_what_is_left_is_tried_again(
    workspace: WorkspaceResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spotify_ai_pipeline.defs.automation.sensors import TRY_AGAIN_SECONDS, verdicts_to_apply

    def tick() -> Any:
        return verdicts_to_apply(workspace=workspace)

    assert isinstance(tick(), dg.SkipReason)
    queue.propose(workspace.state, queue.DISCOVERY, [song("a"), song("b")], 10)
    queue.decide(workspace.state, 1, "approve", "bot")
    first = tick()
    assert isinstance(first, dg.RunRequest)
    queue.decide(workspace.state, 2, "approve", "bot")
    assert tick().run_key != first.run_key, "a new verdict does not wait for the old"
    assert verdicts_to_apply.minimum_interval_seconds <= 30 < TRY_AGAIN_SECONDS

    def later() -> str:
        with monkeypatch.context() as patch:
            patch.setenv(clock.SHIFT, str(clock.shift() + TRY_AGAIN_SECONDS))
            return tick().run_key

    assert later() != tick().run_key, "what passes by itself is tried again"
    alerts.raise_alert(workspace.state, stopped_alert("applied_verdicts"), "discovery.approve_to: no such playlist")
    assert later() == tick().run_key, "what the listener has to mend is not"
    for due in verdicts.pending_effects(workspace.state):
        verdicts.done(workspace.state, due.outbox_id, "done")
    assert isinstance(tick(), dg.SkipReason)
