"""Members and links: what belongs to which song and why, and Spotify ids for songs that are in no list."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.spotify_ids import LABS, Answer, Song, look_up
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import IDENTITY
from spotify_ai_pipeline.defs.identity.files import HISTORY_IMPORTS, LOVED_SONGS, RATINGS, loved, told, whole_library
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import Derived, registered_asset
from spotify_ai_pipeline.defs.resources import ListenBrainzLabsResource, SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.importers import ingest
from spotify_ai_pipeline.music.identity import linking
from spotify_ai_pipeline.music.identity.groups import TRACK
from spotify_ai_pipeline.music.identity.linking import LINKS
from spotify_ai_pipeline.music.identity.members import HELD, decide
from spotify_ai_pipeline.music.identity.own_library import with_loved
from spotify_ai_pipeline.music.identity.ratings import other_names
from spotify_ai_pipeline.music.identity.songs import library_tracks, spellings_of, with_albums_and_recordings
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.identity_overrides import said


def _said_and_told(workspace: WorkspaceResource) -> object:
    return said(workspace.state), workspace.lake.version_of(datasets.SONG_LINKS), told(workspace), loved(workspace)


@registered_asset(
    derived=Derived(_said_and_told),
    group_name=IDENTITY,
    kinds={"polars", "parquet"},
    deps=[HISTORY_IMPORTS, RATINGS, LOVED_SONGS],
)
def song_members(
    workspace: WorkspaceResource, spotify_library: pl.LazyFrame, plays: pl.LazyFrame
) -> dg.MaterializeResult:
    """One row a Spotify id or spelling: the song it belongs to, the rule that says so, and its evidence. A spelling that is
    like a song but not surely it stays alone, and names that song as near."""
    before = frame_of(workspace.lake, datasets.SONG_MEMBERS).select(HELD)
    links = frame_of(workspace.lake, datasets.SONG_LINKS).drop_nulls("track_id")
    overrides = [one.override for one in said(workspace.state)]
    table = decide(
        library_tracks(whole_library(workspace, spotify_library)),
        with_loved(spellings_of(plays), frame_of(workspace.lake, datasets.LOVED_SONGS)),
        overrides,
        links.select("key", "track_id").iter_rows(),
        before,
        other_names(ingest.ratings(workspace.lake)),
    )
    rules = table.group_by("rule").len().sort("len", descending=True)
    return dg.MaterializeResult(
        value=table,
        metadata={
            "songs": table["song_id"].n_unique(),
            "overrides": len(overrides),
            "unresolved, like a known song": int(table["near"].is_not_null().sum()),
            **{f"joined by {rule}": count for rule, count in rules.iter_rows() if rule != "first"},
        },
    )


@registered_asset(group_name=IDENTITY, kinds={"spotify", "parquet"})
def song_links(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    listenbrainz_labs: ListenBrainzLabsResource,
    spotify: SpotifyResource,
    song_members: pl.DataFrame,
    plays: pl.LazyFrame,
) -> dg.MaterializeResult:
    """A Spotify id for each song that was heard and is in no list: from ListenBrainz labs, which costs no quota, else from
    Spotify's search within the run's budget; most played first. What nobody knew is remembered, and asked again later."""
    settings, now = workspace.settings.identity, datetime.fromtimestamp(workspace.now(), UTC)
    again = timedelta(days=settings.ask_again_days)
    kept = linking.still_good(frame_of(workspace.lake, datasets.SONG_LINKS), song_members)

    has_spotify = workspace.workspace.secrets.has_spotify
    searched = kept.filter(pl.col("search_asked_at") > now - timedelta(days=1)).height
    answers = list[pl.DataFrame]()

    def links() -> pl.DataFrame:
        return linking.remember(kept, pl.concat([pl.DataFrame(schema=LINKS), *answers]))

    def due(source: str) -> list[Song]:
        songs = linking.wanted(song_members, links(), f"{source}_asked_at", now, again)
        most = settings.labs_songs_per_run if source == LABS else settings.searches_per_run
        return with_albums_and_recordings(songs.head(most), plays).to_dicts()

    def note(source: str, answer: Answer) -> None:
        answers.append(linking.answer(*answer, source, now))

    trouble = look_up(
        listenbrainz_labs.client(),
        spotify.client,
        min(settings.searches_per_run, settings.searches_per_day - searched) if has_spotify else 0,
        due,
        note,
    )
    table = links()
    resolved = set(song_members.filter(pl.col("kind") == TRACK)["song_id"].to_list())
    heard = song_members.filter(~pl.col("song_id").is_in(resolved))["song_id"].n_unique()
    found = table["track_id"].drop_nulls().len()
    return dg.MaterializeResult(
        value=table,
        metadata={
            "songs in no list": heard,
            "with a Spotify id": found,
            "found now": found - kept["track_id"].drop_nulls().len(),
            "asked, known to nobody": int(table["track_id"].is_null().sum()),
            "not asked about yet": heard - table.height,
            **report_degraded(context, workspace, trouble),
        },
    )
