"""The list as we last wrote it, and the log of refreshes."""

from spotify_ai_pipeline.storage.playlists import last_change, log_refresh, remember, written
from spotify_ai_pipeline.storage.state import State


def test_nothing_was_written_before_the_playlist_was_made(state: State) -> None:
    assert written(state) is None


def test_the_last_write_is_remembered_in_order(state: State) -> None:
    remember(state, "p", ["b", "a"])
    remember(state, "p", ["c", "a", "b"])
    known = written(state)
    assert known is not None
    assert (known.playlist_id, known.track_ids) == ("p", ["c", "a", "b"])
    assert len(state.rows("SELECT * FROM playlists")) == 1


def test_playlists_are_kept_by_name(state: State) -> None:
    remember(state, "p", ["a"])
    remember(state, "q", ["b"], name="other")
    first, second = written(state), written(state, "other")
    assert first is not None
    assert second is not None
    assert (first.playlist_id, second.playlist_id) == ("p", "q")


def test_a_run_that_is_tried_again_logs_one_refresh(state: State) -> None:
    log_refresh(state, "run-1", 0, 0, "kept", "empty decision")
    log_refresh(state, "run-1", 3, 3, "refreshed")
    log_refresh(state, "run-2", 0, 0, "unchanged")
    assert [row["outcome"] for row in state.rows("SELECT outcome FROM refreshes ORDER BY refresh_id")] == [
        "refreshed",
        "unchanged",
    ]


def test_the_last_change_is_found_behind_however_many_refreshes_that_changed_nothing(state: State) -> None:
    assert last_change(state) is None
    log_refresh(state, "run", 3, 3, "refreshed", before=["a"], after=["b"])
    log_refresh(state, "other", 1, 1, "filled", name="other", after=["c"])
    for number in range(150):
        log_refresh(state, f"run-{number}", 0, 0, "unchanged")
    found = last_change(state)
    assert found is not None and (found.run_id, found.before, found.after) == ("run", ["a"], ["b"])
