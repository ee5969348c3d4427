"""What two lakes have in common, file by file: byte for byte, else row for row."""

from __future__ import annotations

import io

import polars as pl

from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Lake

say = print


def differences(name: str, ours: Lake, theirs: Lake) -> list[str]:
    """What differs, a line each; prints how much is equal."""
    bytewise = rowwise = 0
    found: list[str] = []
    if ours.datasets() != theirs.datasets():
        return [f"{name}: only one has {set(ours.datasets()) ^ set(theirs.datasets())}"]
    for dataset in ours.datasets():
        for one, other in zip(ours.files(dataset), theirs.files(dataset), strict=True):
            left, right = one.read_bytes(), other.read_bytes()
            if left == right:
                bytewise += 1
                continue
            a, b = _told(left, ours), _told(right, theirs)
            if a.equals(b):
                rowwise += 1
            else:
                where = [c for c in a.columns if c not in b.columns or a.height != b.height or not a[c].equals(b[c])]
                found.append(f"{name}: {dataset.name} differs in {where} ({a.height} and {b.height} rows)")
    say(f"  {name}: {bytewise} files equal byte for byte, {rowwise} row for row, {len(found)} differ")
    return found


def _told(content: bytes, lake: Lake) -> pl.DataFrame:
    """The rows of a file of ``lake``. A learned model names the version of ``listens`` that it was taught with, and the name of
    a version holds the time it was written: in its place, whether it is that of the ``listens`` beside it."""
    frame = pl.read_parquet(io.BytesIO(content))
    if "data_version" in frame.columns:
        frame = frame.with_columns(pl.col("data_version") == lake.version_of(datasets.LISTENS))
    return frame
