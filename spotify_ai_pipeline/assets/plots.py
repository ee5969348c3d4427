"""Plots for asset pages: plain bar charts as SVG, so that a refresh imports no plotting library."""

import base64
from collections.abc import Sequence
from html import escape

import dagster as dg

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
    return dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})")


def _text(x: float, y: float, words: str) -> str:
    style = f'font-family="sans-serif" font-size="12" fill="{TEXT}" text-anchor="middle"'
    return f'<text x="{x:.1f}" y="{y}" {style}>{escape(words)}</text>'
