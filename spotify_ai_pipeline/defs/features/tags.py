"""Tags: what people call each song, from the recording where somebody tagged it, else from its artist."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.tag_call_budget import TagCallBudget
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.listenbrainz import RECORDINGS_A_CALL, ListenBrainz
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.features.providers import (
    coverage,
    moment,
    open_questions,
    sound_rows,
)
from spotify_ai_pipeline.defs.groups import FEATURES
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import LastFmResource, ListenBrainzResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.embedding.tags import blend, clean, with_heard
from spotify_ai_pipeline.storage import datasets

TELL_EVERY = 250

Weights = Mapping[str, float]
Said = dict[str, tuple[Weights, str]]
"""Tags, and who said them."""


@dataclass
class Known:
    """The tags that this run learned."""

    songs: Said = field(default_factory=Said)
    """By song id: what was said of the recording."""
    artists: Said = field(default_factory=Said)
    """By ``artist_key``."""
    asked: set[str] = field(default_factory=set[str])
    """Songs whose turn it was with every provider."""


@registered_asset(group_name=FEATURES, kinds={"lastfm", "parquet"}, deps=["ears"])
def tags(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    listenbrainz: ListenBrainzResource,
    lastfm: LastFmResource,
    songs: pl.DataFrame,
    listens: pl.DataFrame,
) -> dg.MaterializeResult:
    """Tags of each song with weights 0 to 1, from the first provider (``features.tag_providers``) that has tags of the
    recording; else those of its artist at half weight, until somebody tags the recording; else what is heard in it (``ears``)."""
    kept, wanted = open_questions(frame_of(workspace.lake, datasets.TAGS), songs, listens, workspace.now())
    known, trouble = Known(asked=set(wanted["song_id"])), None
    for name in workspace.settings.features.tag_providers:
        rest = wanted.filter(~pl.col("song_id").is_in(list(known.songs)))
        try:
            if name == "listenbrainz":
                _ask_listenbrainz(listenbrainz.client(), rest, known)
            elif workspace.workspace.secrets.has_lastfm:
                _ask_lastfm(context, lastfm.client(), rest, workspace.settings.features.tag_songs_per_run, known)
        except ExpectedError as error:
            known.asked.clear()
            trouble = trouble or error
    fresh = _rows(wanted, known, moment(workspace.now()), timedelta(days=workspace.settings.features.ask_again_days))
    table = with_heard(pl.concat([kept, fresh]), frame_of(workspace.lake, datasets.EARS))
    every = table.explode("tags").unnest("tags").drop_nulls("tag")
    common = every.group_by("tag").len().sort("len", "tag", descending=[True, False]).head(12)
    waiting = wanted.height - len(known.songs.keys() | known.asked)
    return dg.MaterializeResult(
        value=table,
        metadata={
            "asked now": fresh.height,
            **coverage(table, songs, "tags"),
            "waiting for their turn at Last.fm": waiting,
            **report_degraded(context, workspace, trouble),
            "most common tags": bar_chart(common["tag"].to_list(), common["len"].to_list(), "songs by tag"),
        },
    )


@dg.asset_check(
    asset=tags, description="Weights are above 0 and at most 1, and no song has one tag twice or tags from nobody."
)
def tags_are_sound(tags: pl.DataFrame) -> dg.AssetCheckResult:
    weights = pl.col("tags").list.eval(pl.element().struct.field("weight"))
    names = pl.col("tags").list.eval(pl.element().struct.field("tag"))
    wrong = (weights.list.min() <= 0) | (weights.list.max() > 1) | (names.list.n_unique() < names.list.len())
    return sound_rows(tags, pl.col("tags").list.len() > 0, wrong)


def _ask_listenbrainz(client: ListenBrainz, songs: pl.DataFrame, known: Known) -> None:
    """Tags of songs with a known recording; what it says of an artist serves for the artist's other songs."""
    recordings = songs.drop_nulls("mbid").select("mbid", "song_id", "artist_key")
    for batch in recordings.iter_slices(RECORDINGS_A_CALL):
        found = client.recording_tags(batch["mbid"].to_list())
        for mbid, song, artist in batch.iter_rows():
            if mbid in found and found[mbid].own:
                known.songs[song] = found[mbid].own, "listenbrainz"
            if mbid in found and found[mbid].artist:
                known.artists.setdefault(artist, (found[mbid].artist, "listenbrainz"))


def _ask_lastfm(
    context: dg.AssetExecutionContext, client: LastFm, songs: pl.DataFrame, most: int, known: Known
) -> None:
    """Tags of the ``most`` played songs; then of the artists of those without tags of their own, each once."""
    turn = songs.select("song_id", "artist", "title", "artist_key").head(most)
    known.asked -= set(songs["song_id"][most:])
    allowance = TagCallBudget(turn["artist_key"].to_list(), known.artists)
    without: dict[str, str] = {}
    for count, (song, artist, title, artist_key) in enumerate(turn.iter_rows(), 1):
        found = client.track_tags(artist, title) if allowance.take() else {}
        if found:
            known.songs[song] = found, "lastfm"
            allowance.answered(artist_key)
        else:
            without.setdefault(artist_key, artist)
        if count % TELL_EVERY == 0:
            context.log.info(f"tags of {count:,} of {turn.height:,} songs")
    for artist_key, artist in without.items():
        if artist_key not in known.artists and (found := client.artist_tags(artist)):
            known.artists[artist_key] = found, "lastfm"


def _rows(songs: pl.DataFrame, known: Known, now: datetime, patience: timedelta) -> pl.DataFrame:
    """A row for each song of which something is known, or about which everybody was asked in vain. One that had to do with
    its artist's tags is asked about again: after ``patience``, or in the next run where it was not its turn yet."""
    rows: list[dict[str, object]] = []
    for song, artist, artists, artist_key in songs.select("song_id", "artist", "artists", "artist_key").iter_rows():
        own, source = known.songs.get(song, ({}, None))
        of_artist, of_artist_source = known.artists.get(artist_key, ({}, None))
        weights = clean(blend(own, of_artist), [artist, *artists])
        if not weights and song not in known.asked:
            continue
        rows.append(
            {
                "song_id": song,
                "tags": [{"tag": tag, "weight": weight} for tag, weight in weights.items()],
                "source": (source or f"{of_artist_source} artist") if weights else None,
                "retry_at": None if own and weights else now + patience if song in known.asked else now,
            }
        )
    return pl.DataFrame(rows, schema=datasets.TAGS.schema)
