"""A run's way with a service in trouble: it goes on with what is known, and says so."""

from contextlib import AbstractContextManager

import dagster as dg

from spotify_ai_pipeline.clients.transport import observed
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError, Retryable
from spotify_ai_pipeline.storage import alerts

DEFERRED = "spotify_ai/deferred"
"""Tag of a run that went on with what was known, because a later run will get the rest; its value names the service."""
STOPPED = "spotify_ai/stopped"
"""Tag of a run that went on with what was known, and only the listener can mend it; its value names the asset."""


def report_degraded(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, trouble: ExpectedError | None
) -> dict[str, str]:
    """Tells of ``trouble`` in the log, as a tag of the run and as an alert. The first run without trouble closes the alert.

    Gives what the asset's metadata say: ``deferred`` for trouble that passes by itself (``Retryable``), ``stopped`` for any
    other, and nothing without trouble.
    """
    asset = context.asset_key.path[-1]
    deferred, stopped = deferred_alert(asset), stopped_alert(asset)
    passes = isinstance(trouble, Retryable)
    for closed in (deferred, stopped) if trouble is None else (stopped if passes else deferred,):
        alerts.resolve_alert(workspace.state, closed)
    if trouble is None:
        return {}
    context.log.warning(f"{trouble}; going on with what is known")
    alerts.raise_alert(workspace.state, deferred if passes else stopped, f"{asset} is not up to date: {trouble}")
    tag = {DEFERRED: getattr(trouble, "service", asset)} if passes else {STOPPED: asset}
    context.instance.add_run_tags(context.run_id, tag)
    return {"deferred" if passes else "stopped": str(trouble)}


def deferred_alert(asset: str) -> str:
    """The name of the alert that ``asset`` waits for a service."""
    return f"deferred {asset}"


def stopped_alert(asset: str) -> str:
    """The name of the alert that ``asset`` waits for the listener."""
    return f"stopped {asset}"


def waits_logged(context: dg.AssetExecutionContext) -> AbstractContextManager[None]:
    """Lets the run's log say, within it, whatever a service makes us wait for."""

    def log(service: str, what: str) -> None:
        if what != "call":
            context.log.info(f"{service} {what}")

    return observed(log)
