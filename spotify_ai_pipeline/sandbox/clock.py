"""The time, and moments in the forms the services write them. The environment may shift the clock, as it shifts the
house's."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime


def now() -> float:
    """UTC seconds."""
    return time.time() + float(os.environ.get("SPOTIFY_AI_CLOCK_SHIFT") or 0)


def utc_now() -> datetime:
    return datetime.fromtimestamp(now(), UTC)


def iso(seconds: int) -> str:
    """2026-11-22T10:11:12Z"""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_ms(milliseconds: int) -> str:
    """2026-11-22T10:11:12.345Z"""
    return iso(milliseconds // 1000)[:-1] + f".{milliseconds % 1000:03d}Z"


def lastfm(seconds: int) -> str:
    """22 Nov 2026, 10:11, with English months whatever the machine's language."""
    at = datetime.fromtimestamp(seconds, UTC)
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[at.month - 1]
    return f"{at.day:02d} {month} {at.year}, {at.hour:02d}:{at.minute:02d}"
