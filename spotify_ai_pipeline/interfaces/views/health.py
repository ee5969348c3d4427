"""The health of the pipeline: the last refresh, calls and budgets, what waits, and what is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import scrobble_partitions
from spotify_ai_pipeline.clients import sign_in
from spotify_ai_pipeline.clients.claude_permission import why_not
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.coverage import find_put_aside
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage import alerts, api_ledger, llm_cost_ledger, playlists, queue
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace

LAST_REFRESH = ("playlist", "refreshed_at", "outcome", "added", "removed", "note", "undone_at")
"""What `spotify-ai status` says of the last refresh."""


def summarize_health(workspace: Workspace) -> dict[str, Any]:
    """The figures of `spotify-ai status`."""
    state = workspace.state
    last = playlists.refreshes(state, MIX, 1)
    return {
        "listener": workspace.settings.listener.name,
        "demo": workspace.demo_file.exists(),
        "data": str(workspace.root),
        "playlist": mix_view.playlist_link(workspace),
        "last_refresh": {name: getattr(last[0], name) for name in LAST_REFRESH} if last else None,
        "questions": queue.pending(state),
        "sign_in": {
            "state": sign_in.sign_in_state(workspace),
            "days": sign_in.sign_in_age(workspace),
            "days_left": sign_in.days_left(workspace),
            "closed_to_this_app": [
                name for name, open_ in (state.fact(sign_in.CAPABILITIES) or {}).items() if not open_
            ],
        },
        "resume": _next_month(workspace),
        "alerts": [vars(alert) for alert in alerts.open_alerts(state)],
        "services": _summarize_services(workspace),
        "put_aside": [{"source": one.source, "records": one.quarantined} for one in find_put_aside(workspace)],
        "claude": {
            "model": workspace.settings.claude.model,
            "spent_usd": llm_cost_ledger.spent(state),
            "spent_on": llm_cost_ledger.spent_by_purpose(state),
            "budget_usd": workspace.settings.claude.monthly_budget_usd,
            "not_asked": why_not(workspace),
        },
        "assets": workspace.lake.summary(),
    }


def _summarize_services(workspace: Workspace) -> list[dict[str, Any]]:
    """Each service: its calls of today, its budgets (one for reads, one for writes) and its pauses, by bucket."""
    now = clock.now()
    today = {(used.service, used.kind): used for used in api_ledger.usage(workspace.state, now)}
    pauses: dict[str, list[api_ledger.Pause]] = {}
    for name, pause in api_ledger.pauses(workspace.state, now).items():
        pauses.setdefault(name.partition("/")[0], []).append(pause)

    def count(name: str, kind: str, column: str) -> int:
        return getattr(today[name, kind], column) if (name, kind) in today else 0

    return [
        {
            "service": name,
            "calls": count(name, "read", "calls"),
            "budget": service.budgets["read"],
            "writes": count(name, "write", "calls"),
            "writes_budget": service.budgets["write"],
            "failures": count(name, "read", "failures") + count(name, "write", "failures"),
            "paused": when(workspace, max(pause.until for pause in pauses[name])) if name in pauses else "",
            "why": "; ".join(
                f"{pause.bucket}: {pause.reason}" if pause.bucket else pause.reason for pause in pauses.get(name, [])
            ),
        }
        for name, service in dict(workspace.settings.services).items()
    ]


def _next_month(workspace: Workspace) -> str | None:
    """The month from which the next run reads on; None before the first run."""
    if (first := workspace.state.fact(scrobble_partitions.FIRST_MONTH)) is None:
        return None
    overlap = timedelta(days=workspace.settings.scrobbles.overlap_days)
    return scrobble_partitions.first_open(workspace.lake, first, overlap, clock.utc_now())
