"""Where a service asks for a long pause or is out of reach: what is known stays, the run goes on with it, and says so."""

import dagster as dg

from spotify_ai_pipeline.assets.resources import HomeResource
from spotify_ai_pipeline.problems import Problem

DEFERRED = "spotify_ai/deferred"
"""Tag of a run that went on with what was known; its value names the service or the asset."""


def note(context: dg.AssetExecutionContext, home: HomeResource, trouble: Problem | None) -> str:
    """Tells of ``trouble`` in the log, on the run and as an alert, which goes away with the first run that had none. Gives
    what asset metadata says: the trouble, or nothing."""
    asset = context.asset_key.path[-1]
    alert = f"deferred {asset}"
    if trouble is None:
        home.state.resolve_alert(alert)
        return ""
    context.log.warning(f"{trouble}; going on with what is known")
    home.state.raise_alert(alert, f"{asset} is not up to date: {trouble}")
    context.instance.add_run_tags(context.run_id, {DEFERRED: getattr(trouble, "service", asset)})
    return str(trouble)
