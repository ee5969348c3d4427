"""The graph: assets, checks, resources and jobs as one set of definitions, the entry point of ``workspace.yaml``."""

import logging
import warnings

import dagster as dg

from spotify_ai_pipeline.assets import (
    audio_features,
    clap,
    cluster_names,
    cluster_playlists,
    clusters,
    embeddings,
    identity,
    ingest,
    library_map,
    links,
    lyrics,
    models,
    mood,
    playlist,
    plays,
    removals,
    score_card,
    tags,
    taste,
)
from spotify_ai_pipeline.assets.discovery import candidate_model, candidates, sources, trials
from spotify_ai_pipeline.assets.io import LakeIOManager
from spotify_ai_pipeline.assets.resources import (
    HomeResource,
    LastFmResource,
    ListenBrainzLabsResource,
    ListenBrainzResource,
    LrcLibResource,
    ReccoBeatsResource,
    SoundsResource,
    SpotifyResource,
)
from spotify_ai_pipeline.automation import dagster_clock
from spotify_ai_pipeline.automation.executing import executor
from spotify_ai_pipeline.automation.health import with_health
from spotify_ai_pipeline.automation.jobs import JOBS
from spotify_ai_pipeline.automation.listeners import Graph, of_listener
from spotify_ai_pipeline.automation.schedules import schedules
from spotify_ai_pipeline.automation.scrobble_tick import scrobble_tick
from spotify_ai_pipeline.automation.sensors import (
    features_follow_the_day,
    files_in_the_inbox,
    sign_in_watch,
    tell_of_failures,
    tell_of_recoveries,
    verdicts_to_apply,
)
from spotify_ai_pipeline.automation.suggestions import SUGGESTIONS
from spotify_ai_pipeline.services.months import FIRST_MONTH
from spotify_ai_pipeline.storage.home import Home

warnings.filterwarnings("ignore", category=dg.BetaWarning)
logging.getLogger("pylast").setLevel(logging.WARNING)  # pylast prints every method it calls


def build_defs(home: Home | None = None, place: HomeResource | None = None) -> dg.Definitions:
    """The definitions for ``home``, else for the home that the environment names; ``place`` has another clock, for trials."""
    dagster_clock.follow()
    home = home or Home.open()
    modules = [
        ingest,
        plays,
        links,
        identity,
        audio_features,
        tags,
        lyrics,
        clap,
        embeddings,
        clusters,
        cluster_names,
        library_map,
        models,
        mood,
        taste,
        playlist,
        cluster_playlists,
        removals,
        score_card,
        sources,
        candidate_model,
        candidates,
        trials,
    ]
    place = place or HomeResource(root=str(home.root))
    assets = [ingest.scrobbles_asset(home.state.fact(FIRST_MONTH)), *dg.load_assets_from_modules(modules)]
    graph = of_listener(Graph(assets, dg.load_asset_checks_from_modules(modules), JOBS), home)
    return dg.Definitions(
        assets=dg.map_asset_specs(lambda spec: with_health(spec, home), graph.assets),
        asset_checks=graph.checks,
        jobs=graph.jobs,
        schedules=schedules(home.settings.listener.timezone, [job.name for job in JOBS]),
        sensors=[
            files_in_the_inbox,
            scrobble_tick,
            sign_in_watch,
            features_follow_the_day(home),
            tell_of_failures,
            tell_of_recoveries,
            verdicts_to_apply,
            *SUGGESTIONS,
        ],
        resources={
            "home": place,
            "io_manager": LakeIOManager(home=place),
            "spotify": SpotifyResource(home=place),
            "lastfm": LastFmResource(home=place),
            "listenbrainz": ListenBrainzResource(home=place),
            "listenbrainz_labs": ListenBrainzLabsResource(home=place),
            "reccobeats": ReccoBeatsResource(home=place),
            "lrclib": LrcLibResource(home=place),
            "sounds": SoundsResource(home=place),
        },
        executor=executor(),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Of the home that the environment names."""
    return build_defs()
