"""CLAP: sound and text as vectors of one space, so that a text finds the music that it describes.

The model (Wu et al. 2023, as ``transformers`` has it) is read from a folder or from what the Hugging Face cache of this
machine already holds; nothing is downloaded here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.encoders.sound import GET_AUDIO, Wave
from spotify_ai_pipeline.errors import UserError

DIMENSIONS = 512
RATE = 48_000
PIECE = 10 * RATE
"""Samples that the model hears at once: ten seconds."""
SHORTEST = RATE
"""A rest shorter than a second is no piece of its own."""

Floats = NDArray[np.float32]


class Clap:
    """The model ``name``, a folder or a name in the cache, hearing at most ``batch_size`` pieces at once."""

    def __init__(self, name: str, batch_size: int) -> None:
        """Raises ``UserError`` where what it needs is not installed, or the weights are not on this machine."""
        try:
            import torch  # pyright: ignore[reportMissingImports]
            import transformers  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise UserError(GET_AUDIO) from None
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        try:
            self._model: Any = transformers.ClapModel.from_pretrained(name, local_files_only=True).eval()
            self._hearing: Any = transformers.ClapFeatureExtractor.from_pretrained(name, local_files_only=True)
            self._words: Any = transformers.AutoTokenizer.from_pretrained(name, local_files_only=True)
        except (OSError, ValueError) as error:
            raise UserError(
                f"features.clap_model: no CLAP weights at {name!r} on this machine ({_first_line(error)}); fetch them once with "
                f"`hf download {name}`, or name the folder that holds them"
            ) from None
        if (width := self._model.config.projection_dim) != DIMENSIONS:
            raise UserError(
                f"features.clap_model: {name!r} makes {width} numbers a song, not {DIMENSIONS}; name another"
            )
        self._torch, self._batch_size = torch, batch_size

    def sound_vectors(self, waves: Sequence[Wave]) -> Floats:
        """Unit vectors (n, 512) of sounds at ``RATE``: the mean over pieces of ten seconds, whatever is chosen at random
        elsewhere."""
        pieces = [(owner, piece) for owner, wave in enumerate(waves) for piece in _pieces(wave)]
        whole = np.zeros((len(waves), DIMENSIONS), np.float32)
        for start in range(0, len(pieces), self._batch_size):
            batch = pieces[start : start + self._batch_size]
            heard = self._hearing([piece for _, piece in batch], sampling_rate=RATE, return_tensors="pt")
            with self._torch.inference_mode():
                vectors = self._model.get_audio_features(**heard).pooler_output.float().numpy()
            np.add.at(whole, [owner for owner, _ in batch], _unit(vectors))
        return _unit(whole)

    def text_vector(self, text: str) -> Floats:
        """The unit vector (512,) of a description such as "rainy late-night piano"."""
        words = self._words([text], padding=True, truncation=True, return_tensors="pt")
        with self._torch.inference_mode():
            return _unit(self._model.get_text_features(**words).pooler_output.float().numpy())[0]


def _pieces(wave: Wave) -> list[Wave]:
    starts = range(0, len(wave), PIECE)
    return [wave[start : start + PIECE] for start in starts if start == 0 or len(wave) - start >= SHORTEST]


def _unit(rows: Floats) -> Floats:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), np.float32(1e-12))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
