"""`python -m spotify_ai_pipeline.sandbox --world DIR --port N`"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from .errors import PortTaken, WorldError
from .serve import serve


def main() -> int:
    """Serves until stopped. 0 = stopped, 2 = could not start, with one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m spotify_ai_pipeline.sandbox", description="Serve a sandbox world.")
    parser.add_argument("--world", type=Path, required=True, help="folder of the world")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 = any free one")
    parser.add_argument("--with-parent", action="store_true", help="stop when the standard input closes")
    options = parser.parse_args()
    if options.with_parent:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    try:
        serve(options.world, options.port, _say_ready)
    except (WorldError, PortTaken) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


def _stop_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not through sys.stdin, whose lock Python wants at its end
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _say_ready(url: str) -> None:
    sys.stdout.write(f"sandbox ready on {url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
