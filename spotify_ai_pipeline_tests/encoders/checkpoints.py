"""Writes a checkpoint as TensorFlow does, and a package of made-up weights as ``musicnn`` is laid out."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

LABELS = [f"tag {number}" for number in range(47)] + ["Hip-Hop", "beautiful", "House"]
NAMES_A_BLOCK = 7
RESTART = 4


def number(value: int) -> bytes:
    out = b""
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(key: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return number(key << 3 | 2) + number(len(value)) + value
    return number(key << 3) + number(value)


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Sorted entries, each without what its name shares with the one before, but for every fourth; then the restarts."""
    out, before, restarts = b"", b"", []
    for place, (name, value) in enumerate(entries):
        shared = 0
        if place % RESTART == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(name), len(before)) and name[shared] == before[shared]:
                shared += 1
        out += number(shared) + number(len(name) - shared) + number(len(value)) + name[shared:] + value
        before = name
    return out + b"".join(at.to_bytes(4, "little") for at in [*restarts, len(restarts)])


def write(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """``arrays`` as a checkpoint without a name."""
    folder.mkdir(parents=True, exist_ok=True)
    data, entries = b"", [(b"", field(1, 1) + field(3, field(1, 1)))]  # the header
    for name, array in sorted(arrays.items()):
        shape = b"".join(field(2, field(1, size)) for size in array.shape)
        content = array.astype("<f4" if array.dtype.kind == "f" else "<i8").tobytes()
        kind = 1 if array.dtype.kind == "f" else 9
        place = field(4, len(data)) if data else b""  # what is zero is left out
        checksum = number(6 << 3 | 5) + b"\1\2\3\4"
        entries.append((name.encode(), field(1, kind) + field(2, shape) + place + field(5, len(content)) + checksum))
        data += content
    table, handles = b"", []
    for start in range(0, len(entries), NAMES_A_BLOCK):
        part = entries[start : start + NAMES_A_BLOCK]
        handles.append((part[-1][0] + b"~", number(len(table)) + number(len(block(part)))))
        table += block(part) + bytes(5)
    places = b""
    for whole in (block([]), block(handles)):  # of what it calls meta, then of the blocks
        places += number(len(table)) + number(len(whole))
        table += whole + bytes(5)
    (folder / ".index").write_bytes(table + places.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db"))
    (folder / ".data-00000-of-00001").write_bytes(data)


def weights(filters: int = 3, units: int = 200) -> Iterator[tuple[str, np.ndarray]]:
    """Random weights of a network as the real one is built, with few filters."""
    rng = np.random.default_rng(7)
    front = 5 * filters
    kernels = [(7, 38), (7, 67), (128, 1), (64, 1), (32, 1), (7, front), (7, filters), (7, filters)]
    pooled = 2 * (front + 3 * filters)
    sizes = [1, *[filters] * 8, pooled, units]
    for place, (length, height) in enumerate(kernels):
        name = f"conv2d_{place}" if place else "conv2d"
        yield f"{name}/kernel", rng.standard_normal((length, height, 1, filters)) / (length * height) ** 0.5
        yield f"{name}/bias", rng.standard_normal(filters) / 10
        yield f"{name}/kernel/Adam", np.zeros((2, 2))
    for place, size in enumerate(sizes):
        name = f"batch_normalization_{place}" if place else "batch_normalization"
        for part in ("beta", "gamma", "moving_mean"):
            yield f"{name}/{part}", rng.standard_normal(size) / 2
        yield f"{name}/moving_variance", rng.random(size) + 0.5
    for name, shape in (("dense", (pooled, units)), ("dense_1", (units, 50))):
        yield f"{name}/kernel", rng.standard_normal(shape) / shape[0] ** 0.5
        yield f"{name}/bias", rng.standard_normal(shape[1]) / 10
    yield "global_step", np.array(17)


def package(folder: Path) -> Path:
    """The package ``musicnn`` below ``folder``, with made-up weights; what it imports is not there."""
    inside = folder / "musicnn"
    inside.mkdir()
    (inside / "__init__.py").write_text("import tensorflow\n")
    (inside / "configuration.py").write_text(f"SR = 16000\n\nMTT_LABELS = ['x']\nMSD_LABELS = {LABELS}\n")
    write(inside / "MSD_musicnn", dict(weights()))
    return inside
