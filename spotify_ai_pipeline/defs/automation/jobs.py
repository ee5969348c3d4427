"""Jobs: what runs together. Each names what it makes, by group or by asset: what is new belongs to none by accident."""

from collections.abc import Mapping

import dagster as dg

from spotify_ai_pipeline.app.discovery_sources import SOURCES
from spotify_ai_pipeline.defs.automation.pruning import prune
from spotify_ai_pipeline.defs.groups import CLUSTERING, IDENTITY, INGEST, PLAYLIST, PLAYLIST_WRITER
from spotify_ai_pipeline.storage.workspace import Workspace

HEAVY_WORK = {"spotify_ai/heavy": "yes"}
"""Runs with this tag take the machine for minutes: none runs beside a refresh."""
FIRST_IN_THE_QUEUE = {"dagster/priority": "1"}

TAKE_IN_FILES, FILL_HISTORY, APPLY_VERDICTS = "take_in_files", "fill_history", "apply_verdicts"
"""Jobs that sensors start."""

READING = (
    "spotify_library",
    "scrobbles",
    "listenbrainz_listens",
    "loved_songs",
    "our_lists",
    "recent_plays",
    "history_imports",
    "ratings",
)
"""What is read from outside; the ingest group holds ``applied_verdicts`` beside, which writes there."""
RANKING = ("activations", "listening_stats", "taste_weights", "mood", "song_scores", "suspects")
DISCOVERING = ("discovery_seeds", *SOURCES, "candidates", "candidate_model", "candidate_scores", "discoveries")


def jobs(workspace: Workspace):
    """The jobs of ``workspace``'s listener: their runs bear the name of one who shares the instance."""
    own = [workspace.shared_as] if workspace.shared_as else []
    writer = {key: workspace.shared_as or value for key, value in PLAYLIST_WRITER.items()}

    def assets(*names: str) -> dg.AssetSelection:
        return dg.AssetSelection.assets(*([*own, name] for name in names))

    def job(name: str, selection: dg.AssetSelection, description: str, tags: Mapping[str, str] | None = None):
        return dg.define_asset_job(
            name, selection=selection, description=description, tags={**(tags or {}), **workspace.run_tags}
        )

    return [
        job(
            "everything",
            dg.AssetSelection.all(),
            "The whole graph, from the services to the playlist: the first run, and a run after a change of features.",
            writer | HEAVY_WORK,
        ),
        job(
            "refresh_the_mix",
            dg.AssetSelection.groups(INGEST, IDENTITY, PLAYLIST) | assets(*RANKING, "trials"),
            "Read what is new, decide the mix, write it to Spotify. Features and discoveries are taken as they are.",
            writer | FIRST_IN_THE_QUEUE,
        ),
        job(
            "refresh_the_adventure",
            assets("adventure", "adventure_playlist"),
            "Decide the adventure list from what is known and write it to Spotify.",
            writer,
        ),
        job(
            "refresh_the_lists",
            assets("own_lists", "own_lists_written"),
            "Decide the lists of your own that are due from what is known, and write them.",
            writer,
        ),
        job(
            "read_what_is_new",
            dg.AssetSelection.groups(IDENTITY) | assets(*READING, *RANKING),
            "What a refresh reads and ranks, without deciding or writing anything: the first half of a dry run.",
        ),
        job("discover", assets(*DISCOVERING), "Ask every source for new songs, and propose those that fit best."),
        job(
            APPLY_VERDICTS,
            assets("applied_verdicts"),
            "Verdicts that were given since the last run: what they mean on Spotify is done, once.",
        ),
        job(
            "retrain",
            assets("taste_weights", "candidate_model"),
            "Learn the taste model and the candidate model again from your plays, and decide which ranker is in office.",
            HEAVY_WORK,
        ),
        job(
            "score_the_lists",
            assets("score_card"),
            "What became of the lists: what was played of them, kept, and stayed, beside baselines.",
        ),
        job(
            "recluster",
            assets(*CLUSTERING),
            "Clusters made anew when they are older than clustering.recluster_interval_days, or when asked; else new songs "
            "join the clusters that are there. Then their names, health and the map.",
            HEAVY_WORK,
        ),
        job(
            FILL_HISTORY,
            assets("scrobbles"),
            "Scrobbles of the chosen months, and nothing else: for backfills, and for the hourly look at Last.fm.",
        ),
        job(
            "read_recent_plays",
            assets("recent_plays"),
            "What Spotify remembers of the last plays: one call, every two hours, because it remembers no more than 50.",
        ),
        job(
            TAKE_IN_FILES,
            assets("history_imports", "ratings"),
            "Take in the exports that were laid into the inbox.",
        ),
        prune,
    ]
