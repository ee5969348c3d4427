"""Moments in the forms the services write them."""

from __future__ import annotations

from datetime import UTC, datetime


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
