"""Ears: what a song sounds like, in the words of Last.fm's listeners and as a vector, by a network of 0.8 million numbers.

The network is musicnn (Pons and Serra 2019: filters as tall as timbres and as long as rhythms), computed with NumPy. Its weights
come inside a package of 29 MB, which is read and not imported: to import it would need TensorFlow.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from spotify_ai_pipeline.encoders.checkpoint import arrays
from spotify_ai_pipeline.encoders.sound import Wave
from spotify_ai_pipeline.errors import UserError

RATE = 16_000
WINDOW, HOP, BANDS = 512, 256, 96
PATCH = 187
"""Frames that the network hears at once: three seconds."""
DIMENSIONS = 200
MODEL = "MSD_musicnn"
"""The network of the package that learned from the Million Song Dataset: popular music, tagged at Last.fm."""
EPSILON = 1e-3
"""What TensorFlow adds to a variance."""
SILENCE = 1e-3
"""The amplitude (-60 dB) that no song stays below."""
GET_EARS = "songs cannot be heard here yet: run `make ears` once, which installs what it needs (35 MB)"

Floats = NDArray[np.floating]


class Heard(NamedTuple):
    """The tags heard in a song: each of fifty tags with its likelihood, and the unit vector behind them."""

    tags: dict[str, float]
    vector: NDArray[np.float32]


class Ears:
    """The network, read into memory once (3 MB)."""

    def __init__(self, folder: Path | None = None, model: str = MODEL) -> None:
        """Reads the weights in ``folder`` (None: the installed package). Raises ``UserError`` where there are none."""
        if folder is None:
            found = find_spec("musicnn")
            if found is None or found.origin is None:
                raise UserError(GET_EARS)
            folder = Path(found.origin).parent
        self._weights = arrays(folder / model)
        self._tags = _labels((folder / "configuration.py").read_text(), model.partition("_")[0])

    def hear(self, wave: Wave) -> Heard | None:
        """Hears a sound at ``RATE``, as the mean over its pieces of three seconds; None for silence, of which it would say what
        is common."""
        if np.abs(wave).max() < SILENCE:
            return None
        heard = [self._listen(piece) for piece in _pieces(_log_mel(wave))]
        likely, vector = (np.mean(part, axis=0) for part in zip(*heard, strict=True))
        vector /= max(np.linalg.norm(vector), 1e-12)
        return Heard(dict(zip(self._tags, likely.tolist(), strict=True)), vector.astype(np.float32))

    def _listen(self, piece: Floats) -> tuple[Floats, Floats]:
        """(the likelihood of each tag, the layer before it) of a log mel spectrogram of shape (PATCH, BANDS)."""
        sound = self._normal(piece, 0)
        front = np.hstack([self._filter(sound, number) for number in range(5)])  # two of timbre, three of rhythm
        first = self._filter(front, 5)
        second = first + self._filter(first, 6)
        third = second + self._filter(second, 7)
        whole = np.hstack([front, first, second, third])
        pooled = np.column_stack([whole.max(axis=0), whole.mean(axis=0)]).reshape(-1)
        inner = self._normal(np.maximum(self._dense(self._normal(pooled, 9), ""), 0), 10)
        return 1 / (1 + np.exp(-self._dense(inner, "_1"))), inner

    def _filter(self, rows: Floats, number: int) -> Floats:
        """A convolution that keeps the length, and of each filter its strongest answer at any height, (frames, filters)."""
        name = f"conv2d_{number}" if number else "conv2d"
        kernel, bias = self._weights[f"{name}/kernel"], self._weights[f"{name}/bias"]
        length, height, _, filters = kernel.shape
        before = (length - 1) // 2
        padded = np.pad(rows, ((before, length - 1 - before), (0, 0)))
        seen = sliding_window_view(padded, (length, height))
        answers = seen.reshape(-1, length * height) @ kernel.reshape(-1, filters)
        answers += bias
        np.maximum(answers, 0, out=answers)
        return self._normal(answers, number + 1).reshape(*seen.shape[:2], filters).max(axis=1)

    def _dense(self, row: Floats, which: str) -> Floats:
        return row @ self._weights[f"dense{which}/kernel"] + self._weights[f"dense{which}/bias"]

    def _normal(self, rows: Floats, number: int) -> Floats:
        """Batch normalisation by what was learned."""
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        beta, gamma, mean, variance = (
            self._weights[f"{name}/{part}"] for part in ("beta", "gamma", "moving_mean", "moving_variance")
        )
        scale = gamma / np.sqrt(variance + np.float32(EPSILON))
        return rows * scale + (beta - mean * scale)


def _pieces(frames: Floats) -> Sequence[Floats]:
    """Whole patches of a spectrogram; a shorter one is repeated."""
    if len(frames) < PATCH:
        frames = np.resize(frames, (PATCH, BANDS))
    return [frames[start : start + PATCH] for start in range(0, len(frames) - PATCH + 1, PATCH)]


def _log_mel(wave: Wave) -> Floats:
    """The logarithm of the power in each mel band, (frames, BANDS)."""
    padded = np.pad(wave, WINDOW // 2)
    hann = np.sin(np.pi * np.arange(WINDOW) / WINDOW) ** 2
    spectrum = np.fft.rfft(sliding_window_view(padded, WINDOW)[::HOP] * hann)
    return np.log10(10_000 * (np.abs(spectrum) ** 2 @ _mel_bands()) + 1).astype(np.float32)


@cache
def _mel_bands() -> NDArray[np.float64]:
    """Triangles of equal area on Slaney's mel scale (linear below 1 kHz, logarithmic above), (frequencies, BANDS)."""
    top = 15 + 27 * np.log(RATE / 2 / 1000) / np.log(6.4)
    mels = np.linspace(0, top, BANDS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    hertz = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rise, fall = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    return np.maximum(0, np.minimum(rise, fall)) * 2 / (high - low)


def _labels(source: str, whose: str) -> list[str]:
    """The names of the tags, from the package's table ``MSD_LABELS`` or ``MTT_LABELS``, which is read and not run."""
    tables = {
        statement.targets[0].id: statement.value
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    return ast.literal_eval(tables[f"{whose}_LABELS"])
