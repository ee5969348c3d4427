"""Members and links: what belongs to which song and why, and Spotify ids for songs that are in no list."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from spotify_ai_pipeline.clients.listenbrainz_labs import ROWS_A_CALL, ListenBrainzLabs
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.groups import IDENTITY
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import ListenBrainzLabsResource, SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.identity import linking
from spotify_ai_pipeline.music.identity.groups import TRACK
from spotify_ai_pipeline.music.identity.linking import LINKS, best_offer
from spotify_ai_pipeline.music.identity.members import decide
from spotify_ai_pipeline.music.identity.own_library import with_loved
from spotify_ai_pipeline.music.identity.songs import library_tracks, spellings_of, with_albums_and_recordings
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.identity_overrides import said

FOR_THE_MIX = 40
"""Calls of the day's budget that searches leave alone: the mix is read before it is written, and read back."""


@registered_asset(group_name=IDENTITY, kinds={"polars", "parquet"})
def song_members(
    workspace: WorkspaceResource, spotify_library: pl.LazyFrame, plays: pl.LazyFrame, loved_songs: pl.DataFrame
) -> dg.MaterializeResult:
    """One row a Spotify id or spelling: the song it belongs to, the rule that says so, and its evidence. A spelling that is
    like a song but not surely it stays alone, and names that song as near."""
    before = frame_of(workspace.lake, datasets.SONG_MEMBERS)
    links = frame_of(workspace.lake, datasets.SONG_LINKS).drop_nulls("track_id")
    overrides = [one.override for one in said(workspace.state)]
    table = decide(
        library_tracks(spotify_library),
        with_loved(spellings_of(plays), loved_songs),
        overrides,
        links.select("key", "track_id").iter_rows(),
        before,
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

    def through(
        links: pl.DataFrame, asked: str, most: int, answers: Callable[[pl.DataFrame], Iterator[pl.DataFrame]]
    ) -> tuple[pl.DataFrame, ExpectedError | None]:
        songs = linking.wanted(song_members, links, asked, now, again).head(most)
        frames, trouble = list[pl.DataFrame](), None
        try:
            frames.extend(answers(with_albums_and_recordings(songs, plays)))
        except ExpectedError as error:
            trouble = error
        return linking.remember(links, pl.concat([pl.DataFrame(schema=LINKS), *frames])), trouble

    known, labs_trouble = through(
        kept,
        "labs_asked_at",
        settings.labs_songs_per_run,
        lambda songs: _from_labs(listenbrainz_labs.client(), songs, now),
    )
    table, search_trouble = known, None
    if workspace.workspace.secrets.has_spotify:
        searched = known.filter(pl.col("search_asked_at") > now - timedelta(days=1)).height
        left = min(settings.searches_per_day - searched, spotify.client().calls_left() - FOR_THE_MIX)
        table, search_trouble = through(
            known,
            "search_asked_at",
            max(0, min(settings.searches_per_run, left)),
            lambda songs: _from_search(spotify.client(), songs, now),
        )
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
            "deferred": report_degraded(context, workspace, labs_trouble or search_trouble),
        },
    )


def _from_labs(client: ListenBrainzLabs, songs: pl.DataFrame, now: datetime) -> Iterator[pl.DataFrame]:
    """By recording first; a recording that is not known, or known by another name, falls back to the name."""
    for batch in songs.iter_slices(ROWS_A_CALL):
        offered = client.by_recording(batch["mbid"].drop_nulls().to_list())
        rows = batch.to_dicts()
        taken = [best_offer(row["artist"], row["title"], offered.get(row["mbid"] or "", [])) for row in rows]
        rest = [place for place, offer in enumerate(taken) if offer is None]
        names = [(rows[place]["artist"], rows[place]["title"], rows[place]["album"]) for place in rest]
        for place, offers in zip(rest, client.by_name(names) if names else [], strict=True):
            taken[place] = best_offer(rows[place]["artist"], rows[place]["title"], offers)
        yield pl.concat([linking.answer(row, offer, "labs", now) for row, offer in zip(rows, taken, strict=True)])


def _from_search(client: Spotify, songs: pl.DataFrame, now: datetime) -> Iterator[pl.DataFrame]:
    for row in songs.iter_rows(named=True):
        offers = client.search(row["artist"], row["title"])
        yield linking.answer(row, best_offer(row["artist"], row["title"], offers), "search", now)
