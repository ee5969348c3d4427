"""Histories as tables: a play a line, whatever the columns are called and by which sign they are parted.

With a header: lastfm.ghan.nl, lastfmstats.com, Libre.fm, Pano Scrobbler, and any other that has an artist, a title and a time.
Without one: lastfm-to-csv (to the minute) and last2libre. Columns *and* values decide: a column that is called a time and
holds none makes no history. Times are UTC and starts of plays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader

import polars as pl

from spotify_ai_pipeline.importers.parse import HEAD_BYTES, Batch, from_epoch, sift, wrong_time
from spotify_ai_pipeline.importers.tables import Table, table_of, table_rows
from spotify_ai_pipeline.music.plays.records import (
    LASTFM_EXPORT,
    LASTFM_EXPORT_MINUTES,
    LIBREFM_EXPORT,
    PANO_SCROBBLER,
    SCROBBLE_TABLE,
    SCROBBLE_TABLE_MINUTES,
    Source,
)
from spotify_ai_pipeline.music.sieve import clean_mbid, clean_spotify_id, clean_text, missing

NAME = "Last.fm CSV and other tables of plays"

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "artist": ("artist", "artist name", "artist_name", "artistname", "artists", "artist(s)", "performer"),
    "title": ("track", "title", "track name", "track_name", "trackname", "song", "song title", "name"),
    "album": ("album", "album name", "album_name", "release", "release name", "albumname"),
    "track_mbid": ("track_mbid", "trackmbid", "recording_mbid", "mbid"),
    "track_id": ("spotify_id", "spotify id", "spotify_track_uri", "track uri", "spotify uri"),
    "duration_ms": ("durationms", "duration_ms"),
    "device": ("mediaplayername", "client", "player"),
    "event": ("event",),
}
"""What the columns are called, in small letters; the first that is there counts."""
TIMES = (
    "uts", "timestamp", "timems", "time_ms", "unix", "unix time", "unixtime", "epoch", "date#", "ts", "time", "played at",
    "played_at", "playedat", "listened at", "listened_at", "scrobbled at", "scrobbled_at", "scrobble time", "scrobble_time",
    "date", "datetime", "date time", "utc_time", "utc time", "when",
)  # fmt: skip
"""What the time of a play is called. Of several that hold times, the most exact counts."""

SURE = ("uts", "timems")
"""What nothing but the time of a play is called: rows that have none are broken, and the table is a history for all that."""

SECONDS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d %b %Y %H:%M:%S")
MINUTES = ("%d %b %Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d %H:%M")
EPOCH = "epoch"
FORMS = (EPOCH, *SECONDS, *MINUTES)
"""How a time may be written, the most exact first."""
DURATION = re.compile(r"(?:\d{1,2}:)?\d{1,2}:\d\d|\d{1,6}")
MOST_ODD = 0.5
"""Share of the first lines that may lack a time, as what is being played now does."""

TO_CSV = ("artist", "album", "title", "time")
LAST2LIBRE = ("time", "title", "artist", "album", "track_mbid", "", "")


@dataclass(frozen=True)
class Layout:
    """The way in which a table is read."""

    delimiter: str
    names: tuple[str, ...]
    form: str
    """That of the times, one of ``FORMS``."""
    source: Source
    header: bool = True


def recognises(name: str, head: bytes) -> bool:
    return _layout(head) is not None


def holds_times(table: Table) -> bool:
    """Tells whether a column is called as the time of a play is, and holds what may be one: such a table is no list of
    songs."""
    return any(
        not all(DURATION.fullmatch(value) and _form([value]) is None for value in table.column(name))
        for name in table.header
        if _time_name(name)
    )


def read(stream: BufferedReader) -> Iterator[Batch]:
    layout = _layout(stream.peek(HEAD_BYTES)[:HEAD_BYTES])
    assert layout is not None, "read after recognised"
    for rows, unreadable in table_rows(stream, layout.names, delimiter=layout.delimiter, header=layout.header):
        absent = [pl.lit(None, pl.String).alias(name) for name in COLUMNS if name not in rows.columns]
        whole = rows.with_columns(absent).with_columns(
            _moment(pl.col("time"), layout.form).alias("stamped_at"),
            *[clean_text(name) for name in ("artist", "title", "album", "device")],
            clean_mbid("track_mbid"),
            clean_spotify_id("track_id"),
            pl.col("duration_ms").cast(pl.Int64, strict=False),
        )
        no_play = (pl.col("time").str.strip_chars() == "") | pl.col("event").is_in(["love", "unlove"])
        plays = whole.filter(~no_play.fill_null(False))
        right, broken = sift(
            plays, {**wrong_time("stamped_at"), "no artist": missing("artist"), "no title": missing("title")}
        )
        known = right.select(
            "artist", "title", "album", "track_id", "track_mbid", "stamped_at", "device",
            source=pl.lit(layout.source.name),
            played_at="stamped_at",
            duration_ms=pl.when(pl.col("duration_ms") > 0).then("duration_ms"),
        )  # fmt: skip
        yield Batch(known, rows.height + len(unreadable), unreadable + broken, no_music=rows.height - plays.height)


def _layout(head: bytes) -> Layout | None:
    table = table_of(head)
    if table is None:
        return None
    found = {field: next((name for name in names if name in table.header), None) for field, names in COLUMNS.items()}
    if found["artist"] and found["title"]:
        return _with_header(table, {name: field for field, name in found.items() if name})
    return _without_header(table)


def _with_header(table: Table, fields: Mapping[str, str]) -> Layout | None:
    times = [name for name in table.header if _time_name(name)]
    forms = [(FORMS.index(form), name) for name in times if (form := _form(table.column(name)))]
    sure = [name for name in times if name in SURE or name.startswith("date#") or not table.rows]
    if not forms and not sure:
        return None
    place, time = min(forms) if forms else (0, sure[0])
    form = FORMS[place]
    names = tuple("time" if name == time else fields.get(name, "") for name in table.header)
    exact = form not in MINUTES
    if "timems" in table.header:
        source = PANO_SCROBBLER
    elif any(name == "uts" or name.startswith("date#") or name == "timestamp" for name in times):
        source = LASTFM_EXPORT if exact else LASTFM_EXPORT_MINUTES
    else:
        source = SCROBBLE_TABLE if exact else SCROBBLE_TABLE_MINUTES
    return Layout(table.delimiter, names, form, source)


def _without_header(table: Table) -> Layout | None:
    lines = (table.header, *table.rows)
    for names, source in ((TO_CSV, LASTFM_EXPORT_MINUTES), (LAST2LIBRE, LIBREFM_EXPORT)):
        place = names.index("time")
        if len(table.header) == len(names):
            values = [line[place].strip().title() for line in lines]
            form = _form([value for value in values if value])
            if form is not None and (form == EPOCH) == (names is LAST2LIBRE):
                return Layout(table.delimiter, names, form, source, header=False)
    return None


def _time_name(name: str) -> bool:
    return name in TIMES or name.startswith("date#")


def _form(values: list[str]) -> str | None:
    """Tells how most of ``values`` write a time; None where they are none."""
    column = pl.DataFrame({"time": values}, schema={"time": pl.String})
    for form in FORMS:
        read = column.select(_moment(pl.col("time"), form)).to_series()
        if len(read) and read.is_not_null().mean() >= 1 - MOST_ODD:  # pyright: ignore[reportOperatorIssue,reportOptionalOperand]
            return form
    return None


def _moment(text: pl.Expr, form: str) -> pl.Expr:
    """The time that ``text`` writes in ``form``; a time zone or fraction of a second behind it counts."""
    bare = text.str.strip_chars()
    if form == EPOCH:
        return from_epoch(pl.when(bare.str.contains(r"^\d{9,14}(?:\.0*)?$")).then(bare.str.extract(r"^(\d+)")))
    plain = (
        bare.str.replace(",", "", literal=True)
        .str.replace(r"\.\d+", "")
        .str.replace(r"(?:Z| UTC| GMT|[+-]00:?00)$", "")
    )
    return plain.str.to_datetime(form, time_unit="ms", time_zone="UTC", strict=False)
