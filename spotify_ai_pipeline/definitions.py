"""The graph: assets, checks, resources and jobs as one set of definitions, the entry point of ``workspace.yaml``."""

import logging
import warnings

import dagster as dg

from spotify_ai_pipeline.app.scrobble_partitions import FIRST_MONTH
from spotify_ai_pipeline.automation import dagster_clock
from spotify_ai_pipeline.defs.automation.executor import executor
from spotify_ai_pipeline.defs.automation.health import with_health
from spotify_ai_pipeline.defs.automation.jobs import JOBS
from spotify_ai_pipeline.defs.automation.listeners import Graph, of_listener
from spotify_ai_pipeline.defs.automation.notifications import SUGGESTIONS
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
from spotify_ai_pipeline.defs.discovery import candidate_model, candidates, sources, trials
from spotify_ai_pipeline.defs.features import audio_features, clap, embeddings, lyrics, tags
from spotify_ai_pipeline.defs.identity import song_links, songs
from spotify_ai_pipeline.defs.ingest import library, plays
from spotify_ai_pipeline.defs.io_manager import LakeIOManager
from spotify_ai_pipeline.defs.playlist import cluster_playlists, mix, removals, score_card
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
from spotify_ai_pipeline.defs.taste import cluster_names, clusters, library_map, mood, song_scores, taste_weights
from spotify_ai_pipeline.storage.workspace import Workspace

warnings.filterwarnings("ignore", category=dg.BetaWarning)
logging.getLogger("pylast").setLevel(logging.WARNING)  # pylast prints every method it calls


def build_defs(workspace: Workspace | None = None, place: WorkspaceResource | None = None) -> dg.Definitions:
    """The definitions for ``workspace``, else for the one that the environment names. ``place`` has another clock, for trials."""
    dagster_clock.follow()
    workspace = workspace or Workspace.open()
    modules = [
        library,
        plays,
        song_links,
        songs,
        audio_features,
        tags,
        lyrics,
        clap,
        embeddings,
        clusters,
        cluster_names,
        library_map,
        taste_weights,
        mood,
        song_scores,
        mix,
        cluster_playlists,
        removals,
        score_card,
        sources,
        candidate_model,
        candidates,
        trials,
    ]
    place = place or WorkspaceResource(root=str(workspace.root))
    assets = [library.scrobbles_asset(workspace.state.fact(FIRST_MONTH)), *dg.load_assets_from_modules(modules)]
    graph = of_listener(Graph(assets, dg.load_asset_checks_from_modules(modules), JOBS), workspace)
    return dg.Definitions(
        assets=dg.map_asset_specs(lambda spec: with_health(spec, workspace), graph.assets),
        asset_checks=graph.checks,
        jobs=graph.jobs,
        schedules=schedules(workspace.settings.listener.timezone, [job.name for job in JOBS]),
        sensors=[
            files_in_the_inbox,
            scrobble_tick,
            sign_in_watch,
            features_follow_the_day(workspace),
            tell_of_failures,
            tell_of_recoveries,
            verdicts_to_apply,
            *SUGGESTIONS,
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
        executor=executor(),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Of the home that the environment names."""
    return build_defs()
