"""Histories as JSON: lastfm.ghan.nl, lastfmstats.com, maloja, Koito, Pano Scrobbler. Times are UTC and starts of plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

import polars as pl

from spotify_ai_pipeline.importers.objects import json_rows, json_sample
from spotify_ai_pipeline.importers.parse import HEAD_BYTES, Batch, from_epoch, sift, wrong_time
from spotify_ai_pipeline.music.plays.records import (
    KOITO,
    LASTFM_EXPORT,
    MALOJA,
    PANO_SCROBBLER,
    Source,
)
from spotify_ai_pipeline.music.sieve import clean_mbid, clean_text, missing

NAME = "JSON of lastfm.ghan.nl, lastfmstats.com, maloja, Koito or Pano Scrobbler"

TEXT, COUNT = pl.String(), pl.Int64()
TEXTS = pl.List(TEXT)
NAMED = pl.Struct({"#text": TEXT, "name": TEXT})
ALIASES = pl.List(pl.Struct({"alias": TEXT, "is_primary": pl.Boolean()}))


@dataclass(frozen=True)
class Layout:
    """A layout: the array in which its rows lie, what a row must have, the fields that are read, and the play they make."""

    under: str
    keys: Callable[[Mapping[str, Any]], bool]
    schema: Mapping[str, pl.DataType]
    source: Source
    play: Mapping[str, pl.Expr]
    no_play: pl.Expr = pl.lit(False)  # noqa: RUF009


def _primary(aliases: pl.Expr) -> pl.Expr:
    """The alias that is marked as the name, else the first."""
    named = aliases.list.filter(pl.element().struct.field("alias").is_not_null())
    marked = named.list.filter(pl.element().struct.field("is_primary").fill_null(False))
    return pl.coalesce(marked.list.first().struct.field("alias"), named.list.first().struct.field("alias"))


def _text(struct: str) -> pl.Expr:
    named = pl.col(struct).struct
    return pl.coalesce(named.field("#text"), named.field("name"))


_MALOJA_ALBUM = pl.col("track").struct.field("album").struct
LAYOUTS = (
    Layout(
        "scrobbles",
        lambda row: "date" in row and isinstance(row.get("track"), str),
        {"track": TEXT, "artist": TEXT, "album": TEXT, "date": COUNT},
        LASTFM_EXPORT,
        {
            "title": pl.col("track"),
            "artist": pl.col("artist"),
            "album": pl.col("album"),
            "at": from_epoch(pl.col("date")),
        },
    ),
    *(
        Layout(
            under,
            lambda row: "time" in row and isinstance(row.get("track"), dict),
            {
                "time": COUNT,
                "track": pl.Struct(
                    {
                        "artists": TEXTS,
                        "title": TEXT,
                        "album": pl.Struct({"albumtitle": TEXT, "name": TEXT}),
                        "length": COUNT,
                    }
                ),
                "origin": TEXT,
            },
            MALOJA,
            {
                "artist": pl.col("track").struct.field("artists").list.drop_nulls().list.join(", "),
                "title": pl.col("track").struct.field("title"),
                "album": pl.coalesce(_MALOJA_ALBUM.field("albumtitle"), _MALOJA_ALBUM.field("name")),
                "duration_ms": pl.col("track").struct.field("length") * 1_000,
                "device": pl.col("origin"),
                "at": from_epoch(pl.col("time")),
            },
        )
        for under in ("scrobbles", "list")
    ),
    *(
        Layout(
            under,
            lambda row: {"time", "artists", "title"} <= row.keys(),
            {"time": COUNT, "artists": TEXTS, "title": TEXT, "album": TEXT, "duration": COUNT},
            MALOJA,
            {
                "artist": pl.col("artists").list.drop_nulls().list.join(", "),
                "title": pl.col("title"),
                "album": pl.col("album"),
                "duration_ms": pl.col("duration") * 1_000,
                "at": from_epoch(pl.col("time")),
            },
        )
        for under in ("list", "scrobbles")
    ),
    Layout(
        "listens",
        lambda row: "listened_at" in row and isinstance(row.get("track"), dict),
        {
            "listened_at": TEXT,
            "client": TEXT,
            "track": pl.Struct({"mbid": TEXT, "duration": COUNT, "aliases": ALIASES}),
            "album": pl.Struct({"aliases": ALIASES}),
            "artists": pl.List(pl.Struct({"aliases": ALIASES})),
        },
        KOITO,
        {
            "artist": pl.col("artists")
            .list.eval(_primary(pl.element().struct.field("aliases")).drop_nulls())
            .list.join(", "),
            "title": _primary(pl.col("track").struct.field("aliases")),
            "album": _primary(pl.col("album").struct.field("aliases")),
            "track_mbid": pl.col("track").struct.field("mbid"),
            "duration_ms": pl.col("track").struct.field("duration") * 1_000,
            "device": pl.col("client"),
            "at": pl.col("listened_at")
            .str.replace(r"\.\d+", "")
            .str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_unit="ms", strict=False)
            .dt.convert_time_zone("UTC"),
        },
    ),
    *(
        Layout(
            under,
            lambda row: isinstance(row.get("artist"), dict) and "name" in row,
            {
                "artist": NAMED,
                "name": TEXT,
                "album": NAMED,
                "mbid": TEXT,
                "date": pl.Struct({"uts": COUNT}),
                "@attr": pl.Struct({"nowplaying": TEXT}),
            },
            LASTFM_EXPORT,
            {
                "artist": _text("artist"),
                "title": pl.col("name"),
                "album": _text("album"),
                "track_mbid": pl.col("mbid"),
                "at": from_epoch(pl.col("date").struct.field("uts")),
            },
            no_play=(pl.col("@attr").struct.field("nowplaying") == "true").fill_null(False),
        )
        for under in ("", "track")
    ),
    Layout(
        "",
        lambda row: "timeMs" in row and "track" in row,
        {
            "timeMs": COUNT,
            "artist": TEXT,
            "track": TEXT,
            "album": TEXT,
            "durationMs": COUNT,
            "mediaPlayerName": TEXT,
            "mediaPlayerPackage": TEXT,
            "event": TEXT,
        },
        PANO_SCROBBLER,
        {
            "artist": pl.col("artist"),
            "title": pl.col("track"),
            "album": pl.col("album"),
            "duration_ms": pl.col("durationMs"),
            "device": pl.coalesce("mediaPlayerName", "mediaPlayerPackage"),
            "at": from_epoch(pl.col("timeMs")),
        },
        no_play=pl.col("event").is_in(["love", "unlove"]).fill_null(False),
    ),
)


def recognises(name: str, head: bytes) -> bool:
    return _layout(head) is not None


def read(stream: BufferedReader) -> Iterator[Batch]:
    layout = _layout(stream.peek(HEAD_BYTES)[:HEAD_BYTES])
    assert layout is not None, "read after recognised"
    for rows, unreadable in json_rows(stream, layout.schema, layout.under):
        plays = rows.filter(~layout.no_play)
        told = plays.select("line", **layout.play)
        absent = [
            pl.lit(None, kind).alias(name)
            for name, kind in (("album", TEXT), ("track_mbid", TEXT), ("duration_ms", COUNT), ("device", TEXT))
            if name not in told.columns
        ]
        whole = told.with_columns(absent).with_columns(
            *[clean_text(name) for name in ("artist", "title", "album", "device")], clean_mbid("track_mbid")
        )
        right, broken = sift(whole, {**wrong_time("at"), "no artist": missing("artist"), "no title": missing("title")})
        known = right.select(
            "artist", "title", "album", "track_mbid", "device",
            source=pl.lit(layout.source.name),
            played_at="at",
            stamped_at="at",
            duration_ms=pl.when(pl.col("duration_ms") > 0).then("duration_ms"),
        )  # fmt: skip
        yield Batch(known, rows.height + len(unreadable), unreadable + broken, no_music=rows.height - plays.height)


def _layout(head: bytes) -> Layout | None:
    return next(
        (layout for layout in LAYOUTS if any(map(layout.keys, json_sample(head, layout.under)))),
        None,
    )
