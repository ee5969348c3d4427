"""Trial: what becomes of a new song on the list, from how it was heard there."""

from __future__ import annotations

from dataclasses import dataclass

from spotify_ai_pipeline.settings import Discovery

SKIPS_THAT_END = 2
"""Skips after which a song that is skipped more often than not has been skipped away."""


@dataclass(frozen=True)
class Heard:
    """Plays of a song since it came on the list, those broken off among them, how many of them were skipped (unknown counts
    as heard), and for how many days it has been there."""

    plays: int
    skips: int
    days: float


def next_step(heard: Heard, settings: Discovery) -> tuple[str, str] | None:
    """(status, why) where the trial has come to a point: ``asked`` or ``expired``; None while it goes on. A song that was heard
    at all is asked about before its time is over."""
    if heard.skips >= SKIPS_THAT_END and 2 * heard.skips > heard.plays:
        return "expired", f"skipped away: {heard.skips} of {heard.plays} times"
    whole = heard.plays - heard.skips
    if whole >= settings.trial_listens_before_decision:
        return "asked", f"heard {whole} times"
    if heard.days >= settings.trial_days and whole:
        return "asked", f"heard {'once' if whole == 1 else f'{whole} times'} in {settings.trial_days} days"
    if heard.days >= settings.trial_days and heard.skips:
        return "expired", f"skipped away: {heard.skips} of {heard.plays} times in {settings.trial_days} days"
    if heard.days >= settings.trial_days:
        return "expired", f"not heard in {settings.trial_days} days"
    return None
