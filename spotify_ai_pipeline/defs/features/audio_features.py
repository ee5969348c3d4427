"""Audio features: eleven numbers a song, from services that still say them, or measured here."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import dagster as dg
import polars as pl

from spotify_ai_pipeline.app.spotify_capabilities import capable
from spotify_ai_pipeline.clients.reccobeats import AUDIO_FEATURES, ReccoBeats
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.features.providers import (
    Ask,
    ask_in_order,
    coverage,
    open_questions,
    sound_rows,
)
from spotify_ai_pipeline.defs.features.sounds import Hearing, heard
from spotify_ai_pipeline.defs.groups import FEATURES
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import ReccoBeatsResource, SoundsResource, SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.encoders import analysis
from spotify_ai_pipeline.storage import datasets

SHARES = ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence")
MEASURED = Hearing(
    "measured here",
    analysis.RATE,
    lambda waves: [analysis.measure(wave) for wave in waves],
    ready=analysis.warm_up,
)


@registered_asset(group_name=FEATURES, kinds={"parquet"})
def audio_features(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    spotify: SpotifyResource,
    reccobeats: ReccoBeatsResource,
    sounds: SoundsResource,
    songs: pl.DataFrame,
    listens: pl.DataFrame,
) -> dg.MaterializeResult:
    """Eleven audio features of each song, from the first provider (``features.audio_providers``) that knows them. Unknown
    stays null, with the day to ask again; what is measured here (files, deezer, itunes) knows no more than the tempo, the key,
    the mode and the loudness."""
    known = _as_they_are_asked_for(frame_of(workspace.lake, datasets.AUDIO_FEATURES), songs)
    kept, wanted = open_questions(known, songs, listens, workspace.now())
    providers: dict[str, Ask] = {}
    for name in workspace.settings.features.audio_providers:
        if name == "spotify" and capable(workspace.workspace, "audio-features"):
            providers[name] = _by_spotify(spotify.client(), wanted)
        elif name == "reccobeats":
            providers[name] = _by_reccobeats(reccobeats.client(), wanted)
        elif name != "spotify":
            providers[name] = heard(context, workspace, sounds, name, wanted, MEASURED)
    rows, trouble = ask_in_order(providers, wanted["song_id"].to_list(), workspace)
    fresh = (
        pl.DataFrame(rows, schema=datasets.AUDIO_FEATURES.schema)
        .drop("track_id")
        .join(songs.select("song_id", "track_id"), on="song_id")
    )
    table = pl.concat([kept, fresh.select(kept.columns)])
    return dg.MaterializeResult(
        value=table,
        metadata={
            "asked now": fresh.height,
            **coverage(table, songs, "audio features"),
            **report_degraded(context, workspace, trouble),
        },
    )


@dg.asset_check(
    asset=audio_features, description="Features are on their scales, from somebody who is named; unknown ones are null."
)
def audio_features_are_sound(audio_features: pl.DataFrame) -> dg.AssetCheckResult:
    off = [~pl.col(name).is_between(0, 1) for name in SHARES]
    off += [~pl.col("loudness").is_between(-100, 10), ~pl.col("tempo").is_between(0, 400)]
    off += [~pl.col("key").is_between(-1, 11), ~pl.col("mode").is_between(0, 1)]
    some = pl.any_horizontal(pl.col(name).is_not_null() for name in AUDIO_FEATURES)
    return sound_rows(audio_features, some, pl.any_horizontal(one.fill_null(value=False) for one in off))


def _as_they_are_asked_for(known: pl.DataFrame, songs: pl.DataFrame) -> pl.DataFrame:
    """Known rows without the unknown ones of songs that have another Spotify id by now."""
    now = known.select("song_id").join(
        songs.select("song_id", "track_id"), on="song_id", how="left", maintain_order="left"
    )
    return known.filter(pl.col("source").is_not_null() | pl.col("track_id").eq_missing(now["track_id"]))


def _by_spotify(client: Spotify, songs: pl.DataFrame) -> Ask:
    return lambda song_ids: _by(client.audio_features, songs, "track_id", song_ids)


def _by_reccobeats(client: ReccoBeats, songs: pl.DataFrame) -> Ask:
    """Asks by Spotify id, then by ISRC for what is not known by its id: another release of the recording may be."""

    def ask(song_ids: Sequence[str]) -> Iterator[tuple[Collection[str], Mapping[str, Mapping[str, float]]]]:
        silent = set(song_ids)
        for _, found in _by(client.audio_features, songs, "track_id", song_ids):
            silent -= set(found)
            yield list(found), found
        yield from _by(client.audio_features, songs, "isrc", [song for song in song_ids if song in silent])

    return ask


def _by(
    look_up: Callable[[Sequence[str]], Iterator[tuple[Sequence[str], dict[str, dict[str, float]]]]],
    songs: pl.DataFrame,
    key: str,
    song_ids: Sequence[str],
) -> Iterator[tuple[Collection[str], Mapping[str, Mapping[str, float]]]]:
    """``look_up`` by the songs' ``key``, told by song; a song without that key is asked about in vain."""
    wanted = songs.filter(pl.col("song_id").is_in(song_ids))
    songs_of = dict(wanted.drop_nulls(key).group_by(key, maintain_order=True).agg("song_id").iter_rows())
    yield wanted.filter(pl.col(key).is_null())["song_id"].to_list(), {}
    for asked, found in look_up(list(songs_of)):
        yield (
            [song for one in asked for song in songs_of[one]],
            {song: features for one, features in found.items() for song in songs_of[one]},
        )
