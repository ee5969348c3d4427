"""Lyrics: what a song is about, as a vector of its words; and whether it has words at all."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg
import polars as pl

from spotify_ai_pipeline.clients.lrclib import LrcLib
from spotify_ai_pipeline.defs.degraded import report_degraded
from spotify_ai_pipeline.defs.features.providers import (
    Ask,
    ask_in_order,
    coverage,
    off,
    off_unit_length,
    open_questions,
    sound_rows,
)
from spotify_ai_pipeline.defs.groups import FEATURES
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import LrcLibResource, WorkspaceResource
from spotify_ai_pipeline.encoders.sentences import Sentences
from spotify_ai_pipeline.storage import datasets

TOGETHER = 32
"""Songs whose words go through the model together."""


@registered_asset(group_name=FEATURES, kinds={"numpy", "parquet"})
def lyrics(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    lrclib: LrcLibResource,
    songs: pl.DataFrame,
    listens: pl.DataFrame,
) -> dg.MaterializeResult:
    """A unit vector of what each song says, or that it is instrumental; empty where ``features.lyrics_providers`` is. The words
    themselves are not kept here."""
    settings = workspace.settings.features
    if not settings.lyrics_providers:
        return off(context, workspace, datasets.LYRICS, "features.lyrics_providers")
    kept, wanted = open_questions(frame_of(workspace.lake, datasets.LYRICS), songs, listens, workspace.now())
    ask = _by_lrclib(context, lrclib.client(), wanted.head(settings.lyrics_songs_per_run))
    rows, trouble = ask_in_order(dict.fromkeys(settings.lyrics_providers, ask), wanted["song_id"].to_list(), workspace)
    table = pl.concat([kept, pl.DataFrame(rows, schema=datasets.LYRICS.schema)])
    return dg.MaterializeResult(
        value=table,
        metadata={
            "asked now": len(rows),
            **coverage(table, songs, "lyrics"),
            "instrumental": int(table["instrumental"].sum()),
            **report_degraded(context, workspace, trouble),
        },
    )


@dg.asset_check(
    asset=lyrics, description="A song with words has a vector of unit length, an instrumental or unknown one has none."
)
def lyrics_are_sound(lyrics: pl.DataFrame) -> dg.AssetCheckResult:
    wordless = pl.col("vector").is_null()
    wrong = (pl.col("instrumental") != wordless) | off_unit_length(lyrics)
    return sound_rows(lyrics, pl.col("instrumental").is_not_null(), wrong)


def _by_lrclib(context: dg.AssetExecutionContext, client: LrcLib, songs: pl.DataFrame) -> Ask:
    model = cache(Sentences)

    def ask(song_ids: Sequence[str]) -> Iterator[tuple[Collection[str], Mapping[str, Mapping[str, Any]]]]:
        asked = 0
        for part in songs.filter(pl.col("song_id").is_in(song_ids)).iter_slices(TOGETHER):
            sung = {
                song: client.lyrics(artist, title)
                for song, artist, title in part.select("song_id", "artist", "title").iter_rows()
            }
            texts = {song: _once(found.text) for song, found in sung.items() if found and not found.instrumental}
            vectors = model().vectors(list(texts.values())) if texts else []
            read = dict(zip(texts, vectors, strict=True))
            yield (
                list(sung),
                {
                    song: {"instrumental": found.instrumental, "vector": read[song].tolist() if song in read else None}
                    for song, found in sung.items()
                    if found
                },
            )
            asked += len(sung)
            context.log.info(f"lyrics of {asked:,} of {songs.height:,} songs")

    return ask


def _once(text: str) -> str:
    """The lines of a text, each once: a chorus says no more the third time."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(dict.fromkeys(line for line in lines if line))
