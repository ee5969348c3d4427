"""Where a service asks for a long pause or is out of reach: what is known stays, the run goes on with it, and says so."""

import dagster as dg

from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError

DEFERRED = "spotify_ai/deferred"
"""Tag of a run that went on with what was known; its value names the service or the asset."""


def report_degraded(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, trouble: ExpectedError | None
) -> str:
    """Tells of ``trouble`` in the log, on the run and as an alert, which goes away with the first run that had none. Gives
    what asset metadata says: the trouble, or nothing."""
    asset = context.asset_key.path[-1]
    alert = f"deferred {asset}"
    if trouble is None:
        workspace.state.resolve_alert(alert)
        return ""
    context.log.warning(f"{trouble}; going on with what is known")
    workspace.state.raise_alert(alert, f"{asset} is not up to date: {trouble}")
    context.instance.add_run_tags(context.run_id, {DEFERRED: getattr(trouble, "service", asset)})
    return str(trouble)
