"""Tags in one spelling, without what says nothing; and how few calls they cost."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.app.tag_call_budget import TagCallBudget
from spotify_ai_pipeline.music.embedding.tags import blend, clean, likely, spelled, with_heard
from spotify_ai_pipeline.storage import datasets


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("hip hop", ["hip hop", "Hip-Hop", "hiphop", "HIP_HOP", "#hiphop", "hip  hop"]),
        ("r&b", ["R&B", "rnb", "R and B", "r'n'b", "Rhythm & Blues"]),
        ("rock and roll", ["Rock 'n' Roll", "rock n roll", "rock & roll", "rocknroll"]),
        ("drum and bass", ["drum & bass", "DnB", "Drum'n'Bass"]),
        ("post-rock", ["post rock", "postrock", "Post-Rock"]),
        ("90s", ["1994", "90s", "90's", "1990s", "the 90s", "nineties"]),
        ("00s", ["2004", "00s", "2000s"]),
        ("1920s", ["1924", "1920s"]),
        ("musica popular brasileira", ["Música Popular Brasileira", "musica popular brasileira"]),
        ("80s pop", ["80s pop", "80's Pop"]),
    ],
)
def test_variants_of_a_tag_are_one(tag: str, written: list[str]) -> None:
    assert {spelled(one) for one in written} == {tag}


@pytest.mark.parametrize(
    "tag",
    ["seen live", "Seen Live 2008", "my favourites", "favorite songs", "albums I own", "awesome", "Spotify", "7", "1001", "!!!",
     "b", "", "5 stars", "songs i want to hear when it rains", "under 2000 listeners", "check out", "various artists"],
)  # fmt: skip
def test_what_says_nothing_about_the_music_is_left_out(tag: str) -> None:
    assert spelled(tag) is None


@pytest.mark.parametrize("tag", ["bass", "blues", "live", "cover", "love songs", "chill", "ロック", "2 step", "sad"])
def test_what_says_something_stays(tag: str) -> None:
    assert spelled(tag) == tag


def test_names_of_the_artists_are_no_tags() -> None:
    tags = {"The Beatles": 1.0, "beatles": 0.5, "Beatlesque": 0.4, "rock": 0.9}
    assert clean(tags, ["Beatles"]) == {"beatlesque": 0.4, "rock": 0.9}


def test_of_two_spellings_the_heavier_counts_and_whims_are_left_out() -> None:
    assert clean({"hip-hop": 0.3, "hiphop": 0.8, "polka": 0.01, "rap": 1.7}) == {"hip hop": 0.8, "rap": 1.0}


def test_tags_of_the_artist_count_half() -> None:
    assert blend({"rock": 0.4, "indie": 0.2}, {"rock": 1.0, "sad": 0.6}) == {"rock": 0.5, "indie": 0.2, "sad": 0.3}


@given(st.dictionaries(st.text(max_size=30), st.floats(0, 2), max_size=8), st.lists(st.text(max_size=10), max_size=2))
def test_cleaning_is_done_after_once(tags: dict[str, float], artists: list[str]) -> None:
    once = clean(tags, artists)
    assert all(0 < weight <= 1 for weight in once.values())
    assert clean(once, artists) == once


@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=200),
    st.sets(st.integers(0, 30)),
)
def test_songs_cost_hardly_more_than_a_call_each_whatever_is_known(
    songs: list[tuple[int, bool]], known: set[int]
) -> None:
    artists = [str(artist) for artist, _ in songs]
    free = {str(artist) for artist in known}
    allowance, calls, without = TagCallBudget(artists, free), 0, set[str]()
    for (_, has_tags), artist in zip(songs, artists, strict=True):
        asked = allowance.take()
        calls += asked
        if asked and has_tags:
            allowance.answered(artist)
        elif artist not in free:
            without.add(artist)
    assert calls + len(without) <= len(songs) + 10
    if all(has_tags for _, has_tags in songs) or free >= set(artists):
        assert calls == len(songs), "no song goes without its own tags for nothing"


def test_in_the_worst_case_the_last_songs_have_to_do_with_their_artists() -> None:
    artists = [str(number // 4) for number in range(8_000)]
    allowance = TagCallBudget(artists, ())
    asked = [allowance.take() for _ in artists]
    assert sum(asked) + 2_000 == 8_100
    assert asked == sorted(asked, reverse=True)


def test_a_few_new_songs_are_all_asked_about() -> None:
    allowance = TagCallBudget(list("abcdefghij"), ())
    assert all(allowance.take() for _ in range(10))


class TestHeard:
    """A machine's tags of songs."""

    def test_it_is_a_tag_where_it_is_likely_and_says_something(self) -> None:
        heard = {"Hip-Hop": 0.6, "female vocalists": 0.3, "female vocalist": 0.2, "beautiful": 0.9, "rock": 0.05}
        assert likely(heard) == {"hip hop": 0.6, "female vocals": 0.3}

    def test_it_counts_half_where_nobody_tagged_and_goes_with_the_ears(self) -> None:
        rows = [
            {"song_id": "said", "tags": [{"tag": "folk", "weight": 1.0}], "source": "lastfm", "retry_at": None},
            {"song_id": "nobody", "tags": [], "source": None, "retry_at": datetime(2026, 1, 1, tzinfo=UTC)},
            {"song_id": "unheard", "tags": [], "source": None, "retry_at": datetime(2026, 1, 1, tzinfo=UTC)},
        ]
        tags = pl.DataFrame(rows, schema=datasets.TAGS.schema)
        ears = pl.DataFrame(
            [{"song_id": song, "tags": [{"tag": "house", "weight": 0.6}]} for song in ("nobody", "said", "stranger")],
            schema=datasets.EARS.schema,
        )
        told = with_heard(tags, ears)
        assert told["source"].to_list() == ["lastfm", "ears", None]
        assert told["tags"].to_list()[:2] == [[{"tag": "folk", "weight": 1.0}], [{"tag": "house", "weight": 0.3}]]
        assert told["retry_at"].equals(tags["retry_at"])
        assert with_heard(told, ears).equals(told)
        assert with_heard(told, datasets.EARS.empty()).equals(tags)
