"""What time it is; the environment may shift it, as it shifts the clock of the house."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime


def now() -> float:
    """UTC seconds."""
    return time.time() + float(os.environ.get("SPOTIFY_AI_CLOCK_SHIFT") or 0)


def utc_now() -> datetime:
    return datetime.fromtimestamp(now(), UTC)
