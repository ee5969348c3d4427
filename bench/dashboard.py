"""How fast the dashboard is: `python bench/dashboard.py [--data FOLDER]`, on a data root in which a demo ran. Needs Chromium.

Every page is opened anew in a browser with an empty cache, in front of a server that has just started (cold: nothing was
remembered) and again (warm). Painted is when the browser drew anything; ready is when the page's title stands and its
script is through. The second library is the first ten times over: songs, listens, features, clusters and the map.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import psutil

from spotify_ai_pipeline.defs.taste.map import page as map_page
from spotify_ai_pipeline.interfaces.dashboard.sections import PAGES
from spotify_ai_pipeline.settings import DEMOS, PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

sys.path.insert(0, str(PROJECT_ROOT))
from spotify_ai_pipeline_tests.interfaces.dashboard.chromium import Tab, browsing, executable

PORT, TIMES, REPEATS = 8917, 10, 3
CLI = [
    sys.executable,
    "-c",
    "from spotify_ai_pipeline.interfaces.cli import main; main()",
    "dashboard",
    "--port",
    str(PORT),
]
GROWS = ("songs", "listens", "listening_stats", "audio_features", "tags", "clusters", "song_scores")
READY = (
    "document.querySelector('[data-testid=\"stHeading\"]')"
    " && document.querySelector('[data-test-script-state]').dataset.testScriptState === 'notRunning' && performance.now()"
)
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def grow(workspace: Workspace, times: int) -> None:
    """Makes the library of ``workspace`` ``times`` as large: each copy's songs have ids and artists of their own."""
    for dataset in workspace.lake.datasets():
        if dataset.name in GROWS:
            workspace.lake.write(_copies(workspace.lake.read(dataset), times), dataset)
    drawn = _copies(workspace.lake.read(datasets.LIBRARY_MAP), times)
    jitter = pl.int_range(pl.len()).hash(7).cast(pl.Float32) / 2.0**64 - 0.5
    drawn = drawn.with_columns(pl.col("x") + 0.3 * jitter, pl.col("y") + 0.3 * jitter.reverse())
    names = workspace.lake.read(datasets.CLUSTER_NAMES)
    workspace.lake.write(
        drawn, datasets.LIBRARY_MAP, blobs={"map.html": map_page.render(drawn, names, "ten times").encode()}
    )


def _copies(frame: pl.DataFrame, times: int) -> pl.DataFrame:
    named = [name for name in ("song_id", "artist", "artist_key") if name in frame.columns]
    return pl.concat([frame.with_columns(pl.col(named) + f" {number}") for number in range(times)])


@contextmanager
def serving(root: Path) -> Iterator[tuple[str, psutil.Process]]:
    environment = os.environ | {"SPOTIFY_AI_DATA": str(root), "PYTHONPATH": str(PROJECT_ROOT)}
    process = subprocess.Popen(CLI, env=environment, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{PORT}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + 60
    while True:
        try:
            opener.open(f"{address}/_stcore/health", timeout=5)
            break
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("the dashboard did not start; its message is above") from None
            time.sleep(0.1)
    try:
        yield address, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def look(tab: Tab, address: str) -> tuple[float, float]:
    """(painted, ready) in ms after the navigation began, with nothing in the browser's cache."""
    tab.call("Network.clearBrowserCache")
    tab.open("about:blank")
    tab.open(address)
    ready = tab.wait(READY, 60)
    return tab.wait(PAINTED), ready


def measure(workspace: Workspace, program: str) -> None:
    songs, listens = (workspace.lake.read(one).height for one in (datasets.SONGS, datasets.LISTENS))
    print(f"{songs:,} songs, {listens:,} listens; ms: painted, ready")  # noqa: T201
    paths = [(title, "" if not place else title.lower()) for place, (_, title, _) in enumerate(PAGES)]
    with serving(workspace.root) as (address, process), browsing(program) as tab:
        tab.size(1280, 900)
        for title, path in paths:
            cold = look(tab, f"{address}/{path}")
            warm = [look(tab, f"{address}/{path}") for _ in range(REPEATS)]
            painted, ready = (statistics.median(times) for times in zip(*warm, strict=True))
            print(f"  {title:<10} cold {cold[0]:6.0f} {cold[1]:6.0f}   warm {painted:6.0f} {ready:6.0f}")  # noqa: T201
        print(f"  memory {process.memory_info().rss / 1e6:,.0f} MB RSS after {len(paths) * (REPEATS + 1)} visits")  # noqa: T201


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=DEMOS / "default", help="data root in which a demo ran")
    data = arguments.parse_args().data.absolute()
    if (program := executable()) is None:
        raise SystemExit("no Chromium is installed: apt install chromium, or name one in CHROMIUM")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(data, Path(folder) / "home", ignore=shutil.ignore_patterns("world", "dagster")))
        measure(Workspace.open(root), program)
        grow(Workspace.open(root), TIMES)
        measure(Workspace.open(root), program)


if __name__ == "__main__":
    main()
