"""Words for moods, and moods in words."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.mood.lexicon import AXES, LEXICON, SAME
from spotify_ai_pipeline.music.mood.parser import describe, understand

TAGS = ["drum and bass", "hip hop", "post-rock", "acoustic", "mellow", "piano", "punk", "rock", "r&b"]


def test_a_rainy_night_at_the_piano_is_calm_sad_and_acoustic() -> None:
    wish = understand("rainy late-night piano", TAGS)
    assert wish.understood == ["rainy", "late", "night", "piano"]
    assert wish.axes["energy"] < 0 > wish.axes["valence"]
    assert wish.axes["acousticness"] > 0
    assert max(wish.tags, key=lambda tag: wish.tags[tag]) == "piano"
    assert wish.tags["mellow"] > 0


def test_the_longest_tag_is_taken_as_one() -> None:
    wish = understand("fast drum and bass", TAGS)
    assert wish.understood == ["fast", "drum and bass"]
    assert wish.tags["drum and bass"] == 1


@pytest.mark.parametrize(("text", "tag"), [("Post Rock", "post-rock"), ("R&B", "r&b"), ("hip-hop", "hip hop")])
def test_signs_in_tags_do_not_matter(text: str, tag: str) -> None:
    assert understand(text, TAGS).tags == {tag: 1.0}


def test_not_turns_the_next_word_around() -> None:
    wish = understand("not sad, not rock but fast", TAGS)
    assert wish.axes["valence"] > 0
    assert wish.tags["rock"] < 0
    assert wish.axes["tempo"] == 1
    assert wish.unknown == []


def test_what_is_not_understood_is_named_and_means_nothing() -> None:
    wish = understand("zzyzx music", TAGS)
    assert (wish.axes, wish.tags, wish.understood, wish.unknown) == ({}, {}, [], ["zzyzx"])


@given(st.text(max_size=60))
def test_any_text_gives_directions_within_bounds(text: str) -> None:
    wish = understand(text, TAGS)
    assert all(-1 <= value <= 1 for value in wish.axes.values())
    assert wish.axes.keys() <= set(AXES)
    assert wish.tags.keys() <= set(TAGS)


@given(st.lists(st.sampled_from(sorted(LEXICON)), min_size=1, max_size=5))
def test_every_word_of_the_lexicon_is_understood(words: list[str]) -> None:
    wish = understand(" ".join(words))
    assert wish.understood == words
    assert not wish.unknown


def test_other_forms_lead_to_words_of_the_lexicon() -> None:
    assert set(SAME.values()) <= set(LEXICON)
    assert all(set(entry.axes) <= set(AXES) for entry in LEXICON.values())


def test_no_form_belongs_to_two_words_or_is_a_word_itself() -> None:
    text = files("spotify_ai_pipeline.music.mood").joinpath("lexicon.json").read_text("utf-8")
    entries = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    words = [word for word, _ in entries]
    forms = [form for _, entry in entries for form in dict(entry).get("also", [])]
    assert len(set(words + forms)) == len(words + forms) == len(LEXICON) + len(SAME)


def test_features_that_stand_out_are_called_strongest_first() -> None:
    assert describe({"energy": -0.8, "acousticness": 1.2, "valence": 0.1}) == ["acoustic", "calm"]
    assert describe({"energy": 0.1, "tempo": -0.1}) == []
