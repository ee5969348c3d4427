"""Features: what each song sounds like and is called, from services that still say so."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from spotify_ai_pipeline.assets.deferral import note
from spotify_ai_pipeline.assets.groups import FEATURES, OWNERS
from spotify_ai_pipeline.assets.io import frame_of
from spotify_ai_pipeline.assets.plots import bar_chart
from spotify_ai_pipeline.assets.resources import (
    HomeResource,
    LastFmResource,
    ListenBrainzResource,
    ReccoBeatsResource,
    SpotifyResource,
)
from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.services.capabilities import capable
from spotify_ai_pipeline.services.lastfm import LastFm
from spotify_ai_pipeline.services.listenbrainz import ListenBrainz
from spotify_ai_pipeline.services.reccobeats import AUDIO_FEATURES

ASK_AGAIN_AFTER = timedelta(days=90)
"""A song that no provider knew is asked about again after this time."""

ASKED = pl.Datetime("ms", "UTC")
AUDIO = {
    "song_id": pl.String(),
    "track_id": pl.String(),
    **dict.fromkeys(AUDIO_FEATURES, pl.Float64()),
    "source": pl.String(),
    "asked_at": ASKED,
}
TAGS = {
    "song_id": pl.String(),
    "tags": pl.List(pl.Struct({"tag": pl.String(), "weight": pl.Float64()})),
    "source": pl.String(),
    "asked_at": ASKED,
}


@dg.asset(group_name=FEATURES, kinds={"parquet"}, owners=OWNERS, code_version="1")
def audio_features(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    spotify: SpotifyResource,
    reccobeats: ReccoBeatsResource,
    songs: pl.DataFrame,
) -> dg.MaterializeResult:
    """Eleven audio features of each song by Spotify id: from Spotify where this app may still ask it, else from ReccoBeats.
    Unknown stays null, with the day it was asked."""
    kept = _still_good(frame_of(home.lake, FEATURES, "audio_features", AUDIO), songs, home.now())
    wanted = (
        songs.filter(pl.col("track_id").is_not_null())
        .join(kept, on="song_id", how="anti")
        .select("song_id", "track_id")
    )
    song_of = dict(wanted.select("track_id", "song_id").iter_rows())
    asked_at = _moment(home.now())

    def row(track: str, features: dict[str, float], source: str | None) -> dict[str, object]:
        return {"song_id": song_of[track], "track_id": track, **features, "source": source, "asked_at": asked_at}

    def answers() -> Iterator[pl.DataFrame]:
        rest = list(song_of)
        if capable(home.home, "audio-features"):
            for _, found in spotify.client().audio_features(rest):
                yield pl.DataFrame([row(track, features, "spotify") for track, features in found.items()], schema=AUDIO)
                rest = [track for track in rest if track not in found]
        for asked, found in reccobeats.client().audio_features(rest):
            known = dict.fromkeys(found, "reccobeats")
            yield pl.DataFrame([row(track, found.get(track, {}), known.get(track)) for track in asked], schema=AUDIO)

    table, trouble = _gather(kept, answers())
    return dg.MaterializeResult(
        value=table,
        metadata={
            "asked now": table.height - kept.height,
            "unknown": int(table["source"].is_null().sum()),
            "deferred": note(context, home, trouble),
        },
    )


@dg.asset(group_name=FEATURES, kinds={"lastfm", "parquet"}, owners=OWNERS, code_version="1")
def tags(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    listenbrainz: ListenBrainzResource,
    lastfm: LastFmResource,
    songs: pl.DataFrame,
    listens: pl.DataFrame,
) -> dg.MaterializeResult:
    """Tags of each song with weights 0 to 1: from ListenBrainz where the recording's MBID is known, a thousand a call; else
    those of the artist from Last.fm at half weight, most played artists first."""
    kept = _still_good(frame_of(home.lake, FEATURES, "tags", TAGS), songs, home.now())
    wanted = songs.join(kept, on="song_id", how="anti")
    asked_at = _moment(home.now())
    by_recording, trouble = _gather(kept, _by_recording(listenbrainz.client(), wanted, asked_at))
    plays = listens.group_by("song_id").len("plays")
    rest = songs.join(by_recording, on="song_id", how="anti").join(plays, on="song_id", how="left")
    most = home.settings.features.tag_artists_per_run
    asked = _by_artist(context, lastfm.client(), rest, most, asked_at) if home.home.secrets.has_lastfm else iter(())
    by_artist, trouble_too = _gather(by_recording, asked)
    every = by_artist.explode("tags").unnest("tags").drop_nulls("tag")
    common = every.group_by("tag").len().sort("len", "tag", descending=[True, False]).head(12)
    return dg.MaterializeResult(
        value=by_artist,
        metadata={
            "asked now": by_artist.height - kept.height,
            "without any tag": int((by_artist["tags"].list.len() == 0).sum()),
            "songs not asked about yet": songs.height - by_artist.height,
            "deferred": note(context, home, trouble or trouble_too),
            "most common tags": bar_chart(common["tag"].to_list(), common["len"].to_list(), "songs by tag"),
        },
    )


def _by_recording(client: ListenBrainz, songs: pl.DataFrame, asked_at: datetime) -> Iterator[pl.DataFrame]:
    """Tags of the songs whose recordings ListenBrainz has tags for; others are left to the next provider."""
    recordings = songs.filter(pl.col("mbid").is_not_null()).select("song_id", "mbid")
    for start in range(0, recordings.height, 1_000):
        batch = recordings.slice(start, 1_000)
        found = client.recording_tags(batch["mbid"].to_list())
        yield _tag_rows(
            [(song, found[mbid]) for song, mbid in batch.iter_rows() if found.get(mbid)], "listenbrainz", asked_at
        )


def _by_artist(
    context: dg.AssetExecutionContext, client: LastFm, songs: pl.DataFrame, most: int, asked_at: datetime
) -> Iterator[pl.DataFrame]:
    """Tags of the songs' artists; a song whose artist has none gets an empty list, so that it is not asked again at once."""
    artists = (
        songs.group_by("artist_key")
        .agg(pl.first("artist"), "song_id", pl.sum("plays"))
        .sort("plays", "artist_key", descending=[True, False])
    )
    for count, (_, artist, song_ids, _) in enumerate(artists.head(most).iter_rows(), 1):
        weights = {tag: weight / 2 for tag, weight in client.artist_tags(artist).items()}
        if count % 100 == 0:
            context.log.info(f"tags of {count:,} artists")
        yield _tag_rows([(song, weights) for song in song_ids], "lastfm", asked_at)


def _tag_rows(rows: list[tuple[str, dict[str, float]]], source: str, asked_at: datetime) -> pl.DataFrame:
    records = [
        {
            "song_id": song,
            "tags": [{"tag": tag, "weight": weight} for tag, weight in weights.items()],
            "source": source,
            "asked_at": asked_at,
        }
        for song, weights in rows
    ]
    return pl.DataFrame(records, schema=TAGS)


def _gather(kept: pl.DataFrame, answers: Iterator[pl.DataFrame]) -> tuple[pl.DataFrame, Problem | None]:
    """(what was kept and what came, why it stopped early): a provider in trouble loses nothing that it said before."""
    frames, trouble = [kept], None
    try:
        frames.extend(answers)
    except Problem as error:
        trouble = error
    return pl.concat(frames), trouble


def _still_good(known: pl.DataFrame, songs: pl.DataFrame, now: float) -> pl.DataFrame:
    """Known rows of songs that still exist, without those whose unknowns are due to be asked again."""
    empty = pl.col("tags").list.len() == 0 if "tags" in known.columns else pl.col("source").is_null()
    due = empty & (pl.col("asked_at") < _moment(now) - ASK_AGAIN_AFTER)
    return known.filter(~due).join(songs.select("song_id"), on="song_id", how="semi")


def _moment(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)
