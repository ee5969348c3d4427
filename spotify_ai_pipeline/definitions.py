"""The graph: assets, checks, resources and jobs as one set of definitions, the entry point of ``workspace.yaml``."""

import logging
import warnings

import dagster as dg

from spotify_ai_pipeline.assets import features, identity, ingest, links, models, playlist, plays, taste
from spotify_ai_pipeline.assets.discovery import candidates, sources, trials
from spotify_ai_pipeline.assets.io import LakeIOManager
from spotify_ai_pipeline.assets.resources import (
    HomeResource,
    LastFmResource,
    ListenBrainzLabsResource,
    ListenBrainzResource,
    ReccoBeatsResource,
    SpotifyResource,
)
from spotify_ai_pipeline.automation.jobs import JOBS
from spotify_ai_pipeline.automation.schedules import discover_every_day, recent_plays_every_two_hours
from spotify_ai_pipeline.automation.scrobble_tick import scrobble_tick
from spotify_ai_pipeline.automation.sensors import files_in_the_inbox, verdicts_to_apply
from spotify_ai_pipeline.services.months import FIRST_MONTH
from spotify_ai_pipeline.storage.home import Home

warnings.filterwarnings("ignore", category=dg.BetaWarning)
logging.getLogger("pylast").setLevel(logging.WARNING)  # pylast prints every method it calls


def build_defs(home: Home | None = None) -> dg.Definitions:
    """The definitions for ``home``, else for the home that the environment names."""
    home = home or Home.open()
    modules = [ingest, plays, links, identity, features, models, taste, playlist, sources, candidates, trials]
    place = HomeResource(root=str(home.root))
    return dg.Definitions(
        assets=[ingest.scrobbles_asset(home.state.fact(FIRST_MONTH)), *dg.load_assets_from_modules(modules)],
        asset_checks=dg.load_asset_checks_from_modules(modules),
        jobs=JOBS,
        schedules=[recent_plays_every_two_hours, discover_every_day(home.settings.listener.timezone)],
        sensors=[files_in_the_inbox, scrobble_tick, verdicts_to_apply],
        resources={
            "home": place,
            "io_manager": LakeIOManager(home=place),
            "spotify": SpotifyResource(home=place),
            "lastfm": LastFmResource(home=place),
            "listenbrainz": ListenBrainzResource(home=place),
            "listenbrainz_labs": ListenBrainzLabsResource(home=place),
            "reccobeats": ReccoBeatsResource(home=place),
        },
        executor=dg.in_process_executor,
    )


defs = build_defs()
