"""Moods in any words: how many phrases are understood, each layer alone and all together."""

import pytest

from spotify_ai_pipeline.app import mood_requests
from spotify_ai_pipeline.encoders import phrases
from spotify_ai_pipeline.evaluation import mood_words

encoder = pytest.mark.skipif(not phrases.is_installed(), reason="`make words` was not run here")


def test_the_words_alone_understand_two_thirds_and_turn_few_around() -> None:
    for row in mood_words.shares(mood_words.judge_moods(None)).iter_rows(named=True):
        assert row["right"] >= 0.65, row
        assert row["opposite"] <= 0.03, row


@encoder
def test_both_layers_together_are_better_than_either() -> None:
    found = mood_words.shares(mood_words.judge_moods(mood_requests.meaning(), ("held", "fresh")))
    right = {(row["set"], row["layer"]): row["right"] for row in found.iter_rows(named=True)}
    for row in found.filter(layer="together").iter_rows(named=True):
        assert row["right"] >= 0.85, row
        assert row["opposite"] <= 0.03, row
        assert row["right"] >= max(right[row["set"], "words"], right[row["set"], "encoder"])


@encoder
@pytest.mark.parametrize("text", ["zzyzx", "qwrt plmk", "3141592"])
def test_what_means_nothing_stays_silent(text: str) -> None:
    reading = mood_requests.meaning()
    assert reading is not None
    assert max(map(abs, reading(text).values())) < 0.3


def test_an_outcome_is_opposite_where_any_direction_is() -> None:
    expected = {"energy": 1.0, "valence": -1.0}
    assert mood_words.outcome({"energy": 0.8}, expected) == mood_words.RIGHT
    assert mood_words.outcome({"energy": 0.8, "valence": 0.4}, expected) == mood_words.OPPOSITE
    assert mood_words.outcome({"tempo": 0.8}, expected) == mood_words.SILENT
