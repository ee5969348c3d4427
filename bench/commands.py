"""What a command costs before it does anything: processor seconds, also as a ratio to `python -c "import polars"`.

`python bench/commands.py [--data FOLDER]`, on a data root in which a demo ran. The fastest of seven processes counts. The ratio
is what counts: the seconds are those of the machine and of what else runs on it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

from spotify_ai_pipeline.paths import DEMOS, PROJECT_ROOT

CLI = [sys.executable, "-c", "from spotify_ai_pipeline.interfaces.cli import main; main(prog_name='spotify-ai')"]
COMMANDS = ["--version", "--help", "mix", "status", "queue", "why a"]
TIMES = 7


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Processor seconds of the fastest process."""
    taken: list[float] = []
    for _ in range(TIMES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=environment, cwd=PROJECT_ROOT, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=DEMOS / "default", help="data root in which a demo ran")
    data = arguments.parse_args().data.absolute()
    environment = os.environ | {"SPOTIFY_AI_DATA": str(data), "PYTHONPATH": str(PROJECT_ROOT)}
    polars = seconds([sys.executable, "-c", "import polars"], environment)
    print(f"import polars  {polars:.2f} s")  # noqa: T201
    for name in COMMANDS:
        taken = seconds([*CLI, *name.split()], environment)
        print(f"{name:<13}  {taken:.2f} s   x {taken / polars:.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
