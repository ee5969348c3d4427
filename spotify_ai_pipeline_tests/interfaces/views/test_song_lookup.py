"""The search for the song that is meant: exact titles first, no guess where a word is for good, and near misses where
none fits."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.views.song_lookup import SeveralSongs, find_song
from spotify_ai_pipeline.music.identity.matching import song_key

ID = "4uLU6hMCjMI75M1A2tKUQC"
SONGS = {
    "a": ("Slow Club", "Garden"),
    "b": ("The Ferns", "Almost the Garden"),
    "c": ("Low", "Gravity"),
    "d": ("Ada", "Gravity"),
    "e": ("Björk", "Jóga"),
    "f": ("Ada", "Gravity's Rainbow"),
}
MEMBERS = pl.DataFrame(
    [
        *((song, "spelling", song_key(artist, title), artist, title) for song, (artist, title) in SONGS.items()),
        ("c", "track", ID, "Low", "Gravity"),
    ],
    schema=["song_id", "kind", "member", "artist", "title"],
    orient="row",
)
STATS = pl.DataFrame(
    {"song_id": ["c", "d"], "last_played": [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)]}
)


@pytest.mark.parametrize(
    ("text", "song"),
    [
        ("Garden", "a"), ("garden", "a"), ("Almost", "b"), ("almost the gar", "b"), ("Low - Gravity", "c"), ("low gravity", "c"),
        ("Gravity Ada", "d"), (ID, "c"), (f"https://open.spotify.com/track/{ID}?si=1", "c"), ("f", "f"), ("joga", "e"),
        ("Bjork - Joga", "e"), ("BJORK", "e"),
    ],
)  # fmt: skip
def test_what_a_person_types_names_the_song_that_they_mean(text: str, song: str) -> None:
    assert find_song(MEMBERS, text, STATS) == song


def test_several_songs_are_offered_those_heard_last_first() -> None:
    with pytest.raises(SeveralSongs, match="2 songs have this name") as caught:
        find_song(MEMBERS, "Gravity", STATS)
    assert [song["song_id"] for song in caught.value.songs] == ["d", "c"]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["Almost the", "Gravity's", "joga almost"])
def test_what_is_for_good_never_guesses(text: str) -> None:
    """A part of a title names a song for a look, and none for a word that bars it."""
    with pytest.raises(UserError):
        find_song(MEMBERS, text, STATS, surely=True)
    assert find_song(MEMBERS, "Garden", STATS, surely=True) == "a"
    assert find_song(MEMBERS, "joga", STATS, surely=True) == "e"


@pytest.mark.parametrize("text", ["Gradn", "Almost a Garden", "Bjrok"])
def test_near_misses_are_offered(text: str) -> None:
    with pytest.raises(UserError, match="did you mean '"):
        find_song(MEMBERS, text)


@pytest.mark.parametrize("text", ["", "  ", "zzzzzz"])
def test_nothing_like_it_says_how_to_name_a_song(text: str) -> None:
    with pytest.raises(UserError, match="ARTIST - TITLE"):
        find_song(MEMBERS, text)
