"""The policy on what may be said unasked, and when: switches, quiet hours, caps a day, and the listener's own pause."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.settings import Proactive, Suggestion
from spotify_ai_pipeline.storage import notification_outbox
from spotify_ai_pipeline.storage.workspace import Workspace

CANDIDATE, MOOD_SHIFT, SIGN_IN = "candidate", "mood_shift", "sign_in"
SILENT_SOURCE, SCORE_CARD, FRIEND, NOT_ME = "silent_source", "score_card", "friend", "not_me"
KINDS = (CANDIDATE, MOOD_SHIFT, SIGN_IN, SILENT_SOURCE, SCORE_CARD, FRIEND, NOT_ME)
PAUSED_UNTIL = "paused until"


def pause(workspace: Workspace, seconds: float | None) -> float | None:
    """Silences everything for so long and gives until when (UTC seconds); None ends the pause."""
    until = clock.now() + seconds if seconds else None
    workspace.state.set_fact(PAUSED_UNTIL, until)
    return until


def silent_because(workspace: Workspace, now: float) -> str | None:
    """Says why nothing at all may be said at ``now`` (UTC seconds), in words; None where it may."""
    until = workspace.state.fact(PAUSED_UNTIL)
    if until is not None and now < until:
        return "the listener asked for silence"
    settings = workspace.settings.proactive
    hour = datetime.fromtimestamp(now, UTC).astimezone(workspace.settings.listener.zone).hour
    return "these are quiet hours" if _quiet(hour, settings) else None


def why_not(workspace: Workspace, kind: str, now: float) -> str | None:
    """Says why nothing of ``kind`` may be said at ``now``; None where it may."""
    settings: Suggestion = getattr(workspace.settings.proactive, kind)
    if not workspace.secrets.can_be_told:
        return "no bot is connected (TELEGRAM_BOT_TOKEN in .env), nor a webhook (WEBHOOK_URL)"
    if not settings.enabled:
        return f"switched off (proactive.{kind}.enabled)"
    if reason := silent_because(workspace, now):
        return reason
    local = datetime.fromtimestamp(now, UTC).astimezone(workspace.settings.listener.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    if notification_outbox.count_since(workspace.state, [kind], midnight) >= settings.per_day:
        return f"{settings.per_day} of these were said today"
    monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    if notification_outbox.count_since(workspace.state, [kind], monday) >= settings.per_week:
        return f"{settings.per_week} of these were said this week"
    if notification_outbox.count_since(workspace.state, KINDS, monday) >= workspace.settings.proactive.per_week:
        return f"{workspace.settings.proactive.per_week} messages were said this week"
    return None


def enqueue_if_allowed(
    workspace: Workspace, kind: str, about: str, body: Mapping[str, Any], now: float, lasts: float
) -> bool:
    """Lays a message down for the bot to send within ``lasts`` seconds; False where it may not be said, or was before."""
    return why_not(workspace, kind, now) is None and notification_outbox.enqueue(
        workspace.state, kind, about, body, now, now + lasts
    )


def _quiet(hour: int, settings: Proactive) -> bool:
    start, end = settings.quiet_from, settings.quiet_until
    return start <= hour < end if start <= end else hour >= start or hour < end
