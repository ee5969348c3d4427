"""Plots for asset pages: plain bar charts as SVG, so that a refresh imports no plotting library."""

import base64
from collections.abc import Sequence
from html import escape

import dagster as dg
import polars as pl

WIDTH, HEIGHT, MARGIN = 720, 200, 24
BAR, TEXT = "#4c78a8", "#888"


def bar_chart(labels: Sequence[str], values: Sequence[float], title: str) -> dg.MarkdownMetadataValue:
    """One bar a value; first, middle and last labels are written below, the largest value above."""
    step = (WIDTH - 2 * MARGIN) / max(len(values), 1)
    top = max([*values, 0]) or 1
    bars = "".join(
        f'<rect x="{MARGIN + index * step:.1f}" y="{HEIGHT - MARGIN - height:.1f}" width="{max(step - 1, 1):.1f}" '
        f'height="{height:.1f}" fill="{BAR}"><title>{escape(label)}: {value:g}</title></rect>'
        for index, (label, value) in enumerate(zip(labels, values, strict=True))
        for height in [(HEIGHT - 2.5 * MARGIN) * value / top]
    )
    marks = sorted({0, len(labels) // 2, len(labels) - 1}) if len(labels) > 12 else range(len(labels))
    names = "".join(_text(MARGIN + (index + 0.5) * step, HEIGHT - 8, labels[index]) for index in marks if labels)
    head = _text(WIDTH / 2, 16, f"{title} (highest {top:,.4g})")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">{head}{bars}{names}</svg>'
    return _picture(svg, title)


def strips(cells: pl.DataFrame, column: str, row: str, value: str, title: str) -> dg.MarkdownMetadataValue:
    """A strip for each ``row`` with a cell for each ``column``, the darker the larger the ``value``; none where there is none."""
    columns, rows = cells[column].unique().sort().to_list(), cells[row].unique().sort().to_list()
    left, height = 6 * MARGIN, 20
    step, top = (WIDTH - left - MARGIN) / max(len(columns), 1), cells[value].max() or 1
    across = {name: left + index * step for index, name in enumerate(columns)}
    down = {name: MARGIN + index * height for index, name in enumerate(rows)}
    drawn = "".join(
        f'<rect x="{across[at]:.1f}" y="{down[of]}" width="{max(step - 0.5, 0.5):.1f}" height="{height - 4}" fill="{BAR}" '
        f'fill-opacity="{0.2 + 0.8 * count / top:.2f}"><title>{escape(at)}, {escape(of)}: {count:,}</title></rect>'
        for at, of, count in cells.select(column, row, value).iter_rows()
        if count
    )
    names = "".join(_text(left / 2, down[name] + height / 2 + 2, name) for name in rows)
    bottom = MARGIN + len(rows) * height + 16
    marks = {0, len(columns) // 2, len(columns) - 1} if columns else set()
    under = "".join(_text(across[columns[mark]], bottom, columns[mark]) for mark in sorted(marks))
    head = _text(WIDTH / 2, 16, title)
    size = f'width="{WIDTH}" height="{bottom + 8}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{head}{drawn}{names}{under}</svg>'
    return _picture(svg, title)


def _picture(svg: str, title: str) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(
        f"![{escape(title)}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"
    )


def _text(x: float, y: float, words: str) -> str:
    style = f'font-family="sans-serif" font-size="12" fill="{TEXT}" text-anchor="middle"'
    return f'<text x="{x:.1f}" y="{y}" {style}>{escape(words)}</text>'
