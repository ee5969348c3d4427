"""The graph: assets, checks, resources and jobs as one set of definitions, the entry point of ``workspace.yaml``."""

import logging
from functools import cache

import dagster as dg

from spotify_ai_pipeline.app.scrobble_partitions import FIRST_MONTH
from spotify_ai_pipeline.defs import discovery, features, identity, ingest, playlist, taste
from spotify_ai_pipeline.defs.automation import dagster_clock
from spotify_ai_pipeline.defs.automation.executor import executor as configured_executor
from spotify_ai_pipeline.defs.automation.health import with_health
from spotify_ai_pipeline.defs.automation.jobs import jobs
from spotify_ai_pipeline.defs.automation.listeners import Graph, of_listener
from spotify_ai_pipeline.defs.automation.notifications import SUGGESTIONS, send_webhook
from spotify_ai_pipeline.defs.automation.schedules import schedules
from spotify_ai_pipeline.defs.automation.scrobble_tick import scrobble_tick
from spotify_ai_pipeline.defs.automation.sensors import (
    features_follow_the_day,
    files_in_the_inbox,
    sign_in_watch,
    tell_of_failures,
    tell_of_recoveries,
    verdicts_to_apply,
)
from spotify_ai_pipeline.defs.ingest.scrobbles import scrobbles_asset
from spotify_ai_pipeline.defs.io_manager import LakeIOManager
from spotify_ai_pipeline.defs.resources import (
    LastFmResource,
    ListenBrainzLabsResource,
    ListenBrainzResource,
    LrcLibResource,
    ReccoBeatsResource,
    SoundsResource,
    SpotifyResource,
    WorkspaceResource,
)
from spotify_ai_pipeline.storage.workspace import Workspace

STAGES = (ingest, identity, features, taste, discovery, playlist)
"""The packages of assets and their checks, one a group."""

logging.getLogger("pylast").setLevel(logging.WARNING)  # pylast prints every method it calls


@cache
def load() -> Graph:
    """Gives what is the same for every listener: all assets but the scrobbles, and their checks."""
    loaded = [asset for stage in STAGES for asset in dg.load_assets_from_package_module(stage)]
    assets = [asset for asset in loaded if isinstance(asset, dg.AssetsDefinition)]
    return Graph(assets, [check for stage in STAGES for check in dg.load_asset_checks_from_package_module(stage)])


def build_defs(
    workspace: Workspace | None = None,
    place: WorkspaceResource | None = None,
    executor: dg.ExecutorDefinition | None = None,
) -> dg.Definitions:
    """The definitions for ``workspace``, else for the one that the environment names. ``place`` has another clock, for trials;
    ``executor`` runs the steps elsewhere than the environment says."""
    dagster_clock.follow()
    workspace = workspace or Workspace.open()
    place = place or WorkspaceResource(root=str(workspace.root))
    known = load()
    first_month = workspace.state.fact(FIRST_MONTH)
    graph = of_listener(Graph([scrobbles_asset(first_month), *known.assets], known.checks), workspace)
    listed = jobs(workspace)
    return dg.Definitions(
        assets=dg.map_asset_specs(lambda spec: with_health(spec, workspace), graph.assets),
        asset_checks=graph.checks,
        jobs=listed,
        schedules=schedules(workspace.settings.listener.timezone, [job.name for job in listed]),
        sensors=[
            files_in_the_inbox,
            scrobble_tick,
            sign_in_watch,
            features_follow_the_day(workspace),
            tell_of_failures,
            tell_of_recoveries,
            verdicts_to_apply,
            *SUGGESTIONS,
            send_webhook,
        ],
        resources={
            "workspace": place,
            "io_manager": LakeIOManager(workspace=place),
            "spotify": SpotifyResource(workspace=place),
            "lastfm": LastFmResource(workspace=place),
            "listenbrainz": ListenBrainzResource(workspace=place),
            "listenbrainz_labs": ListenBrainzLabsResource(workspace=place),
            "reccobeats": ReccoBeatsResource(workspace=place),
            "lrclib": LrcLibResource(workspace=place),
            "sounds": SoundsResource(workspace=place),
        },
        executor=executor or configured_executor(),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions for the home that the environment names."""
    return build_defs()
