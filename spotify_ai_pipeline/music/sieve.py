"""The sieve: every record from outside passes these rules, whether a service sent it or a file holds it.

A rule says what one field may be: an id of its form, a time between 2002 and tomorrow, text that is valid Unicode, a finite
number in its range. An optional field that is odd becomes null. A record that lacks a required one is put aside, with its
place and the reason. The reason never holds the value, which may be personal. Its neighbours pass.

Each rule has two forms. A function takes one value of a web answer: ``text``, ``whole``, ``real``, ``moment``, ``spotify_id``,
``mbid``, ``isrc``. An expression does the same for a column of a million rows: ``clean_text``, ``clean_number``,
``clean_spotify_id``, ``clean_mbid``, ``clean_isrc``, ``missing``, ``wrong_time``, ``wrong_length``, and ``first_reason``.

A record of a web answer is a model of ``Record``; its fields have the types below. ``read`` gives the record or the reason:

    class Listen(Record):
        listened_at: Moment          # required: without it the record is put aside
        title: Text
        album: MaybeText = None      # optional: null where odd

    match read(Listen, row, now):
        case str() as reason: ...
        case listen: ...
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar, cast

import polars as pl
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

EARLIEST = datetime(2002, 1, 1, tzinfo=UTC)
"""No service logged plays before; such a time is a clock that was never set."""
TOMORROW = timedelta(days=1)
LONGEST_MS = 86_400_000
"""A song, and a play of it, is shorter than a day."""
LONGEST_TEXT = 4_096
"""No name is longer."""

SPOTIFY_ID = r"^(?:spotify:track:|https?://open\.spotify\.com/(?:intl-[a-z]+/)?track/)?([0-9A-Za-z]{22})(?:\?\S*)?$"
MBID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
ISRC = r"^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$"
CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]"
"""Signs that players write into titles, and that no name has. They are left out."""
_CONTROL, _SPOTIFY_ID, _MBID, _ISRC = (re.compile(form) for form in (CONTROL, SPOTIFY_ID, MBID, ISRC))

R = TypeVar("R", bound="Record")


# --- one value ---------------------------------------------------------------------------------------------------------


def text(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """A name without control signs; null where it is no text, empty, too long, or no valid Unicode (half of an emoji)."""
    if not isinstance(value, str) or len(value) > longest:
        return None
    if not value.isprintable():
        value = _CONTROL.sub("", value)
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            return None
    return value if value.strip() else None


def real(value: object, low: float = -math.inf, high: float = math.inf) -> float | None:
    """A finite number from ``low`` to ``high``; digits in quotes are one too."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and low <= number <= high else None


def whole(value: object, low: int = 0, high: int = 2**53) -> int | None:
    """A whole number from ``low`` to ``high``; a fraction is cut."""
    number = real(value, low, high)
    return None if number is None else int(number)


def moment(value: object, now: float) -> datetime | None:
    """A time (UTC) between 2002 and tomorrow, from ISO 8601 or from seconds since 1970; to the millisecond."""
    try:
        if isinstance(value, str) and not re.fullmatch(r"-?\d+(\.\d+)?", value):
            at = datetime.fromisoformat(value)
            at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        elif (seconds := real(value)) is not None:
            at = datetime.fromtimestamp(seconds, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return at if EARLIEST <= at <= datetime.fromtimestamp(now, UTC) + TOMORROW else None


def spotify_id(value: object) -> str | None:
    """The id of a track (or, bare, of anything) on Spotify; from its URI or its address too."""
    found = _SPOTIFY_ID.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def mbid(value: object) -> str | None:
    """An id of MusicBrainz in small letters."""
    return value.lower() if isinstance(value, str) and _MBID.fullmatch(value.lower()) else None


def isrc(value: object) -> str | None:
    """An ISRC in capitals, without hyphens."""
    plain = value.replace("-", "").strip().upper() if isinstance(value, str) else ""
    return plain if _ISRC.fullmatch(plain) else None


# --- one record --------------------------------------------------------------------------------------------------------


def _or_none(value: object, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


def _or_empty(value: object) -> object:
    return cast("object", value) if isinstance(value, dict) else {}


def _now(info: ValidationInfo) -> float:
    context: dict[str, float] = info.context or {}
    return context["now"]


def _moment(value: object, info: ValidationInfo) -> datetime | None:
    return moment(value, _now(info))


def _ids(value: object) -> tuple[str, ...]:
    rows = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(key for one in rows if (key := spotify_id(one)) is not None)


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _share(value: object) -> float | None:
    return real(value, 0, 1)


def _length(value: object) -> int | None:
    return whole(value, 1, LONGEST_MS)


Text = Annotated[str, BeforeValidator(text)]
MaybeText = Annotated[str | None, BeforeValidator(text)]
Whole = Annotated[int, BeforeValidator(whole)]
MaybeWhole = Annotated[int | None, BeforeValidator(whole)]
Real = Annotated[float, BeforeValidator(real)]
MaybeReal = Annotated[float | None, BeforeValidator(real)]
Share = Annotated[float, BeforeValidator(_share)]
MaybeShare = Annotated[float | None, BeforeValidator(_share)]
Milliseconds = Annotated[int | None, BeforeValidator(_length)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
MaybeMoment = Annotated[datetime | None, BeforeValidator(_moment)]
SpotifyId = Annotated[str, BeforeValidator(spotify_id)]
MaybeSpotifyId = Annotated[str | None, BeforeValidator(spotify_id)]
SpotifyIds = BeforeValidator(_ids)
"""Marks the ids of a list, without what is none: ``Annotated[tuple[str, ...], SpotifyIds] = ()``."""
Mbid = Annotated[str, BeforeValidator(mbid)]
MaybeMbid = Annotated[str | None, BeforeValidator(mbid)]
MaybeIsrc = Annotated[str | None, BeforeValidator(isrc)]
MaybeFlag = Annotated[bool | None, BeforeValidator(_flag)]
OrNone = WrapValidator(_or_none)
"""Marks an optional record within a record: ``Annotated[Album | None, OrNone] = None``."""
OrEmpty = BeforeValidator(_or_empty)
"""Marks a record within a record, all of whose fields are optional: ``Annotated[Album, OrEmpty] = Album()``."""


class Record(BaseModel):
    """A record of a web answer. What it does not name is not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def read(kind: type[R], row: object, now: float) -> R | str:
    """``row`` as a record, or the reason why it is none."""
    if not isinstance(row, dict):
        return "no record"
    try:
        return kind.model_validate(row, context={"now": now})
    except ValidationError as error:
        where = error.errors(include_url=False, include_input=False)[0]["loc"]
        path = ".".join(step for step in where if isinstance(step, str))
        return f"no {path} that can be read" if path else "no record of this kind"


def long_text(longest: int) -> BeforeValidator:
    """Marks a text that may be longer than a name: ``Annotated[str | None, long_text(100_000)] = None``."""

    def lines(value: object) -> str | None:
        return text(value, longest)

    return BeforeValidator(lines)


def within(low: float, high: float) -> BeforeValidator:
    """Marks a number that has a range: ``Annotated[float | None, within(0, 400)] = None``."""

    def number(value: object) -> float | None:
        return real(value, low, high)

    return BeforeValidator(number)


def several(kind: type[R]) -> BeforeValidator:
    """Marks records within a record: ``Annotated[tuple[Artist, ...], several(Artist)] = ()``. Those pass that can be read."""

    def keep(value: object, info: ValidationInfo) -> tuple[R, ...]:
        rows = cast("list[object]", value) if isinstance(value, list) else []
        found = (read(kind, row, _now(info)) for row in rows)
        return tuple(row for row in found if not isinstance(row, str))

    return BeforeValidator(keep)


def sift(kind: type[R], rows: Iterable[object], now: float) -> tuple[list[R | None], list[tuple[int, str]]]:
    """(each of ``rows`` as a record, None in the place of one that is none; the place and the reason of those)."""
    read_rows = [read(kind, row, now) for row in rows]
    return (
        [None if isinstance(row, str) else row for row in read_rows],
        [(place, row) for place, row in enumerate(read_rows) if isinstance(row, str)],
    )


# --- a column ----------------------------------------------------------------------------------------------------------


def clean_text(column: str) -> pl.Expr:
    """``text`` for a column."""
    plain = pl.col(column).str.replace_all(CONTROL, "")
    right = (plain.str.strip_chars() != "") & (plain.str.len_chars() <= LONGEST_TEXT)
    return pl.when(right).then(plain).alias(column)


def clean_number(column: str, low: float, high: float) -> pl.Expr:
    """``real`` for a column, which keeps its type: null outside of ``low`` to ``high``."""
    return pl.when(pl.col(column).is_between(low, high)).then(pl.col(column)).alias(column)


def clean_spotify_id(column: str) -> pl.Expr:
    """``spotify_id`` for a column."""
    return pl.col(column).str.extract(SPOTIFY_ID).alias(column)


def clean_mbid(column: str) -> pl.Expr:
    """``mbid`` for a column."""
    lower = pl.col(column).str.to_lowercase()
    return pl.when(lower.str.contains(MBID)).then(lower).alias(column)


def clean_isrc(column: str) -> pl.Expr:
    """``isrc`` for a column."""
    plain = pl.col(column).str.replace_all("-", "", literal=True).str.strip_chars().str.to_uppercase()
    return pl.when(plain.str.contains(ISRC)).then(plain).alias(column)


def missing(column: str) -> pl.Expr:
    """Tells whether a text is not there."""
    return pl.col(column).is_null() | (pl.col(column).str.strip_chars() == "")


def wrong_time(column: str, now: float) -> dict[str, pl.Expr]:
    """The reasons to put a record with this time aside."""
    return {
        "no time that can be read": pl.col(column).is_null(),
        "a time before there were scrobbles": pl.col(column) < pl.lit(EARLIEST),
        "a time in the future": pl.col(column) > pl.lit(datetime.fromtimestamp(now, UTC) + TOMORROW),
    }


def wrong_length(column: str) -> dict[str, pl.Expr]:
    """The reasons to put a play with this length aside."""
    return {
        "no length": pl.col(column).is_null(),
        "a length below zero or of more than a day": ~pl.col(column).is_between(0, LONGEST_MS),
    }


def first_reason(wrong: Mapping[str, pl.Expr]) -> pl.Expr:
    """The first of the reasons that holds; null for a record that passes."""
    told = [pl.when(holds.fill_null(False)).then(pl.lit(why)) for why, holds in wrong.items()]
    return pl.coalesce(*told, pl.lit(None, pl.String))
