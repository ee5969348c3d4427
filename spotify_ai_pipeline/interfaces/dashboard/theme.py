"""How everything looks: colours that are told apart by the colour-blind, on light and on dark ground, and the charts."""

from __future__ import annotations

import base64
import html
import re
from typing import Any

import altair as alt
import polars as pl
import streamlit as st

BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
"""Okabe and Ito (2008), "Color universal design", without black and yellow, which vanish on one of the grounds."""

SHADES = "cividis"
"""Nuñez, Anderton and Renslow (2018): a scale of shades that reads the same with any colour vision."""

REST = "all else"
HEIGHT = 260
COVER = 48
"""Pixels of a cover beside a song."""
LABEL = 150
"""Pixels for a name beside a row, so that a phone has room for the row."""
LONG_LABEL = 210
"""The same beside a bar, which can be read where it is short."""


def chart(drawn: Any) -> None:
    """Draws an Altair chart as wide as the page, in the theme that the browser asks for."""
    st.altair_chart(drawn, width="stretch", theme="streamlit")


def bars(frame: pl.DataFrame, x: str, y: str, *, title: str = "plays", height: int = HEIGHT) -> None:
    """Upright bars of ``y`` over the ordered values of ``x``."""
    drawn = alt.Chart(frame).mark_bar(color=BLUE).encode(
        x=alt.X(f"{x}:O", title=x, axis=alt.Axis(labelAngle=0, labelOverlap=True, labelFlush=False)),
        y=alt.Y(f"{y}:Q", title=title),
        tooltip=[x, alt.Tooltip(f"{y}:Q", format=",")],
    )  # fmt: skip
    chart(drawn.properties(height=height))


def lying_bars(frame: pl.DataFrame, x: str, y: str, *, title: str = "", form: str = ",d") -> None:
    """Lying bars of ``x`` for the names ``y``, in the order of ``frame``."""
    drawn = alt.Chart(frame).mark_bar(color=BLUE).encode(
        x=alt.X(f"{x}:Q", title=title or x, axis=alt.Axis(format=form, tickCount=4)),
        y=alt.Y(
            f"{y}:N", sort=None, title=None,
            axis=alt.Axis(labelLimit=LONG_LABEL, labelOverlap=False, labelFlush=False),
        ),
        tooltip=[y, alt.Tooltip(f"{x}:Q", format=form)],
    )  # fmt: skip
    chart(drawn.properties(height=26 * frame.height + 60))


def heat(frame: pl.DataFrame, x: str, y: str, value: str, *, form: str = ",") -> None:
    """A field of shades: ``value`` by ``x`` and ``y``, rows in the order of ``frame``."""
    rows = frame[y].n_unique()
    legend = alt.Legend(orient="top", title=value, gradientLength=140, tickCount=3)  # a phone has no room for more
    drawn = alt.Chart(frame).mark_rect().encode(
        x=alt.X(f"{x}:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True, labelFlush=False)),
        y=alt.Y(f"{y}:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL, labelOverlap=False, labelFlush=False)),
        color=alt.Color(f"{value}:Q", scale=alt.Scale(scheme=SHADES), legend=legend),
        tooltip=[y, x, alt.Tooltip(f"{value}:Q", format=form)],
    )  # fmt: skip
    chart(drawn.properties(height=26 * rows + 100))


def shares(frame: pl.DataFrame, x: str, y: str, group: str) -> None:
    """Areas that sum to the whole: ``y`` of each ``group`` over the dates ``x``, the groups in the order of ``frame``."""
    names = frame[group].unique(maintain_order=True).to_list()
    colours = [GREY if name == REST else PALETTE[place % len(PALETTE)] for place, name in enumerate(names)]
    drawn = alt.Chart(frame.with_columns(layer=pl.col(group).replace_strict(names, range(len(names))))).mark_area().encode(
        x=alt.X(f"{x}:T", title=None),
        y=alt.Y(f"{y}:Q", stack="normalize", title="share of plays", axis=alt.Axis(format="%")),
        color=alt.Color(
            f"{group}:N", sort=names, scale=alt.Scale(domain=names, range=colours),
            legend=alt.Legend(orient="top", columns=2, title=None, labelLimit=120),
        ),
        order=alt.Order("layer:Q"),
        tooltip=[alt.Tooltip(f"{x}:T"), group, alt.Tooltip(f"{y}:Q", format=",")],
    )  # fmt: skip
    chart(drawn.properties(height=380))


def figures(*named: tuple[str, str]) -> None:
    """A row of figures with their names; a phone breaks it into lines."""
    with st.container(horizontal=True):
        for name, value in named:
            st.metric(name, value, width="content")


def table(frame: pl.DataFrame, columns: dict[str, Any] | None = None, *, height: int | str = "auto") -> None:
    """A table that scrolls sideways on a phone. Its cells are drawn as plain text, whatever a song is called."""
    st.dataframe(frame, column_config=columns, hide_index=True, width="stretch", height=height)  # pyright: ignore[reportArgumentType]


def cover(picture: bytes | None, of: str, link: str | None) -> str:
    """HTML for the cover of a song, which leads to it; a square of the same size where there is none. The picture is within the
    page: a browser that shows it asks nobody else."""
    box = f"width: {COVER}px; height: {COVER}px; border-radius: 4px; object-fit: cover; display: block"
    if picture is None:
        return f'<div aria-hidden="true" style="{box}; background: {GREY}40"></div>'
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    source = f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
    image = f'<img src="{source}" alt="{html.escape(f"Cover of {of}")}" loading="lazy" style="{box}">'
    return f'<a href="{html.escape(link)}" target="_blank" rel="noopener">{image}</a>' if link else image


def song(title: str, artist: str, reason: str, before: str = "", after: str = "") -> str:
    """Markdown for a song and, in grey below it, what is said of it."""
    said = plain(" · ".join(part for part in (after, reason) if part))
    return f"{plain(before)}**{plain(title)}** — {plain(artist)}  \n:gray[{said}]"


def plain(text: object) -> str:
    """``text`` for a place that reads Markdown: it shows as it is, with no link, picture, icon or formula in it."""
    marked = re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$&^=@])", r"\\\1", str(text).replace("\n", " "))
    return marked.replace(":", ":\u2060")  # the word joiner ends what would be :an_icon: or an address
