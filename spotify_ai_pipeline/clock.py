"""The one clock: whoever asks what time it is asks here, and lint refuses every other way.

The environment may shift it: all processes that share ``SPOTIFY_AI_CLOCK_SHIFT`` share one clock, which ticks on. So the
tests run on a date of their choice, with the sandbox and Dagster's daemon.
"""

import os
import time
from datetime import UTC, datetime

SHIFT = "SPOTIFY_AI_CLOCK_SHIFT"


def shift() -> float:
    """Seconds by which this clock is ahead of the system's."""
    return float(os.environ.get(SHIFT) or 0)


def now() -> float:
    """UTC seconds."""
    return time.time() + shift()


def utc_now() -> datetime:
    return datetime.fromtimestamp(now(), UTC)


def file_age(changed: float) -> float:
    """Seconds since a file was changed (its ``st_mtime``). The system stamps files, by its own clock."""
    return time.time() - changed
