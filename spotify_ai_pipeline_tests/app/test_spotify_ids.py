"""Labs is asked before search, within budgets, and trouble spoils no answer."""

from typing import Any, cast

import pytest

from spotify_ai_pipeline.app.spotify_ids import FOR_THE_MIX, LABS, SEARCH, look_up
from spotify_ai_pipeline.clients.listenbrainz_labs import LabsError
from spotify_ai_pipeline.clients.spotify_playlists import SpotifyNotConnected
from spotify_ai_pipeline.clients.transport import Deferred
from spotify_ai_pipeline.music.identity.linking import Offer

WORDS = ["Ash", "Birch", "Cedar", "Dogwood"]


class Labs:
    def __init__(self, known=(), fails=False):
        self.known, self.fails, self.calls = known, fails, 0

    def by_recording(self, mbids):
        self.calls += bool(mbids)
        return {}

    def by_name(self, names):
        if self.fails:
            raise LabsError("ListenBrainz labs gave no answer")
        self.calls += 1
        return [[Offer(f"labs {title}", title, [artist])] if title in self.known else [] for artist, title, _ in names]


class Search:
    def __init__(self, left=400, breaks_after=400):
        self.left, self.breaks_after, self.asked = left, breaks_after, []

    def calls_left(self):
        return self.left

    def search(self, artist, title):
        if len(self.asked) == self.breaks_after:
            raise Deferred("spotify", 86_400.0, "the day's budget is used up")
        self.asked.append(title)
        return [Offer(f"search {title}", title, [artist])]


@pytest.fixture
def ask():
    """Looks up one song a word, none of which is asked about twice; gives the found ids and the trouble."""

    def once(labs, search, searches=400):
        songs = [{"artist": "Ada", "title": word} for word in WORDS]
        found = {}

        def note(source, answer):
            song, offer = answer
            if offer:
                found[song["title"]] = offer[0].track_id

        spotify = search if callable(search) else lambda: search
        trouble = look_up(
            cast(Any, labs),
            cast(Any, spotify),
            searches,
            lambda _: [one for one in songs if one["title"] not in found],
            note,
        )
        return found, trouble

    return once


def test_search_is_asked_only_for_what_labs_did_not_know(ask):
    search = Search()
    found, trouble = ask(Labs(known=["Birch"]), search)
    assert found == {"Birch": f"{LABS} Birch"} | {word: f"{SEARCH} {word}" for word in WORDS if word != "Birch"}
    assert trouble is None
    assert search.asked == ["Ash", "Cedar", "Dogwood"]


@pytest.mark.parametrize(("left", "searches"), [(FOR_THE_MIX + 2, 400), (400, 2)])
def test_searches_leave_the_calls_of_the_mix_alone(ask, left, searches):
    search = Search(left=left)
    ask(Labs(), search, searches)
    assert search.asked == ["Ash", "Birch"]


@pytest.mark.parametrize("left", [0, FOR_THE_MIX - 5, FOR_THE_MIX])
def test_nothing_is_searched_where_nothing_is_to_spare(ask, left):
    search = Search(left=left)
    assert ask(Labs(), search) == ({}, None)
    assert search.asked == []


def test_labs_in_trouble_leaves_the_songs_to_search(ask):
    found, trouble = ask(Labs(fails=True), Search())
    assert len(found) == 4
    assert isinstance(trouble, LabsError)


def test_a_search_that_breaks_off_keeps_the_answers_before(ask):
    found, trouble = ask(Labs(known=["Ash"]), Search(breaks_after=1))
    assert found == {"Ash": "labs Ash", "Birch": "search Birch"}
    assert isinstance(trouble, Deferred)


def test_nobody_signed_in_leaves_what_labs_knows(ask):
    def nobody():
        raise SpotifyNotConnected("Spotify is not connected")

    found, trouble = ask(Labs(known=["Ash"]), nobody)
    assert found == {"Ash": "labs Ash"}
    assert isinstance(trouble, SpotifyNotConnected)
    assert ask(Labs(known=WORDS), nobody)[1] is None  # nothing is left to search: nobody is missed
