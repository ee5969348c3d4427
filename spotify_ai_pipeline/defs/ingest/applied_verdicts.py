"""Verdicts brought about on Spotify, before the library is read: what was approved is in it."""

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.verdict_effects import apply_due
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import INGEST
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError


@registered_asset(group_name=INGEST, kinds={"spotify", "sqlite"})
def applied_verdicts(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, spotify: SpotifyResource
) -> dg.MaterializeResult:
    """Verdicts brought about: an approved discovery goes into the liked songs, or the playlist of discovery.approve_to, once; one
    taken back leaves it again. What cannot be done now stays due."""
    outcomes, trouble = list[str](), None
    try:
        outcomes.extend(apply_due(workspace.state, spotify.client, workspace.settings.discovery.approve_to))
    except ExpectedError as error:
        trouble = error
    return dg.MaterializeResult(
        value=pl.DataFrame({"outcome": outcomes}, schema={"outcome": pl.String}),
        metadata={"applied": len(outcomes), **report_degraded(context, workspace, trouble)},
    )
