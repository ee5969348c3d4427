"""The arrays of a TensorFlow checkpoint, read without TensorFlow.

The ``.index`` is a table of LevelDB: blocks of sorted names, each without the letters that it shares with the one before. A
name's value is a protocol buffer that says where in the ``.data`` file its numbers are, and in what shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.errors import Corrupt

MAGIC = bytes.fromhex("57fb808b247547db")
FOOTER = 48
FLOAT = 1
"""The number of 32-bit floats among TensorFlow's types."""


def arrays(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The arrays of the checkpoint without a name in ``folder``, by name, as they lie in the file."""
    try:
        table, numbers = (folder / ".index").read_bytes(), (folder / ".data-00000-of-00001").read_bytes()
        return dict(_arrays(table, numbers))
    except (OSError, IndexError, ValueError, KeyError):
        raise Corrupt(f"{folder}: the weights there are damaged; run `make ears` to install them anew") from None


def _arrays(table: bytes, numbers: bytes) -> Iterator[tuple[str, NDArray[np.float32]]]:
    if table[-8:] != MAGIC:
        raise ValueError("no table")
    footer = table[-FOOTER:]
    _, at = _handle(footer, 0)
    index, _ = _handle(footer, at)
    for _, handle in _entries(table, index):
        for name, value in _entries(table, _handle(handle, 0)[0]):
            said = dict(_fields(value))
            if not name or said.get(1) != FLOAT:  # the header, or a count of steps
                continue
            shape = [dict(_fields(size)).get(1, 0) for key, size in _fields(said.get(2, b"")) if key == 2]
            yield name.decode(), np.frombuffer(numbers, "<f4", prod(shape), said.get(4, 0)).reshape(shape)


def _entries(table: bytes, block: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
    """The names and values of a block; behind them lie its restart points, and their number."""
    start, size = block
    if table[start + size]:
        raise ValueError("a compressed block")
    content, name, at = table[start : start + size], b"", 0
    end = size - 4 - 4 * int.from_bytes(content[-4:], "little")
    while at < end:
        shared, at = _number(content, at)
        own, at = _number(content, at)
        length, at = _number(content, at)
        name = name[:shared] + content[at : at + own]
        yield name, content[at + own : at + own + length]
        at += own + length


def _handle(content: bytes, at: int) -> tuple[tuple[int, int], int]:
    """((place, size) of a block, what comes behind them)."""
    place, at = _number(content, at)
    size, at = _number(content, at)
    return (place, size), at


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protocol buffer: numbers, and bytes for strings, messages and fixed numbers."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        if (kind := tag & 7) == 0:
            value, at = _number(message, at)
            yield tag >> 3, value
            continue
        size, at = _number(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        yield tag >> 3, message[at : at + size]
        at += size


def _number(content: bytes, at: int) -> tuple[int, int]:
    """(a number of seven bits a byte, what comes behind it)."""
    value = shift = 0
    while True:
        byte = content[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at
