"""The common part of the assets that listen to sound: songs are fetched song by song, measured in bounded time, nothing
measured twice."""

import base64
import itertools
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import dagster as dg
import numpy as np
import polars as pl
from numpy.typing import NDArray

from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.features.providers import Ask, Values, ask_in_order, coverage, off, open_questions
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.resources import SoundsResource, WorkspaceResource
from spotify_ai_pipeline.encoders.sound import Unreadable, Wave, decode
from spotify_ai_pipeline.storage.lake import Dataset

Result = TypeVar("Result")

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


@dataclass(frozen=True)
class Hearing:
    """A way to hear songs: what is kept of each, and what is told of it."""

    name: str
    """The name under which it is kept of each provider; with what it depends on."""
    rate: int
    hear: Callable[[list[Wave]], Sequence[Any]]
    """What is heard in each of some sounds, as JSON; what is empty is not kept."""
    values: Callable[[Any], Values] = lambda kept: kept
    ready: Callable[[], object] = lambda: None
    """Called before anything is fetched; says what is missing."""
    together: int = 1
    """Songs that are heard at once."""
    model: str = ""
    """The model in the settings, where there are several: what another heard is heard anew."""


def heard(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    sounds: SoundsResource,
    provider: str,
    songs: pl.DataFrame,
    hearing: Hearing,
) -> Ask:
    """A provider of what is heard in the sound of ``provider``. It is kept as soon as it is known: a run that is
    cut is resumed, and no song is heard twice."""
    settings, answers, kind = workspace.settings.features, workspace.workspace.answers, f"{hearing.name} {provider}"

    def ask(song_ids: Sequence[str]) -> Iterator[tuple[Collection[str], Mapping[str, Values]]]:
        kept = answers.get(kind, song_ids)
        yield list(kept), {song: hearing.values(one) for song, one in kept.items()}
        wanted = songs.filter(pl.col("song_id").is_in(song_ids) & ~pl.col("song_id").is_in(list(kept)))
        some = wanted.head(settings.sound_songs_per_run)
        if some.is_empty():
            return
        hearing.ready()
        listened = waves(context, workspace, sounds, provider, some, hearing.rate)
        while part := dict(itertools.islice(listened, hearing.together)):
            hearable = {song: wave for song, wave in part.items() if wave is not None}
            made: dict[str, Any] = {}
            try:
                told = within(
                    settings.sound_seconds * hearing.together,
                    lambda hearable=hearable: hearing.hear(list(hearable.values())),
                )
                made = {song: one for song, one in zip(hearable, told, strict=True) if one}
            except TooLong:
                context.log.warning(f"{', '.join(hearable)}: not heard in time")
            answers.put(kind, made)
            yield list(part), {song: hearing.values(one) for song, one in made.items()}

    return ask


def hear_songs(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    sounds: SoundsResource,
    songs: pl.DataFrame,
    listens: pl.DataFrame,
    dataset: Dataset,
    names: Sequence[str],
    hearing: Hearing,
) -> dg.MaterializeResult:
    """The table ``dataset`` of what is heard in each song by the providers ``names``; empty where there are none. What was heard
    once is not heard again, unless by another model."""
    if not names:
        return off(context, workspace, dataset, f"features.{dataset.name}_providers")
    known = frame_of(workspace.lake, dataset)
    if hearing.model:
        known = known.filter(pl.col("source").is_null() | (pl.col("model") == hearing.model))
    kept, wanted = open_questions(known, songs, listens, workspace.now())
    providers = {name: heard(context, workspace, sounds, name, wanted, hearing) for name in names}
    rows, trouble = ask_in_order(providers, wanted["song_id"].to_list(), workspace)
    table = pl.concat([kept, pl.DataFrame(rows, schema=dataset.schema)])
    told = {"asked now": len(rows), **coverage(table, songs, "sound"), "heard by": hearing.name}
    return dg.MaterializeResult(value=table, metadata={**told, **report_degraded(context, workspace, trouble)})


def packed(vector: NDArray[np.float32]) -> str:
    """A vector as it is kept among answers."""
    return base64.b64encode(vector.tobytes()).decode()


def unpacked(kept: str) -> list[float]:
    return np.frombuffer(base64.b64decode(kept), np.float32).tolist()
