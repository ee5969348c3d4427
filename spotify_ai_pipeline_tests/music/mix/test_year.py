"""A year in review: the bounds of the year, what was brought and stayed, and what is not known yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from spotify_ai_pipeline.music.mix.year import Year, review

BERLIN = ZoneInfo("Europe/Berlin")
TIME = pl.Datetime("ms", "UTC")
SONGS = pl.DataFrame(
    {
        "song_id": list("abcd"),
        "artist": ["A", "A", "C", "D"],
        "title": list("abcd"),
        "duration_ms": [180_000] * 3 + [None],
    }
)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
CAME = datetime(2026, 6, 1, tzinfo=UTC)


def frame(rows: list[tuple[object, ...]], **schema: pl.DataType | type[pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


def year_of(
    plays: Sequence[tuple[str, datetime]],
    came: Sequence[tuple[str, datetime]] = (),
    said: Sequence[tuple[str, str, datetime]] = (),
) -> Year:
    listens = frame([(song, at, None) for song, at in plays], song_id=pl.String, played_at=TIME, ms_played=pl.Int64)
    brought = frame([*came], song_id=pl.String, at=TIME)
    verdicts = frame([*said], song_id=pl.String, verdict=pl.String, said_at=TIME)
    return review(2026, NOW, BERLIN, listens, SONGS, brought, verdicts, [CAME, datetime(2025, 1, 1, tzinfo=UTC)])


def after(*days: float) -> list[datetime]:
    return [CAME + timedelta(days=day) for day in days]


def test_the_year_is_that_of_the_listeners_clock() -> None:
    new_year = datetime(2025, 12, 31, 23, 0, tzinfo=UTC)  # midnight in Berlin
    found = year_of([("a", new_year), ("a", new_year - timedelta(seconds=1)), ("d", NOW - timedelta(1)), ("b", NOW)])
    assert (found.plays, found.songs, found.artists) == (2, 2, 2)
    assert (found.by_month[0], found.by_month[10], sum(found.by_month)) == (1, 1, 2)
    assert found.first_heard == 1  # d; a was heard the year before
    assert (found.hours, found.timed) == (0.05, 0.5)
    assert found.taken_back == 1


def test_what_was_brought_stayed_was_left_or_is_not_known_yet() -> None:
    found = year_of(
        [
            *[("a", at) for at in after(1, 10, 40)],  # stayed
            *[("b", at) for at in after(-10, 1, 2, 3)],  # heard lately: the list did not bring it
            ("c", CAME - timedelta(days=90)),  # long quiet, and not heard in thirty days
            ("c", after(31)[0]),
        ],
        [*((song, CAME) for song in "abc"), ("d", NOW - timedelta(days=5)), ("a", CAME + timedelta(days=50))],
    )
    assert (found.brought, found.stayed, found.unheard, found.not_known_yet) == (3, 1, 1, 1)
    assert found.stayed_songs == [("A — a", 3)]
    assert found.unheard_songs == ["C — c"]


def test_three_plays_on_one_day_are_no_stay() -> None:
    assert year_of([("a", at) for at in after(1, 1.01, 1.02)], [("a", CAME)]).stayed == 0


def test_what_was_refused_counts_by_its_last_word() -> None:
    found = year_of(
        [],
        said=[
            ("a", "later", CAME), ("a", "reject", CAME + timedelta(1)), ("b", "approve", CAME), ("c", "remove", CAME),
            ("d", "reject", datetime(2025, 3, 1, tzinfo=UTC)),
        ],
    )  # fmt: skip
    assert found.refused == [("never again", 1), ("taken off by hand", 1)]
    assert found.refused_songs == ["C — c", "A — a"]


def test_an_empty_year_is_empty() -> None:
    found = year_of([])
    assert (found.plays, found.hours, found.brought, found.by_month) == (0, 0.0, 0, [0] * 12)
