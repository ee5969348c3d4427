"""What identity must reach on a real history, and in what time."""

import random
import time

import numpy as np
import polars as pl
import pytest

from spotify_ai_pipeline.music.identity.evaluation import evaluate_identity
from spotify_ai_pipeline.music.identity.members import decide
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
    assert score.merged <= 0.001


def test_spellings_are_found_fast_enough(tracks, spellings):
    """A fifth of 200,000 spellings against 50,000 songs in a fifth of the 20 s, with as much again for a busy machine."""
    rng = random.Random(3)
    syllables = [
        "ka",
        "lo",
        "mi",
        "ran",
        "tes",
        "vor",
        "el",
        "shi",
        "bo",
        "dun",
        "gra",
        "pel",
        "ni",
        "sur",
        "tha",
        "wy",
    ]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 3))) for _ in range(9_000)]
    artists = [" ".join(rng.choices(words, k=2)).title() for _ in range(1_200)]
    songs = list(
        {(rng.choice(artists), " ".join(rng.choices(words, k=rng.randint(1, 5)))): None for _ in range(10_000)}
    )
    names = {vary(rng, *rng.choice(songs), artists) for _ in range(40_000)}
    known = tracks(*((f"t{place}", *song, None, 200) for place, song in enumerate(songs)))
    heard = spellings(*sorted(names))
    started = time.process_time()
    members = decide(known, heard)
    assert time.process_time() - started < 8
    assert members.filter(pl.col("kind") == "track").height == len(songs)


def vary(rng, artist, title, artists):
    place = rng.randrange(1, len(title))
    return rng.choice(
        [
            (artist.upper(), title),
            (artist, f"{title} - 2011 Remaster"),
            (artist, f"{title} (Live)"),
            (artist, title[:place] + rng.choice("aeioutsn") + title[place + 1 :]),
            (artist[:3] + artist[4:], title),
            (artist, f"{rng.randint(1, 19):02} - {title}"),
            (f"{artist} & {rng.choice(artists)}", title),
        ]
    )
