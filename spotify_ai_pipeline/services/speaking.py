"""When something may be said unasked: switches, quiet hours, caps a day, and the listener's own pause."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.settings import Proactive, Suggestion
from spotify_ai_pipeline.storage import messages
from spotify_ai_pipeline.storage.home import Home

CANDIDATE, MOOD_SHIFT, SIGN_IN = "candidate", "mood_shift", "sign_in"
SILENT_SOURCE, SCORE_CARD, FRIEND = "silent_source", "score_card", "friend"
KINDS = (CANDIDATE, MOOD_SHIFT, SIGN_IN, SILENT_SOURCE, SCORE_CARD, FRIEND)
PAUSED_UNTIL = "paused until"


def pause(home: Home, seconds: float | None) -> float | None:
    """Silences everything for so long and gives until when (UTC seconds); None ends the pause."""
    until = clock.now() + seconds if seconds else None
    home.state.set_fact(PAUSED_UNTIL, until)
    return until


def silent_because(home: Home, now: float) -> str | None:
    """Why nothing at all may be said at ``now`` (UTC seconds), in words; None where it may."""
    until = home.state.fact(PAUSED_UNTIL)
    if until is not None and now < until:
        return "the listener asked for silence"
    settings = home.settings.proactive
    hour = datetime.fromtimestamp(now, UTC).astimezone(home.settings.listener.zone).hour
    return "these are quiet hours" if _quiet(hour, settings) else None


def why_not(home: Home, kind: str, now: float) -> str | None:
    """Why nothing of ``kind`` may be said at ``now``; None where it may."""
    settings: Suggestion = getattr(home.settings.proactive, kind)
    if not home.secrets.telegram_bot_token.get_secret_value():
        return "no bot is connected (TELEGRAM_BOT_TOKEN in .env)"
    if not settings.enabled:
        return f"switched off (proactive.{kind}.enabled)"
    if reason := silent_because(home, now):
        return reason
    local = datetime.fromtimestamp(now, UTC).astimezone(home.settings.listener.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    if messages.count_since(home.state, kind, midnight) >= settings.per_day:
        return f"{settings.per_day} of these were said today"
    return None


def say(home: Home, kind: str, about: str, body: Mapping[str, Any], now: float, lasts: float) -> bool:
    """Lays a message down for the bot to send within ``lasts`` seconds; False where it may not be said, or was before."""
    return why_not(home, kind, now) is None and messages.lay_down(home.state, kind, about, body, now, now + lasts)


def _quiet(hour: int, settings: Proactive) -> bool:
    start, end = settings.quiet_from, settings.quiet_until
    return start <= hour < end if start <= end else hour >= start or hour < end
