"""Coverage: months, gaps, and the page that Spotify remembers."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
from click.testing import CliRunner

from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.music.plays.coverage import by_month, missed, still_unknown
from spotify_ai_pipeline.storage import datasets, exclusions

START = datetime(2024, 1, 15, 12, tzinfo=UTC)


def page(first, plays=50):
    return [first + timedelta(minutes=3 * n) for n in range(plays)]


def test_B5_fifty_new_plays_leave_a_gap_that_is_unknown():
    assert missed(START, page(START + timedelta(days=2))) == (START, START + timedelta(days=2))


def test_B5_a_page_that_reaches_back_or_is_not_full_leaves_none():
    assert missed(START, page(START)) is None
    assert missed(START, page(START + timedelta(days=2), plays=49)) is None
    assert missed(START, []) is None
    assert missed(None, page(START)) is None


def test_a_gap_that_another_source_tells_of_is_known(played):
    gaps = [(START, START + timedelta(hours=5)), (START + timedelta(days=9), START + timedelta(days=10))]
    inside = (START + timedelta(hours=1)).timestamp()
    other = played(("a", inside, {"sources": ["lastfm", "spotify_recent"]}))
    same = played(("a", inside, {"sources": ["spotify_recent"]}))
    assert still_unknown(gaps, other, "spotify_recent") == gaps[1:]
    assert still_unknown(gaps, same, "spotify_recent") == gaps


def test_months_count_each_source_and_each_listen_once(played):
    at = [datetime(2024, month, 20, tzinfo=UTC).timestamp() for month in (1, 4)]
    months = by_month(
        played(("a", at[0], {"sources": ["lastfm", "listenbrainz"]}), ("b", at[0] + 9, {}), ("a", at[1], {}))
    )
    assert months.rows() == [
        ("2024-01", "any", 2),
        ("2024-01", "lastfm", 2),
        ("2024-01", "listenbrainz", 1),
        ("2024-02", "any", 0),
        ("2024-03", "any", 0),
        ("2024-04", "any", 1),
        ("2024-04", "lastfm", 1),
    ]
    assert by_month(played()).is_empty()


def test_the_command_shows_months_and_gaps(workspace, played):
    at = [datetime(2024, month, 20, tzinfo=UTC).timestamp() for month in (1, 3)]
    workspace.lake.write(played(*[("a", moment, {}) for moment in at]), datasets.LISTENS)
    exclusions.note_gap(workspace.state, "spotify_recent", START + timedelta(days=8), START + timedelta(days=9))
    exclusions.note_gap(workspace.state, "spotify_recent", START + timedelta(days=8), START + timedelta(days=9))
    said = CliRunner().invoke(main, ["gaps"]).output
    assert "█·█·········" in said and "2024-02" in said and "forgotten" in said
    told = json.loads(CliRunner().invoke(main, ["gaps", "--json"]).output)
    assert told["months_unknown"] == ["2024-02"]
    assert len(told["spans_unknown"]) == 1
    assert {(row["month"], row["source"], row["plays"]) for row in told["months"]} >= {("2024-01", "lastfm", 1)}


def test_gaps_before_the_first_run_says_what_to_do(workspace):
    said = CliRunner().invoke(main, ["gaps"])
    assert said.exit_code == 2 and "spotify-ai refresh" in said.stderr


def test_no_month_is_lost_at_the_turn_of_the_year(played):
    at = [datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp(), datetime(2024, 1, 1, tzinfo=UTC).timestamp()]
    months = by_month(played(*[("a", moment, {}) for moment in at]))
    assert months.filter(pl.col("source") == "any")["month"].to_list() == ["2023-12", "2024-01"]
