"""Lists of one's own: words made into a recipe, a recipe written and read, and the songs that it chooses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.lists.columns import with_columns
from spotify_ai_pipeline.music.lists.recipe import Condition, Recipe
from spotify_ai_pipeline.music.lists.words import TEMPLATES, understand_list
from spotify_ai_pipeline.music.mood.lexicon import AXES
from spotify_ai_pipeline.music.mood.parser import MoodQuery

NOW = datetime(2026, 3, 18, 10, tzinfo=UTC)
TAGS, CLUSTERS, ARTISTS = ["punk", "metal", "christmas"], ["Night drive"], ["Low", "The Long Walk"]


@pytest.mark.parametrize(
    ("words", "where", "sort"),
    [
        ("deep cuts of my most played artists, unheard for a year",
         {"days_quiet >= 365", "artist_rank <= 20", "rank_in_artist >= 4"}, "-forecast"),
        ("songs of my top 10 artists I haven't heard in three months", {"artist_rank <= 10", "days_quiet >= 90"}, "-forecast"),
        ("liked punk by The Long Walk, newest first", {"liked is yes", "tags is punk", "artist is The Long Walk"}, "-year"),
        ("nineties, no metal, most played", {"year >= 1990", "year <= 1999", "tags is not metal"}, "-plays"),
        ("never heard, recently added", {"plays <= 0"}, "days_added"),
        ("discovered this month", {"days_known <= 30"}, "-plays"),
        ("played at least 5 times, discovered in the last two weeks", {"plays >= 5", "days_known <= 14"}, "-forecast"),
        ("four stars or more, not heard for 2 weeks", {"rating >= 4", "days_quiet >= 14"}, "-forecast"),
        ("night drive", {"cluster is Night drive"}, "-forecast"),
    ],
)  # fmt: skip
def test_words_become_conditions_that_can_be_seen(words: str, where: set[str], sort: str) -> None:
    found = understand_list(words, NOW, TAGS, CLUSTERS, ARTISTS)
    assert {str(one) for one in found.recipe.where} - {"in_library is yes"} == where
    assert (found.recipe.sort, found.unknown) == ([sort], [])


def test_what_is_not_understood_is_named() -> None:
    found = understand_list("flurb songs, unheard for a year", NOW, TAGS)
    assert found.unknown == ["flurb"]
    assert found.says_something
    assert not understand_list("flurb", NOW, TAGS).says_something


@pytest.mark.parametrize(
    "written", ["plays >= 5", "energy <= 35", "tags is punk | emo", "artist is not Low, the band", "liked is no"]
)
def test_a_condition_is_read_as_it_is_written(written: str) -> None:
    assert str(Condition.read(written)) == written


@pytest.mark.parametrize(
    ("written", "says"),
    [("plays", "is written like"), ("plais >= 5", "list columns"), ("plays >= many", "a number"), ("tags >= 5", "is or is not"),
     ("liked is perhaps", "yes or no"), ("plays is 5", ">= or <=")],
)  # fmt: skip
def test_a_wrong_condition_says_what_is_right(written: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        Condition.read(written)


def test_a_wrong_order_says_what_is_right() -> None:
    with pytest.raises(UserError, match="column of numbers"):
        Recipe.with_order(Recipe(), ["artist"])


def test_every_template_is_kept_and_read_again() -> None:
    for template in TEMPLATES.values():
        assert Recipe.model_validate_json(template.recipe.model_dump_json()) == template.recipe


@pytest.fixture
def songs() -> pl.DataFrame:
    """a: played often and long quiet. b: of the same artist, played once, a year ago. c: never heard, with nothing known."""
    days = [timedelta(days=400), timedelta(days=365), None]
    known = pl.DataFrame(
        {
            "song_id": ["a", "b", "c"],
            "title": ["A", "B", "C"],
            "artist": ["Low", "Low", "New"],
            "artist_key": ["low", "low", "new"],
            "liked": [True, False, None],
            "in_library": [True, True, True],
            "year": [1999, None, 2020],
            "tags": [["Punk", "slow"], None, []],
            "cluster": ["Night drive", None, None],
            "added_at": [NOW - timedelta(days=10), None, None],
            "plays": [9, 1, 0],
            "recent_plays": [0, 0, 0],
            "first_played": [NOW - one if one else None for one in days],
            "days_quiet": [200.0, 365.0, None],
            "staleness": [0.0, 0.0, 0.0],
            "expected": [0.5, 0.2, 0.1],
            "rating": [4.5, None, None],
        },
        schema_overrides={"first_played": pl.Datetime("ms", "UTC"), "added_at": pl.Datetime("ms", "UTC")},
    )
    listens = pl.DataFrame({"song_id": ["b"], "played_at": [NOW - timedelta(days=365)]}).cast(
        {"played_at": pl.Datetime("ms", "UTC")}
    )
    audio = pl.DataFrame({"song_id": ["a", "b"], **{axis: [0.1, 0.9] for axis in AXES}})
    return with_columns(known, listens, audio, NOW).with_columns(
        nearness=pl.lit(None, pl.Float64), step=pl.lit(None, pl.Int64)
    )


@pytest.mark.parametrize(
    ("written", "fits"),
    [
        ("days_quiet >= 180", "abc"),  # a song never heard is quiet for ever
        ("days_known <= 380", "b"),
        ("plays_then >= 1", "b"),
        ("tags is punk | emo", "a"),
        ("tags is not punk", "bc"),
        ("energy <= 40", "a"),  # what is unknown fits no condition
        ("liked is no", "bc"),
        ("rank_in_artist >= 2", "b"),
        ("artist_rank <= 1", "ab"),
        ("rating >= 1", "a"),
        ("days_added <= 30", "a"),
        ("year <= 2100", "ac"),
        ("plays_above >= 50", "a"),
    ],
)
def test_songs_that_fit(songs: pl.DataFrame, written: str, fits: str) -> None:
    found = Recipe(where=[Condition.read(written)]).chosen(songs)
    assert "".join(sorted(found["song_id"])) == fits


def test_the_best_come_first_and_say_what_chose_them(songs: pl.DataFrame) -> None:
    recipe = Recipe(where=[Condition.read("days_quiet >= 180"), Condition.read("artist is low | new")], sort=["plays"])
    found = recipe.chosen(songs)
    assert found["song_id"].to_list() == ["c", "b", "a"]
    assert found["reason"][0] == "never heard, by New, played 0 times"
    assert found["reason"][2] == "unheard for 200 days, by Low, played 9 times"


def test_a_condition_takes_the_place_of_one_that_says_the_same() -> None:
    recipe = Recipe(where=[Condition.read("plays >= 5"), Condition.read("plays <= 50")])
    changed = recipe.changed([Condition.read("plays >= 10"), Condition.read("liked is yes")])
    assert [str(one) for one in changed.where] == ["plays <= 50", "plays >= 10", "liked is yes"]
    assert [str(one) for one in changed.changed([], ["plays"]).where] == ["liked is yes"]


def test_what_the_layers_leave_over_is_read_by_another_who_overrules_nothing() -> None:
    found = understand_list("flurb punk from the nineties", NOW, TAGS, CLUSTERS, ARTISTS)
    assert found.unknown == ["flurb"]
    wish = MoodQuery({"energy": -0.4}, {"metal": 1.0, "christmas": -1.0}, [], [], ["Night drive"], [(2000, 2009)])
    more = found.with_wish(wish, "claude")
    assert {str(one) for one in more.recipe.where} == {
        "in_library is yes", "tags is punk", "tags is not christmas", "year >= 1990", "year <= 1999", "energy <= 35",
        "cluster is Night drive",
    }  # fmt: skip
    assert more.by == "claude"
