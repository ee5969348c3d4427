"""What the assets that listen to sound share: fetched song by song, measured in bounded time, nothing measured twice."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.features.providers import Ask
from spotify_ai_pipeline.defs.resources import SoundsResource, WorkspaceResource
from spotify_ai_pipeline.encoders import analysis
from spotify_ai_pipeline.encoders.sound import Unreadable, Wave, decode

Result = TypeVar("Result")

KEPT = "measured here"
TELL_EVERY = 50


class TooLong(Exception):
    """Something was not done by the time it was given."""


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """The result of ``work``, or ``TooLong`` after ``seconds``: it is then left to itself, which no run waits for."""
    done: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise TooLong
    return done[0]


def waves(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    sounds: SoundsResource,
    provider: str,
    songs: pl.DataFrame,
    rate: int,
) -> Iterator[tuple[str, Wave | None]]:
    """(song, its sound at ``rate``) of each of ``songs``; None where ``provider`` has none, or none that can be read in time."""
    client, seconds = sounds.client(provider), workspace.settings.features.sound_seconds
    for count, (song, artist, title, isrc) in enumerate(
        songs.select("song_id", "artist", "title", "isrc").iter_rows(), 1
    ):
        wave = None
        try:
            if (sound := client.sound(artist, title, isrc)) is not None:
                wave = within(seconds, lambda sound=sound: decode(sound, rate))
        except Unreadable as error:
            context.log.warning(f"{artist} - {title}: {error}")
        except TooLong:
            context.log.warning(f"{artist} - {title}: the sound could not be read in {seconds:g} s")
        if count % TELL_EVERY == 0:
            context.log.info(f"listened to {count:,} songs")
        yield song, wave


def measured(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    sounds: SoundsResource,
    provider: str,
    songs: pl.DataFrame,
) -> Ask:
    """The audio features that can be measured in the sound of ``provider``, as a provider of its own."""
    seconds = workspace.settings.features.sound_seconds

    def ask(song_ids: Sequence[str]) -> Iterator[tuple[Collection[str], Mapping[str, Mapping[str, Any]]]]:
        kept = workspace.workspace.answers.get(f"{provider} {KEPT}", song_ids)
        yield list(kept), kept
        wanted = songs.filter(pl.col("song_id").is_in(song_ids) & ~pl.col("song_id").is_in(list(kept)))
        some = wanted.head(workspace.settings.features.sound_songs_per_run)
        if some.height:
            analysis.warm_up()
        for song, wave in waves(context, workspace, sounds, provider, some, analysis.RATE):
            found: dict[str, float] = {}
            if wave is not None:
                try:
                    found = within(seconds, lambda wave=wave: analysis.measure(wave))
                except TooLong:
                    context.log.warning(f"{song}: not measured in {seconds:g} s")
            if found:
                workspace.workspace.answers.put(f"{provider} {KEPT}", {song: found})
            yield [song], {song: found} if found else {}

    return ask
