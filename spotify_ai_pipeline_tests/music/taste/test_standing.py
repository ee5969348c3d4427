"""Standing taste: what words ask for, when it holds, and which songs it means."""

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from spotify_ai_pipeline.music.taste import standing
from spotify_ai_pipeline.music.taste.standing import TasteRule, describe_rule, fits, understand_rule

NOW = datetime(2026, 11, 28, 9, tzinfo=ZoneInfo("Europe/Berlin"))
TAGS = ["christmas", "punk", "metal", "drum and bass", "jazz"]
ARTISTS = ["Idle Hedgehogs", "The Sleepy Aquarium", "Aquarium"]


def heard(text: str) -> tuple[TasteRule, datetime | None]:
    return understand_rule(text, NOW, TAGS, ["Rainy Sundays"], ARTISTS)


def test_less_of_a_tag_outside_a_month() -> None:
    rule, until = heard("less christmas music outside december")
    assert (rule.factor, rule.tags, until) == (standing.LESS, ["christmas"], None)
    assert not rule.holds(NOW.replace(month=12))
    assert rule.holds(NOW)
    assert rule.unknown == []


def test_more_of_a_decade_and_a_tag_until_a_month_that_comes() -> None:
    rule, until = heard("more 90s punk until march")
    assert (rule.factor, rule.tags, rule.eras) == (standing.MORE, ["punk"], [(1990, 1999)])
    assert until == datetime(2027, 3, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert rule.months == []


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("no metal please", standing.NEVER),
        ("never play jazz again", standing.NEVER),
        ("a lot less metal", standing.MUCH_LESS),
        ("fewer songs by idle hedgehogs", standing.LESS),
        ("I don't like jazz", standing.LESS),
        ("much more drum and bass", standing.MUCH_MORE),
        ("I love the sleepy aquarium", standing.MORE),
        ("calm songs in winter", standing.MORE),
    ],
)
def test_how_much_is_understood(text: str, factor: float) -> None:
    rule, _ = heard(text)
    assert rule.factor == factor
    assert rule.means_something


def test_the_longest_artist_is_meant_and_a_time_ends() -> None:
    rule, until = heard("more The Sleepy Aquarium for two weeks")
    assert rule.artists == ["The Sleepy Aquarium"]
    assert until is not None
    assert (until - NOW).days == 14


def test_a_season_a_cluster_and_a_sound() -> None:
    assert heard("more rainy sundays in winter")[0].months == [1, 2, 12]
    assert heard("more rainy sundays in winter")[0].clusters == ["Rainy Sundays"]
    assert heard("less loud music")[0].axes["energy"] > 0
    assert not heard("less zzyzx")[0].means_something


def test_a_song_is_meant_where_it_fits_each_kind_of_condition() -> None:
    songs = pl.DataFrame(
        {
            "artist": ["A", "B", "C", "D"],
            "title": ["One", "Two", "Three", "Last Christmas"],
            "year": [1994, 2004, 1994, None],
            "tags": [["punk"], ["punk"], ["jazz"], None],
            "cluster": [None, None, "Rainy Sundays", None],
            "sound": [0.9, 0.1, None, 0.8],
        },
        schema_overrides={"tags": pl.List(pl.String)},
    )
    assert fits(TasteRule(1.6, tags=["punk"], eras=[(1990, 1999)]), songs).to_list() == [True, False, False, False]
    assert fits(TasteRule(1.6, clusters=["Rainy Sundays"]), songs).to_list() == [False, False, True, False]
    assert fits(TasteRule(1.6, axes={"energy": 1.0}), songs).to_list() == [True, False, False, True]
    christmas, _ = understand_rule("less christmas music", NOW)
    assert fits(christmas, songs).to_list() == [False, False, False, True]
    assert christmas.axes == {}
    assert fits(TasteRule(1.6), songs).to_list() == [False] * 4
    assert fits(TasteRule(1.6, tags=["punk"]), songs.clear()).to_list() == []


def test_a_rule_survives_being_kept_and_is_said_in_words() -> None:
    rule, until = heard("less 90s punk until march")
    assert TasteRule.from_data(rule.as_data()) == rule
    assert describe_rule(rule, until) == "less of what is tagged punk and from 1990 to 1999; until 2027-03-01"
