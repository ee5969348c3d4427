"""Songs put together: like and unlike, and the way from one to another."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from spotify_ai_pipeline.music.embedding import blend, index

ARC = np.linspace(0, np.pi / 2, 21)
VECTORS = np.stack([np.cos(ARC), np.sin(ARC), np.zeros(21)], axis=1).astype(np.float32)


def test_a_way_goes_step_by_step_from_one_song_to_the_other() -> None:
    rows = blend.way(index.build(VECTORS), 0, 20, 6, list(range(21)))
    assert rows == [0, 4, 8, 12, 16, 20]


def test_a_way_has_no_artist_twice_in_a_row_and_only_songs_that_may_come() -> None:
    artists = [row // 3 for row in range(21)]
    allowed = {row for row in range(21) if row % 2}
    rows = blend.way(index.build(VECTORS), 0, 20, 8, artists, allowed)
    assert (rows[0], rows[-1]) == (0, 20)
    assert set(rows[1:-1]) <= allowed
    assert len(set(rows)) == len(rows)
    assert all(artists[one] != artists[two] for one, two in pairwise(rows))


def test_a_way_is_as_long_as_there_are_songs_for_it() -> None:
    assert blend.way(index.build(VECTORS), 0, 20, 10, ["a"] * 21) == [0, 20]
    assert blend.way(index.build(VECTORS), 3, 4, 2, list(range(21))) == [3, 4]


def test_like_one_and_unlike_another_turns_away_from_it() -> None:
    like, unlike = VECTORS[[0, 10]], VECTORS[[20]]
    both = blend.towards(like, np.zeros((0, 3), np.float32))
    away = blend.towards(like, unlike)
    assert np.linalg.norm(away) == pytest.approx(1)
    assert away @ unlike[0] < both @ unlike[0]
    assert blend.towards(np.zeros((0, 3), np.float32), unlike) == pytest.approx(-unlike[0])
