"""Candidates and sessions: what is learned is there, and nothing looks ahead."""

from __future__ import annotations

import numpy as np
import polars as pl

from spotify_ai_pipeline.evaluation import backtest, next_session
from spotify_ai_pipeline.music.discovery import calibration, candidate_model
from spotify_ai_pipeline.music.discovery.candidate_model import Content, features, first_heards
from spotify_ai_pipeline.music.plays.play_counts import Plays


def listener(history: pl.DataFrame) -> tuple[Plays, Content]:
    clean = backtest.clean_history(history)
    songs = clean.group_by("song_id", maintain_order=True).agg(pl.first("artist").alias("artist_key"))
    return Plays.of(clean, songs["song_id"]), Content.of(songs)


def test_what_comes_later_changes_no_feature_of_a_candidate(history: pl.DataFrame) -> None:
    plays, content = listener(history)
    new = first_heards(plays)
    half = len(new.song) // 2
    now = float(new.at[half])
    early = content.rows(new.song[:half])
    whole = features(early, new.at[:half], plays, content)
    np.testing.assert_array_equal(whole, features(early, new.at[:half], plays.before(now), content))


def test_a_history_summed_up_at_once_says_what_walking_through_it_says(history: pl.DataFrame) -> None:
    plays, bare = listener(history)
    tags = [[{"tag": f"tag {song % 7}", "weight": 0.5 + song % 3}] if song % 5 else None for song in range(plays.songs)]
    content = Content(bare.artist, pl.Series(tags), bare.vector)
    new = first_heards(plays)
    late = new.last(len(new.song) // 3)
    walked = features(content.rows(new.song), new.at, plays, content)[-len(late.song) :]
    np.testing.assert_allclose(features(content.rows(late.song), late.at, plays, content), walked, rtol=1e-9)
    assert not np.isnan(walked[:, 10]).all(), "tags are compared too"


def test_shuffled_fates_teach_nothing() -> None:
    rng = np.random.default_rng(2)
    terms = rng.normal(size=(3_000, len(candidate_model.TERMS)))
    stay = rng.random(3_000) < 1 / (1 + np.exp(2 - 2 * terms[:, 4]))
    fresh, fate = terms[2_000:], stay[2_000:]
    taught = candidate_model.fit(terms[:2_000], stay[:2_000])
    shuffled = candidate_model.fit(terms[:2_000], rng.permutation(stay[:2_000]))
    assert (calibration.auc(taught.log_odds(fresh), fate) or 0) > 0.8
    assert abs((calibration.auc(shuffled.log_odds(fresh), fate) or 0) - 0.5) < 0.15
    assert abs(candidate_model.chances(taught, fresh).mean() - fate.mean()) < 0.03


def test_what_comes_later_changes_no_session(history: pl.DataFrame) -> None:
    plays, _ = listener(history)
    artist = plays.song % 23
    by_song = np.zeros(plays.songs, np.int64)
    by_song[plays.song] = artist
    start, end = float(plays.at[len(plays.at) // 2]), float(plays.at[len(plays.at) * 3 // 4])
    whole = [row for rows in next_session.predict_all(plays, by_song, start) for row in rows]
    whole = [row for row in whole if isinstance(row["at"], float) and row["at"] < end - 86_400]
    cut = [row for rows in next_session.predict_all(plays.before(end), by_song, start) for row in rows]
    assert whole and whole == cut[: len(whole)]
