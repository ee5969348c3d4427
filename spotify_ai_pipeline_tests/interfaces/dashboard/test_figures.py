"""The figures behind the pages, on small frames."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from spotify_ai_pipeline.interfaces.dashboard import theme
from spotify_ai_pipeline.interfaces.dashboard.figures import coverage, discovery, listening, rotation
from spotify_ai_pipeline.interfaces.views.coverage import count_by_month
from spotify_ai_pipeline.storage.playlists import Refresh
from spotify_ai_pipeline.storage.queue import Question


def listens(*plays: tuple[str, datetime], counts: bool = True) -> pl.LazyFrame:
    rows = [(song, at, counts, ["lastfm"]) for song, at in plays]
    kinds = {
        "song_id": pl.String,
        "played_at": pl.Datetime("ms", "UTC"),
        "counts": pl.Boolean,
        "sources": pl.List(pl.String),
    }
    return pl.DataFrame(rows, schema=kinds, orient="row").lazy()


SONGS = pl.DataFrame(
    {
        "song_id": ["a", "b", "c"],
        "artist": ["One", "Two", "Two"],
        "artist_key": ["one", "two", "two"],
        "title": ["A", "B", "C"],
        "in_library": [True, True, False],
        "track_id": ["x", None, "z"],
        "mbid": [None, None, "m"],
        "isrc": ["i", None, None],
    }
).lazy()
NEW_YEAR = datetime(2025, 12, 31, 11, 30, tzinfo=UTC)


def test_hours_weeks_and_years_are_the_listeners() -> None:
    made = listening.rhythm(
        listens(("a", NEW_YEAR), ("a", datetime(2026, 1, 20, 3, 0, tzinfo=UTC))), "Pacific/Auckland"
    )
    hours = made["hour"].filter(pl.col("plays") > 0).select("day", "hour").rows()
    assert hours == [("Tue", 16), ("Thu", 0)]  # 13 hours ahead: the first play is on New Year's day
    assert made["year"].rows() == [(2026, 2)]
    assert made["week"].rows() == [
        (date(2025, 12, 29), 1),
        (date(2026, 1, 5), 0),
        (date(2026, 1, 12), 0),
        (date(2026, 1, 19), 1),
    ]


def test_nothing_heard_is_no_error() -> None:
    nothing = listens()
    made = listening.rhythm(nothing, "UTC")
    assert made["hour"]["plays"].sum() == 0
    assert made["week"].is_empty()
    assert listening.counts(nothing, SONGS)["first"] is None
    assert listening.artists_over_time(nothing, SONGS, "UTC").is_empty()
    assert listening.lately(nothing, SONGS)["songs"].is_empty()


def test_listens_that_do_not_count_are_not_counted() -> None:
    known = listening.counts(pl.concat([listens(("a", NEW_YEAR)), listens(("b", NEW_YEAR), counts=False)]), SONGS)
    assert (known["listens"], known["songs"], known["artists"], known["library"]) == (1, 1, 1, 2)


def test_artists_and_clusters_over_time_are_whole_and_in_order() -> None:
    heard = listens(("b", NEW_YEAR), ("c", NEW_YEAR), ("a", datetime(2026, 2, 1, tzinfo=UTC)))
    artists = listening.artists_over_time(heard, SONGS, "UTC")
    assert artists.rows() == [("Two", 2025, 2), ("Two", 2026, 0), ("One", 2025, 0), ("One", 2026, 1)]
    clusters = pl.LazyFrame({"song_id": ["b"], "cluster_id": [7]})
    names = pl.LazyFrame({"cluster_id": [7], "level": ["cluster"], "name": ["Seven"]})
    table = listening.clusters_over_time(heard, clusters, names, "UTC", theme.REST)
    assert table.rows() == [
        ("Seven", date(2025, 12, 1), 1),
        ("Seven", date(2026, 2, 1), 0),
        (theme.REST, date(2025, 12, 1), 1),
        (theme.REST, date(2026, 2, 1), 1),
    ]


def test_rotation() -> None:
    stats = pl.LazyFrame(
        {
            "song_id": ["a", "b", "c"],
            "days_quiet": [1.0, None, 3.0],
            "staleness": [0.34, 0.0, 1.0],
            "recent_plays": [9, 0, 3],
        }
    )
    assert rotation.standing(stats, SONGS, dormant_days=60)["songs"].to_list() == [1, 0, 1]
    assert rotation.staleness(stats).rows() == [(0.3, 1), (0.9, 1)]
    assert rotation.stalest(stats, SONGS)["title"].to_list() == ["C", "A"]
    at = datetime(2026, 11, 22, 23, 30, tzinfo=UTC).timestamp()
    made = [
        Refresh(number, "mix", "", at, outcome, 4, 3, "", None, None, None, undone)
        for number, outcome, undone in ((3, "refreshed", None), (2, "refreshed", at), (1, "filled", None))
    ]
    table = rotation.turnover(made, ZoneInfo("Europe/Lisbon"))
    assert table.rows() == [("2026-11-22 23:30", "in", 4), ("2026-11-22 23:30", "out", -3)]


def question(status: str, chance: float | None, source: str = "files", plays: int = 0) -> Question:
    return Question(1, "discovery", "s", "t", "T", "A", 0.0, "", "", chance, source, "", status, plays)


def test_the_funnel_counts_by_source() -> None:
    sources = [
        {"source": name, "leads": 9, "candidates": 5, "proposed": 0, "weight": 0.1, "health": "good"}
        for name in ("files", "x")
    ]
    asked = [question("approved", 0.5, plays=3), question("trial", None), question("rejected", 0.1)]
    table = discovery.funnel(sources, asked)
    columns = ("proposed", "heard", "approved", "rejected", "expired", "waiting")
    assert table.select(columns).rows() == [(3, 1, 1, 1, 0, 1), (0, 0, 0, 0, 0, 0)]
    assert discovery.stages(table)["songs"].to_list() == [18, 10, 3, 1, 1]


def test_calibration_takes_yes_and_no_alone() -> None:
    answered = [
        question("approved", 1.0),
        question("rejected", 0.85),
        question("later", 0.9),
        question("approved", None),
    ]
    assert discovery.calibration(answered).rows() == [(0.925, 2, 0.5)]
    assert discovery.calibration([]).is_empty()


def test_coverage_of_the_library() -> None:
    unknown = pl.LazyFrame(schema={"song_id": pl.String, "vector": pl.List(pl.Float32), "instrumental": pl.Boolean})
    audio = pl.LazyFrame({"song_id": ["a", "b"], "source": ["r", None]})
    tags = pl.LazyFrame({"song_id": ["a", "b"], "tags": [["x"], ["y"]]})
    ears = pl.LazyFrame({"song_id": ["a", "b"], "vector": [[1.0], None]})
    table = coverage.library(SONGS, audio, tags, unknown, unknown, ears)
    assert dict(table.select("known", "share").iter_rows()) == {
        "Spotify id": 0.5, "ISRC": 0.5, "MusicBrainz id": 0.0, "audio features": 0.5, "tags": 1.0, "lyrics": 0.0,
        "sound": 0.5,
    }  # fmt: skip
    none = coverage.library(SONGS.filter(pl.lit(False)), audio, tags, unknown, unknown)
    assert none["share"].null_count() == none.height
    assert count_by_month(listens(("a", NEW_YEAR))).filter(source="lastfm")["plays"].to_list() == [1]


@given(st.text(alphabet="ab *_[](){}<>#!`~|\\:.-+=$&\n12", max_size=30))
def test_a_title_is_no_markup(title: str) -> None:
    drawn = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(theme.song(title, "x", "y"))
    kinds = {child.type for token in drawn for child in token.children or []}
    assert {token.type for token in drawn} <= {"paragraph_open", "inline", "paragraph_close"}
    assert kinds <= {"text", "strong_open", "strong_close", "hardbreak", "softbreak", "text_special"}
