"""`spotify-ai status`: the health of the pipeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import scrobble_partitions
from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.clients.claude import why_not
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage import llm_cost_ledger, queue
from spotify_ai_pipeline.storage.playlists import MIX
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, for scripts.")
def status(as_json: bool) -> None:
    """Show the health of the pipeline: last refresh, calls and budgets, waiting songs, and faults."""
    workspace = Workspace.open()
    found = health(workspace)
    if as_json:
        print_json(found)
        return
    kind = "demo on the sandbox" if found["demo"] else "real accounts"
    console.print(f"[bold]{found['listener']}[/] ({kind}), data in {found['data']}")
    last = found["last_refresh"]
    console.print(
        f"last refresh: {when(workspace, last['refreshed_at'])}, {last['outcome']} "
        f"(+{last['added']} −{last['removed']})  {found['playlist']}"
        if last
        else "last refresh: none yet; run `spotify-ai refresh`"
    )
    console.print(
        f"questions waiting: {found['questions']}"
        + ("; answer them with `spotify-ai next`" if found["questions"] else "")
    )
    _sign_in(found["sign_in"])
    if found["resume"]:
        console.print(f"scrobbles: the next run reads from {found['resume']}")
    claude = found["claude"]
    console.print(
        f"Claude: {claude['spent_usd']:.4f} of {claude['budget_usd']:.2f} USD this month ({claude['model']})"
        + (f"; not asked: {claude['not_asked']}" if claude["not_asked"] else "")
    )
    for alert in found["alerts"]:
        console.print(f"[red]alert[/] {alert['message']}", soft_wrap=True)
    console.print(_services(found["services"]))
    made = table("asset", "rows", "made", right=("rows",))
    for row in found["assets"]:
        made.add_row(row["asset"], f"{row['rows']:,}", plain(row["made"]))
    console.print(made)


def health(workspace: Workspace) -> dict[str, Any]:
    """The figures that `status` shows."""
    state = workspace.state
    last = state.rows(
        "SELECT playlist, refreshed_at, outcome, added, removed, note, undone_at FROM refreshes"
        " WHERE playlist = ? ORDER BY refresh_id DESC LIMIT 1",
        (MIX,),
    )
    return {
        "listener": workspace.settings.listener.name,
        "demo": workspace.demo_file.exists(),
        "data": str(workspace.root),
        "playlist": mix_view.playlist_link(workspace),
        "last_refresh": dict(last[0]) if last else None,
        "questions": queue.pending(state),
        "sign_in": {
            "state": spotify_auth.sign_in_state(workspace),
            "days": spotify_auth.sign_in_age(workspace),
            "days_left": spotify_auth.days_left(workspace),
            "closed_to_this_app": [
                name for name, open_ in (state.fact(spotify_auth.CAPABILITIES) or {}).items() if not open_
            ],
        },
        "resume": _resume(workspace),
        "alerts": [dict(row) for row in state.rows("SELECT name, message, raised_at FROM alerts ORDER BY raised_at")],
        "services": _ledger(workspace),
        "claude": {
            "model": workspace.settings.claude.model,
            "spent_usd": llm_cost_ledger.spent(state),
            "budget_usd": workspace.settings.claude.monthly_budget_usd,
            "not_asked": why_not(workspace),
        },
        "assets": workspace.lake.summary(),
    }


def _ledger(workspace: Workspace) -> list[dict[str, Any]]:
    """Today's calls, budgets and pause of each service; reads and writes have a budget each."""
    today = {
        (row["service"], row["kind"]): row
        for row in workspace.state.rows(
            "SELECT service, kind, calls, failures FROM api_calls WHERE day = ?", (f"{clock.utc_now():%Y-%m-%d}",)
        )
    }
    pauses = {
        row["service"]: row for row in workspace.state.rows("SELECT * FROM cooldowns WHERE until > ?", (clock.now(),))
    }

    def count(name: str, kind: str, column: str) -> int:
        return today[name, kind][column] if (name, kind) in today else 0

    return [
        {
            "service": name,
            "calls": count(name, "read", "calls"),
            "budget": service.budgets["read"],
            "writes": count(name, "write", "calls"),
            "writes_budget": service.budgets["write"],
            "failures": count(name, "read", "failures") + count(name, "write", "failures"),
            "paused": when(workspace, pauses[name]["until"]) if name in pauses else "",
            "why": pauses[name]["reason"] if name in pauses else "",
        }
        for name, service in dict(workspace.settings.services).items()
    ]


def _services(rows: list[dict[str, Any]]) -> Any:
    numbers = ("calls today", "of", "writes", "failed")
    shown = table("service", *numbers, "paused until", right=numbers)
    for row in rows:
        writes = f"{row['writes']:,} of {row['writes_budget']:,}" if row["writes"] else ""
        paused = f"{row['paused']} ({row['why']})" if row["paused"] else ""
        shown.add_row(
            row["service"], f"{row['calls']:,}", f"{row['budget']:,}", writes, f"{row['failures']:,}", plain(paused)
        )
    return shown


def _sign_in(found: dict[str, Any]) -> None:
    age = (
        f", {found['days']} days ago, good for {found['days_left']} more"
        if found["days"] is not None
        else "; run `spotify-ai login`"
        if found["state"] != "signed in"
        else ""
    )
    console.print(f"Spotify: {found['state']}{age}")
    if found["closed_to_this_app"]:
        console.print(f"closed to this app, other services stand in: {', '.join(found['closed_to_this_app'])}")


def _resume(workspace: Workspace) -> str | None:
    """The month from which the next run reads on; None before the first run."""
    if (first := workspace.state.fact(scrobble_partitions.FIRST_MONTH)) is None:
        return None
    overlap = timedelta(days=workspace.settings.scrobbles.overlap_days)
    return scrobble_partitions.first_open(workspace.lake, first, overlap, clock.utc_now())
