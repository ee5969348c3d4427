"""Ratings: the songs that they are about, by whichever name, and what they do to the forecast."""

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.identity.matching import song_key
from spotify_ai_pipeline.music.identity.members import decide
from spotify_ai_pipeline.music.identity.ratings import other_names, rated_songs
from spotify_ai_pipeline.music.taste import said
from spotify_ai_pipeline.storage import datasets

SONGS = [
    ("a", "Mira Vale", ["Mira Vale", "Otto Renn"], "Harbour", "Tides"),
    ("b", "Mira Vale", ["Mira Vale"], "Lanterns", "Tides (Deluxe Edition)"),
    ("c", "Yuki Aoi", ["Yuki Aoi"], "Snow", "Winter"),
    ("d", "Otto Renn", ["Otto Renn"], "Harbour", "Elsewhere"),
    ("e", "Mira Vale", ["Mira Vale"], "Alone", None),
]


def songs() -> pl.DataFrame:
    return pl.DataFrame(
        [(song, artist, artists, title, [song_key(artist, title)], album) for song, artist, artists, title, album in SONGS],
        schema={"song_id": pl.String, "artist": pl.String, "artists": pl.List(pl.String), "title": pl.String}
        | {"keys": pl.List(pl.String), "album": pl.String},
        orient="row",
    )  # fmt: skip


def ratings(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{"best": 10} | row for row in rows], schema=datasets.RATINGS.schema)


def stars(*rows: dict[str, Any]) -> dict[str, tuple[float, str]]:
    table = songs()
    found = rated_songs(ratings(*rows), table, table.select("song_id", "album"))
    return {song: (rating, of) for song, rating, of in found.select("song_id", "rating", "of").iter_rows()}


def test_an_album_speaks_for_its_songs_in_whichever_edition():
    assert stars({"artist": "Mira Vale", "album": "Tides", "rating": 9}) == {"a": (4.5, "album"), "b": (4.5, "album")}


def test_a_song_rated_itself_is_not_asked_of_its_album():
    told = {"artist": "mira vale", "title": "Lanterns - 2011 Remaster", "rating": 2, "best": 5}
    assert stars({"artist": "Mira Vale", "album": "Tides", "rating": 9}, told) == {
        "a": (4.5, "album"),
        "b": (2.0, "song"),
    }


def test_either_name_of_an_artist_counts_and_no_rating_says_nothing():
    native = {"artist": "葵ゆき", "artist_alias": "Yuki Aoi", "album": "Winter", "rating": 80, "best": 100}
    unrated = {"artist": "Otto Renn", "title": "Harbour", "rating": None}
    assert stars(native, unrated) == {"c": (4.0, "album")}


def test_a_name_in_another_script_leads_to_the_same_song():
    tracks = pl.DataFrame(
        [("1" * 22, "Yuki Aoi", "Snow", ["Yuki Aoi"], None, 200_000)],
        schema={"track_id": pl.String, "artist": pl.String, "title": pl.String, "artists": pl.List(pl.String)}
        | {"isrc": pl.String, "duration_ms": pl.Int64},
        orient="row",
    )  # fmt: skip
    heard = pl.DataFrame({"artist": ["葵ゆき"], "title": ["Snow"], "plays": [3]})
    told = ratings({"artist": "葵ゆき", "artist_alias": "Yuki Aoi", "album": "Winter", "rating": 8})
    assert decide(tracks, heard)["song_id"].n_unique() == 2
    assert decide(tracks, heard, other_names=other_names(told))["song_id"].n_unique() == 1


@given(st.integers(1, 10), st.integers(1, 10), st.sampled_from(["title", "album"]))
def test_a_higher_rating_never_ranks_lower(one: int, other: int, of: str):
    """Songs that are alike in all else are ranked by what is expected of them, which this factor multiplies."""

    def factor(rating: int) -> float:
        found = stars({"artist": "Mira Vale", of: {"title": "Harbour", "album": "Tides"}[of], "rating": rating})["a"][0]
        song = {"best": False, "liked": False, "lists": [], "rating": found, "verdict": None}
        schema = {"best": pl.Boolean, "liked": pl.Boolean, "lists": pl.List(pl.String), "rating": pl.Float64}
        return pl.DataFrame([song], schema=schema | {"verdict": pl.String}).select(said.factor()).item()

    assert (factor(one) > factor(other)) == (one > other)
