"""What identity must reach on a real history."""

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.evaluation.identity import evaluate_identity
from spotify_ai_pipeline.settings import PROJECT_ROOT

LISTENER_A = PROJECT_ROOT.parent / "shared" / "data" / "listener_a_scrobbles.parquet"


@pytest.mark.skipif(not LISTENER_A.exists(), reason="listener A's history is not on this machine")
def test_listener_a_finds_its_songs_and_merges_nothing_else():
    names = ["artist", "track", "artist_uncorrected", "track_uncorrected"]
    history = pl.read_parquet(LISTENER_A, columns=names).drop_nulls()
    history = history.rename({"track": "title", "track_uncorrected": "title_uncorrected"})
    score = evaluate_identity(history, 200_000, np.random.default_rng(1))
    assert score.plays == 9_885
    assert score.recall_plays >= 0.97
    assert score.merged <= 0.0005
