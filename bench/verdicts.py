"""How long a verdict takes where many are given at once: 8 processes, 200 verdicts each, on one state file.

`python bench/verdicts.py [FOLDER]` prints milliseconds a verdict. FOLDER is where the state file lies for the measurement.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.state import State

PROCESSES, VERDICTS = 8, 200


def write(path: Path, first: int) -> None:
    state, took = State(path), list[float]()
    for item in range(first, first + VERDICTS):
        started = time.perf_counter()
        assert queue.decide(state, item, "approve", "bench")
        took.append(time.perf_counter() - started)
    print(" ".join(f"{1_000 * seconds:.3f}" for seconds in took))  # noqa: T201


def measure(folder: Path) -> None:
    path = folder / "state.sqlite"
    state = State(path)
    names = [str(number) for number in range(PROCESSES * VERDICTS)]
    songs = [
        {"song_id": name, "track_id": name, "title": name, "artist": "", "score": 0.0, "reason": ""} for name in names
    ]
    queue.propose(state, queue.DISCOVERY, songs, len(songs))
    command = [sys.executable, __file__, "--write", str(path)]
    started = time.perf_counter()
    writers = [
        subprocess.Popen([*command, str(1 + VERDICTS * number)], stdout=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    took = np.array([float(text) for writer in writers for text in writer.communicate()[0].split()])
    seconds = time.perf_counter() - started
    kept = state.rows("SELECT count(*) AS n FROM verdicts")[0]["n"]
    half, nearly, most = np.quantile(took, [0.5, 0.99, 1])
    print(  # noqa: T201
        f"{kept:,} of {len(songs):,} verdicts kept in {seconds:.1f} s; "
        f"median {half:.1f} ms, p99 {nearly:.1f} ms, longest {most:.0f} ms"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(Path(sys.argv[2]), int(sys.argv[3]))
    elif len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            measure(Path(place))
