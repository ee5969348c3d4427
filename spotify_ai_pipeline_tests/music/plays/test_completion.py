"""Completion and skips: measured where it is known, inferred with a confidence, null where nothing tells."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.plays.completion import durations, judge

LENGTHS = pl.DataFrame({"song_id": ["a", "b"], "duration_ms": [200_000, 100_000]})


def judged(played, *plays):
    return judge(played(*plays), LENGTHS).select("completion", "skipped", "skip_confidence").rows()


def history(ms, ended_by=None):
    return {"source": "spotify_history", "ms_played": ms, "ended_by": ended_by}


@pytest.mark.parametrize(
    ("ms", "ended_by", "completion", "skipped", "confidence"),
    [
        (200_000, "trackdone", 1.0, False, 1.0),
        (10_000, "fwdbtn", 0.05, True, 1.0),
        (180_000, "fwdbtn", 0.9, False, 1.0),  # the button was pressed when the song was all but over
        (60_000, "endplay", 0.3, True, 1.0),
        (60_000, "unexpected-exit", 0.3, None, None),  # the player stopped, not the listener
        (10_000, None, 0.05, True, 0.9),
        (250_000, None, 1.0, False, 0.9),
    ],
)
def test_what_was_measured_is_taken_as_it_is(played, ms, ended_by, completion, skipped, confidence):
    assert judged(played, ("a", 0, history(ms, ended_by))) == [(pytest.approx(completion), skipped, confidence)]


def test_the_next_start_bounds_what_was_heard(played):
    (first, second, third) = judged(played, ("a", 0, {}), ("a", 60, {}), ("a", 262, {}))
    assert first[:2] == (pytest.approx(0.3), True) and 0.5 < first[2] < 1
    assert second[:2] == (1.0, False) and second[2] > first[2]
    assert third == (None, None, None)  # nothing follows


def test_B5_a_long_silence_after_a_play_says_nothing(played):
    assert judged(played, ("a", 0, {}), ("a", 5_000, {}))[0] == (None, None, None)


def test_a_song_of_unknown_length_is_judged_by_what_was_measured_alone(played):
    assert judged(played, ("z", 0, {}), ("z", 60, history(12_000))) == [(None, None, None), (None, True, 0.9)]


def test_stamps_to_the_minute_are_less_sure(played):
    exact = judged(played, ("a", 0, {}), ("b", 60, {}))[0]
    minutes = judged(played, ("a", 0, {"source": "lastfm_export_minutes"}), ("b", 60, {}))[0]
    assert minutes[:2] == exact[:2] and minutes[2] < exact[2]


def test_lengths_come_from_the_library_else_from_plays_heard_to_the_end(played):
    library = pl.DataFrame(
        {"song_id": ["a", "b"], "duration_ms": [200_000, None]}, schema_overrides={"duration_ms": pl.Int64}
    )
    plays = played(
        ("b", 0, history(90_000, "trackdone")), ("b", 1, history(20_000, "fwdbtn")), ("c", 2, {"duration_ms": 7})
    )
    assert sorted(durations(library, plays.lazy()).rows()) == [("a", 200_000), ("b", 90_000), ("c", 7)]


@given(gaps=st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_confidence_and_completion_are_shares_and_null_together(gaps):
    at, plays = 0, []
    for gap in gaps:
        plays.append(("ab"[gap % 2], at))
        at += gap
    frame = pl.DataFrame(
        {"song_id": [song for song, _ in plays], "played_at": [moment * 1000 for _, moment in plays]},
    ).with_columns(
        pl.col("played_at").cast(pl.Datetime("ms", "UTC")),
        source=pl.lit("lastfm"),
        ms_played=pl.lit(None, pl.Int64),
        duration_ms=pl.lit(None, pl.Int64),
        ended_by=pl.lit(None, pl.String),
    )
    for completion, skipped, confidence in (
        judge(frame, LENGTHS).select("completion", "skipped", "skip_confidence").rows()
    ):
        assert (completion is None) == (skipped is None) == (confidence is None)
        assert completion is None or (0 <= completion <= 1 and 0 <= confidence <= 1 and skipped == (completion < 0.5))
