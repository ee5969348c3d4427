"""What it costs that a word is on the disk before it is said to be kept: `python bench/durability.py [FOLDER]`.

The same small transaction with and without a sync, and a small version of a dataset with and without syncs of its folders, in
turns, so that whatever else the machine does weighs on both. Give a FOLDER on the disk that matters.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import polars as pl

from spotify_ai_pipeline.storage import datasets, durable, lake
from spotify_ai_pipeline.storage.workspace import Workspace

TURNS = 200
WRITE = "INSERT OR REPLACE INTO facts VALUES ('n', '1', 0)"


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else Path.cwd()) as folder:
        home, frame = Workspace.open(Path(folder) / "home"), pl.DataFrame({"n": range(1_000)})

        def write(synced: bool) -> None:
            with (home.state.said if synced else home.state.transaction)() as connection:
                connection.execute(WRITE)

        def make(synced: bool) -> None:
            quiet = (
                patch.multiple(durable, sync_folder=lambda _: None),
                patch.object(lake, "sync_folder", lambda _: None),
            )
            if synced:
                home.lake.write(frame, datasets.SONGS)
                return
            with quiet[0], quiet[1]:
                home.lake.write(frame, datasets.SONGS)

        for what, work, turns in (("a word", write, TURNS), ("a version of a dataset", make, TURNS // 4)):
            took = {synced: list[float]() for synced in (True, False)}
            for _ in range(turns):
                for synced, times in took.items():
                    began = time.perf_counter()
                    work(synced)
                    times.append((time.perf_counter() - began) * 1e3)
            full, less = (statistics.median(took[synced]) for synced in (True, False))
            sys.stdout.write(f"{what}: {full:.2f} ms synced, {less:.2f} ms without, median of {turns}\n")


if __name__ == "__main__":
    main()
