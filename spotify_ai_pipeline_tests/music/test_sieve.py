"""The rules of the sieve, one value at a time and by columns: both forms say the same."""

import math
from datetime import UTC, datetime
from typing import Annotated, Any

import polars as pl
import pytest

from spotify_ai_pipeline.music import sieve

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
ID, MBID = "11dFghVXANMlKmJXsNCbNl", "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"

TEXTS = [
    ("Canada", "Canada"), ("Sigur Rós", "Sigur Rós"), ("แสงดาว", "แสงดาว"), ("a\x00b\x1bc", "abc"), ("", None), (" \t", None),
    ("\x00", None), ("x" * 4_097, None), (None, None),
]  # fmt: skip
IDS = [
    (ID, ID), (f"spotify:track:{ID}", ID), (f"https://open.spotify.com/track/{ID}", ID),
    (f"https://open.spotify.com/intl-de/track/{ID}?si=1", ID), ("spotify:local:A:B:C:200", None),
    (f"spotify:episode:{ID}", None), (ID[:-1], None), (ID + "x", None), (f"{ID}\n", None), ("None", None), ("", None),
    (None, None),
]  # fmt: skip
MBIDS = [
    (MBID, MBID),
    (MBID.upper(), MBID),
    ("None", None),
    (MBID[:-1], None),
    (f"{MBID}x", None),
    ("", None),
    (None, None),
]
ISRCS = [
    ("USRC17607839", "USRC17607839"),
    ("us-rc1-76-07839", "USRC17607839"),
    ("USRC1760783", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(
    ("values", "one", "column"),
    [
        (TEXTS, sieve.text, sieve.clean_text),
        (IDS, sieve.spotify_id, sieve.clean_spotify_id),
        (MBIDS, sieve.mbid, sieve.clean_mbid),
        (ISRCS, sieve.isrc, sieve.clean_isrc),
    ],
)
def test_a_value_and_a_column_pass_by_the_same_rule(values: list[tuple[Any, Any]], one: Any, column: Any) -> None:
    wanted = [right for _, right in values]
    assert [one(value) for value, _ in values] == wanted
    frame = pl.DataFrame({"x": [value for value, _ in values]}, schema={"x": pl.String})
    assert frame.select(column("x"))["x"].to_list() == wanted


@pytest.mark.parametrize("value", [3, True, ["x"], {"x": 1}, "half of an emoji \ud83d"])
def test_what_is_no_text_is_no_text_and_no_id(value: Any) -> None:
    assert [rule(value) for rule in (sieve.text, sieve.spotify_id, sieve.mbid, sieve.isrc)] == [None] * 4


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (200_000, 200_000), (200_000.7, 200_000), ("200000", 200_000), (0, 0), ("3:45", None), (math.nan, None),
        (math.inf, None), ("1e999", None), (10**400, None), (-1, None), (86_400_001, None), (True, None), (None, None),
        ([1], None), ({}, None), ("", None),
    ],
)  # fmt: skip
def test_a_number_is_finite_and_in_its_range(value: Any, right: int | None) -> None:
    assert sieve.whole(value, 0, sieve.LONGEST_MS) == right


def test_a_column_of_numbers_keeps_its_type() -> None:
    frame = pl.DataFrame({"x": [1.0, math.nan, math.inf, -1.0, None], "n": [1, 86_400_001, -1, 0, None]})
    found = frame.select(sieve.clean_number("x", 0, 1), sieve.clean_number("n", 0, sieve.LONGEST_MS))
    assert found["x"].to_list() == [1.0, None, None, None, None]
    assert found["n"].to_list() == [1, None, None, 0, None]


@pytest.mark.parametrize(
    "value",
    [
        0, "0", 1_009_843_199, -1, NOW + 90_000, "1970-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00", "soon", "", math.nan, math.inf, 10**30, "1e300", None, True, [], {},
    ],
)  # fmt: skip
def test_a_time_out_of_range_is_no_time(value: Any) -> None:
    assert sieve.moment(value, NOW) is None


def test_a_time_comes_from_text_or_seconds() -> None:
    right = datetime(2024, 3, 1, 10, 3, tzinfo=UTC)
    for value in (1_709_287_380, "1709287380", 1_709_287_380.0, "2024-03-01T10:03:00Z", "2024-03-01T11:03:00+01:00",
                  "2024-03-01T10:03:00"):  # fmt: skip
        assert sieve.moment(value, NOW) == right


def test_a_column_of_times_says_what_is_wrong_with_each() -> None:
    times = [0, 1_709_287_380, NOW + 3_600, NOW + 90_000, None]
    stamped = pl.Series([None if at is None else int(at * 1_000) for at in times], dtype=pl.Int64)
    frame = pl.DataFrame({"at": stamped.cast(pl.Datetime("ms", "UTC")), "title": ["a", "b", " ", "d", "e"]})
    wrong = {**sieve.wrong_time("at", NOW), "no title": sieve.missing("title")}
    assert frame.select(sieve.first_reason(wrong)).to_series().to_list() == [
        "a time before there were scrobbles", None, "no title", "a time in the future", "no time that can be read",
    ]  # fmt: skip


class Artist(sieve.Record):
    name: sieve.Text


class Song(sieve.Record):
    id: sieve.SpotifyId
    name: sieve.Text
    artists: Annotated[tuple[Artist, ...], sieve.several(Artist)] = ()
    album: Annotated[Artist | None, sieve.OrNone] = None
    played_at: sieve.MaybeMoment = None
    ms: sieve.Milliseconds = None


@pytest.mark.parametrize("odd", [3, "x", [], {}, None, math.nan, [None], {"name": None}])
def test_an_odd_optional_field_is_null_and_the_record_passes(odd: Any) -> None:
    row = {"id": ID, "name": "Canada", "artists": odd, "album": odd, "played_at": odd, "ms": odd}
    found = sieve.read(Song, row, NOW)
    assert not isinstance(found, str)
    assert (found.artists, found.album, found.played_at) == ((), None, None)
    assert found.ms in (None, 3)


@pytest.mark.parametrize(
    "row", [None, 3, "x", [], {}, {"id": ID}, {"id": ID, "name": None}, {"id": "None", "name": "x"}]
)
def test_a_record_without_a_required_field_is_put_aside_and_its_neighbours_pass(row: Any) -> None:
    good = {"id": ID, "name": "Canada", "artists": [{"name": "Low"}, {"name": None}, 3]}
    rows, broken = sieve.sift(Song, [good, row, good], NOW)
    assert [one and one.name for one in rows] == ["Canada", None, "Canada"]
    assert [artist.name for artist in rows[0].artists] == ["Low"]
    ((place, reason),) = broken
    assert place == 1
    assert reason.startswith("no ")
