"""Identity: many Spotify ids and spellings, one song; and never two songs as one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.identity import assign_songs, build_songs
from spotify_ai_pipeline.services.lastfm import SCROBBLES
from spotify_ai_pipeline.services.spotify import LIBRARY

START = datetime(2024, 1, 1, tzinfo=UTC)


def library(*tracks: dict[str, Any]) -> pl.DataFrame:
    """Rows of liked songs, one a dictionary, a day apart; what is not said is filled in."""
    rows = [
        {
            "list_id": "liked",
            "list_name": "Liked Songs",
            "position": index,
            "added_at": START + timedelta(days=index),
            "track_id": f"t{index}",
            "title": "Song",
            "artist": "Artist",
            "artists": [track.get("artist", "Artist")],
            "album": "Album",
            "duration_ms": 200_000,
        }
        | track
        for index, track in enumerate(tracks)
    ]
    return pl.DataFrame(rows, schema=LIBRARY)


def plays(*names: tuple[str, str]) -> pl.DataFrame:
    rows = [
        {"played_at": START + timedelta(hours=hour), "artist": artist, "title": title}
        for hour, (artist, title) in enumerate(names)
    ]
    return pl.DataFrame(rows, schema=SCROBBLES)


def songs_of(tracks: pl.DataFrame, scrobbles: pl.DataFrame | None = None) -> pl.DataFrame:
    return build_songs(tracks, plays() if scrobbles is None else scrobbles, mix_list=None, best_name="Best")


def test_three_ids_of_one_recording_are_one_song() -> None:
    table = songs_of(
        library({"isrc": "X"}, {"isrc": "X", "title": "Song (Remastered)"}, {"isrc": "X", "title": "Lied"})
    )
    assert table.height == 1
    assert table["track_ids"][0].to_list() == ["t0", "t1", "t2"]
    assert table["track_id"][0] == "t0", "the earliest added id stands for the song"


@pytest.mark.parametrize("isrc", ["X", None])
def test_lengths_more_than_seven_seconds_apart_are_two_songs(isrc: str | None) -> None:
    near = library({"isrc": isrc}, {"isrc": isrc, "duration_ms": 207_000})
    far = library({"isrc": isrc}, {"isrc": isrc, "duration_ms": 207_001})
    assert songs_of(near).height == 1
    assert songs_of(far).height == 2


@pytest.mark.xfail(strict=True, reason="lengths agree link by link: 200 s, 206 s and 212 s become one song, 12 s apart")
def test_no_song_holds_ids_more_than_seven_seconds_apart() -> None:
    table = songs_of(
        library({"isrc": "X"}, {"isrc": "X", "duration_ms": 206_000}, {"isrc": "X", "duration_ms": 212_000})
    )
    assert table.height == 2


@pytest.mark.xfail(strict=True, reason="an id of unknown length joins 200 s and 300 s into one song")
def test_an_unknown_length_joins_no_two_recordings() -> None:
    tracks = library({"isrc": "X"}, {"isrc": "X", "duration_ms": None}, {"isrc": "X", "duration_ms": 300_000})
    assert songs_of(tracks).height == 2


def test_a_live_take_is_another_song() -> None:
    assert songs_of(library({}, {"title": "Song (Live)"})).height == 2


def test_names_do_not_change_when_more_is_added() -> None:
    before = songs_of(library({"isrc": "X"}))
    after = songs_of(library({"isrc": "X"}, {"isrc": "X", "title": "Song - Deluxe Name"}, {"artist": "Another"}))
    assert before["song_id"][0] in after["song_id"].to_list()


def test_a_scrobbled_song_outside_the_library_is_unresolved_not_unknown() -> None:
    table = songs_of(library({}), plays(("artist", "SONG"), ("Nobody", "Heard Once")))
    assert table.height == 2
    heard = table.filter(~pl.col("in_library"))
    assert heard["artist"].to_list() == ["Nobody"]
    assert heard["track_id"].to_list() == [None]


def test_our_own_list_says_nothing_of_the_library() -> None:
    ours = library({}, {"list_id": "mix", "list_name": "AI Mix", "artist": "By Hand"})
    table = build_songs(ours, plays(), mix_list="mix", best_name="Best")
    assert dict(table.select("artist", "in_library").iter_rows()) == {"Artist": True, "By Hand": False}


def test_plays_find_the_song_of_their_spelling() -> None:
    heard = plays(("ARTIST", "Song - 2011 Remaster"), ("Artist", "song"), ("Nobody", "Else"))
    table = songs_of(library({}), heard)
    assigned = assign_songs(heard, table)
    assert assigned.height == 3
    assert assigned["song_id"].n_unique() == 2
    assert set(assigned["song_id"]) == set(table["song_id"])


names = st.sampled_from(["Song", "song", "Song (Live)", "Song - Remastered", "Lied", "Chanson"])
tracks_strategy = st.lists(
    st.fixed_dictionaries(
        {
            "title": names,
            "artist": st.sampled_from(["Artist", "The Artist", "Other"]),
            "isrc": st.sampled_from([None, "X", "Y", "Z"]),
            "duration_ms": st.sampled_from([None, 180_000, 186_000, 200_000, 240_000]),
        }
    ),
    max_size=12,
)


@given(tracks_strategy, st.lists(st.tuples(st.sampled_from(["artist", "Other", "Third"]), names), max_size=8))
def test_every_id_and_spelling_belongs_to_exactly_one_song(
    tracks: list[dict[str, Any]], heard: list[tuple[str, str]]
) -> None:
    table = songs_of(library(*tracks), plays(*heard))
    ids, keys = table["track_ids"].explode().drop_nulls(), table["keys"].explode().drop_nulls()
    assert table["song_id"].is_unique().all()
    assert sorted(ids) == sorted(f"t{index}" for index in range(len(tracks)))
    assert keys.is_unique().all()
    assert assign_songs(plays(*heard), table).height == len(heard), "no play is lost or doubled"


@given(tracks_strategy, st.randoms())
def test_the_order_of_rows_does_not_matter(tracks: list[dict[str, Any]], random: Any) -> None:
    rows = library(*tracks)
    order = list(range(rows.height))
    random.shuffle(order)
    assert songs_of(rows).equals(songs_of(rows[order]))
