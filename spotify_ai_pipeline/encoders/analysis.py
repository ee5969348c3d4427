"""Measures of a sound itself, by librosa: tempo, key, mode and loudness.

The other seven audio features (energy, danceability, valence, ...) are judgements of models that were never published: what
is made of other numbers would not be on their scales, so they stay unknown.
"""

from __future__ import annotations

import numpy as np

from spotify_ai_pipeline.encoders.sound import GET_AUDIO, Wave
from spotify_ai_pipeline.errors import UserError

RATE = 22_050
BLOCK = 0.4
"""Seconds over which loudness is averaged, as in ITU-R BS.1770."""
GATE, RELATIVE_GATE = -70.0, -10.0
"""Blocks below the gate (dB), and those so far below the mean of the rest, are silence (BS.1770; without its ear filter)."""

MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
"""How well each of the twelve notes fits a key of C: the probe-tone profiles of Krumhansl and Kessler (1982)."""


def measure(wave: Wave) -> dict[str, float]:
    """``tempo`` (beats a minute), ``key`` (0 = C .. 11 = B), ``mode`` (1 major, 0 minor) and ``loudness`` (dB) of a sound at
    ``RATE``; what cannot be told is left out."""
    try:
        import librosa  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UserError(GET_AUDIO) from None
    found: dict[str, float] = {}
    if (loudness := _loudness(wave)) is None:
        return found
    found["loudness"] = loudness
    onsets = librosa.onset.onset_strength(y=wave, sr=RATE)
    if onsets.any():
        found["tempo"] = float(librosa.feature.tempo(onset_envelope=onsets, sr=RATE)[0])
    notes = librosa.feature.chroma_cqt(y=librosa.effects.harmonic(wave), sr=RATE).mean(axis=1)
    if notes.std() > 0:
        found |= _key(notes)
    return found


def warm_up() -> None:
    """Has librosa compile itself, which takes it up to a minute once and no song shall answer for."""
    measure(np.random.default_rng(0).standard_normal(4 * RATE, np.float32) / np.float32(10))


def _loudness(wave: Wave) -> float | None:
    """The mean power of the blocks that are not silence, in dB of full scale; None for silence."""
    size = int(BLOCK * RATE)
    blocks = wave[: len(wave) // size * size].reshape(-1, size).astype(np.float64)
    power = (blocks**2).mean(axis=1)
    power = power[power > 10 ** (GATE / 10)]
    power = power[power > power.mean() * 10 ** (RELATIVE_GATE / 10)] if power.size else power
    return float(10 * np.log10(power.mean())) if power.size else None


def _key(notes: np.ndarray) -> dict[str, float]:
    """The key whose profile correlates best with how much of each of the twelve notes there is."""
    fits = {
        (key, mode): float(np.corrcoef(notes, np.roll(profile, key))[0, 1])
        for mode, profile in ((1, MAJOR), (0, MINOR))
        for key in range(12)
    }
    key, mode = max(fits, key=lambda one: fits[one])
    return {"key": float(key), "mode": float(mode)}
