"""The recipe of a list: conditions that a song must meet, and the order in which the best come first. A person can read and
change each of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isinf
from typing import Any, Self

import polars as pl
from pydantic import BaseModel, Field, ValidationError, model_validator

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.lists.columns import COLUMNS, FLAG, NEVER, NUMBER, TEXT
from spotify_ai_pipeline.music.ties import drawn

AT_LEAST, AT_MOST, IS, IS_NOT = ">=", "<=", "is", "is not"
OPERATORS = {NUMBER: (AT_LEAST, AT_MOST), TEXT: (IS, IS_NOT), FLAG: (IS,)}
_WRITTEN = re.compile(r"\s*(\w+)\s*(>=|<=|is not\b|is\b|=)\s*(.+?)\s*")
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}
MARGIN = 0.5
"""What the last song that fits on the list is worth, where the first is worth 1: a newcomer must stand a tenth of the list higher
than a song that is there, so that equals do not come and go."""


class Condition(BaseModel, frozen=True):
    """One condition, as in ``plays >= 5``, ``tags is punk | emo`` or ``liked is yes``."""

    column: str
    op: str
    value: bool | float | list[str]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        column = COLUMNS.get(self.column)
        if column is None:
            raise ValueError(f"{self.column}: no such column; `spotify-ai list columns` lists them")
        if self.op not in OPERATORS[column.kind]:
            raise ValueError(
                f"{self.column}: compare it with {' or '.join(OPERATORS[column.kind])}, not with {self.op}"
            )
        if isinstance(self.value, bool) != (column.kind == FLAG) or isinstance(self.value, list) != (
            column.kind == TEXT
        ):
            raise ValueError(f"{self.column} {self.op}: {_example(column.kind)}")
        return self

    @classmethod
    def read(cls, written: str) -> Condition:
        """A condition as a person writes it. Raises ``UserError`` that says how it is written."""
        found = _WRITTEN.fullmatch(written)
        if not found:
            raise UserError(
                f'{written!r}: a condition is written like "plays >= 5", "tags is punk | emo" or "liked is yes"'
            )
        name, op, said = found[1], found[2].replace("=", IS) if found[2] == "=" else found[2], found[3]
        kind = COLUMNS[name].kind if name in COLUMNS else TEXT
        value: bool | float | list[str] = [part.strip() for part in said.split("|")]
        if kind == FLAG:
            if said.casefold() not in _FLAGS:
                raise UserError(f"{written!r}: {_example(FLAG)}")
            value = _FLAGS[said.casefold()]
        elif kind == NUMBER:
            try:
                value = float(said)
            except ValueError:
                raise UserError(f"{written!r}: {_example(NUMBER)}") from None
        try:
            return cls(column=name, op=op, value=value)
        except ValidationError as error:
            raise UserError(f"{written!r}: {_why(error)}") from None

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            return f"{self.column} is {'yes' if self.value else 'no'}"
        said = " | ".join(self.value) if isinstance(self.value, list) else f"{self.value:g}"
        return f"{self.column} {self.op} {said}"

    def met(self) -> pl.Expr:
        """Tells whether a song meets it; what is unknown does not."""
        column = pl.col(self.column)
        if isinstance(self.value, list):
            wanted = [word.casefold() for word in self.value]
            if self.column == "tags":
                within = column.list.eval(pl.element().str.to_lowercase().is_in(wanted)).list.any()
            else:
                within = column.str.to_lowercase().is_in(wanted)
            within = within.fill_null(value=False)
            return ~within if self.op == IS_NOT else within
        if isinstance(self.value, bool):
            return column.fill_null(value=False) == self.value
        return (column >= self.value if self.op == AT_LEAST else column <= self.value).fill_null(value=False)


class Recipe(BaseModel, frozen=True):
    """The recipe of a list. ``like`` and ``unlike`` are songs that it is to sound like and not; ``between`` are the two
    songs that it leads from and to."""

    where: list[Condition] = Field(default_factory=list[Condition])
    sort: list[str] = Field(default_factory=lambda: ["-forecast"])
    like: list[str] = Field(default_factory=list[str])
    unlike: list[str] = Field(default_factory=list[str])
    between: list[str] = Field(default_factory=list[str], max_length=2)

    @model_validator(mode="after")
    def _known(self) -> Self:
        for one in self.sort:
            if one.removeprefix("-") not in COLUMNS or COLUMNS[one.removeprefix("-")].kind != NUMBER:
                raise ValueError(f"{one}: sort by a column of numbers, with - for the highest first, such as -plays")
        return self

    @classmethod
    def with_order(cls, recipe: Recipe, sort: Sequence[str]) -> Recipe:
        """``recipe`` in another order. Raises ``UserError`` where there is no such order."""
        try:
            return cls.model_validate({**recipe.model_dump(), "sort": list(sort)})
        except ValidationError as error:
            raise UserError(_why(error)) from None

    @property
    def in_order(self) -> bool:
        """Tells whether the songs play in the order of the recipe: a way from one song to another does."""
        return bool(self.between)

    @property
    def names_an_artist(self) -> bool:
        """Tells whether the recipe asks for artists by name: no other artist is to have room then."""
        return any(one.column == "artist" and one.op == IS for one in self.where)

    def changed(self, conditions: Sequence[Condition], dropped: Sequence[str] = ()) -> Recipe:
        """The recipe with ``conditions`` in the place of those that say the same of the same column, and without those on the
        columns ``dropped``."""
        replaced = {(one.column, one.op) for one in conditions}
        kept = [one for one in self.where if (one.column, one.op) not in replaced and one.column not in dropped]
        return self.model_copy(update={"where": [*kept, *conditions]})

    def met(self) -> pl.Expr:
        """Tells whether a song meets all conditions."""
        return pl.all_horizontal(pl.lit(value=True), *(one.met() for one in self.where))

    def chosen(self, songs: pl.DataFrame) -> pl.DataFrame:
        """The ``songs`` (see ``columns.with_columns``) that fit, the best first: song_id and reason."""
        names = [one.removeprefix("-") for one in self.sort]
        known = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
        falls = [one.startswith("-") for one in self.sort]
        fitting = songs.filter(self.met() & known).sort(*names, drawn(), descending=[*falls, False])
        told = [*dict.fromkeys([*(one.column for one in self.where if one.op != IS_NOT), *names])]
        wanted = {one.column: one.value for one in self.where if isinstance(one.value, list)}
        words = [_reason(told, wanted, row) for row in fitting.select("song_id", *told).iter_rows(named=True)]
        return fitting.select("song_id").with_columns(reason=pl.Series(words, dtype=pl.String))

    def lines(self, called: dict[str, str]) -> list[str]:
        """The recipe in lines; ``called`` are the names of songs."""
        songs = {"like": self.like, "unlike": self.unlike, "between": self.between}
        named = [f"{what} {'; '.join(called.get(song, song) for song in ids)}" for what, ids in songs.items() if ids]
        return [*named, *(f"where {one}" for one in self.where), f"sort {', '.join(self.sort)}"]


def worth(place: pl.Expr, size: int) -> pl.Expr:
    """Gives what the song in ``place`` (0 is the best) is worth to a list of ``size`` songs, 0 to 1."""
    return pl.max_horizontal(1 - MARGIN * place / size, 0.0)


def _reason(told: Sequence[str], wanted: dict[str, list[str]], row: dict[str, Any]) -> str:
    return ", ".join(filter(None, (_said(column, row[column], wanted.get(column, [])) for column in told)))


def _said(column: str, value: Any, wanted: Sequence[str]) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, float) and isinf(value):
        return NEVER[column]
    if isinstance(value, list):
        asked = {one.casefold() for one in wanted}
        value = ", ".join(str(one) for one in value if str(one).casefold() in asked)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return COLUMNS[column].reason.format(value)


def _why(error: ValidationError) -> str:
    return error.errors()[0]["msg"].removeprefix("Value error, ")


def _example(kind: str) -> str:
    return {NUMBER: "say a number, such as 5", TEXT: "say words, with | between them", FLAG: "say yes or no"}[kind]
