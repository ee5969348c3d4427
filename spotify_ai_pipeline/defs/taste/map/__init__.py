"""The map of the library: a picture (picture.py) and a page that needs no network (page.py, page.html)."""

PALETTE = (
    "#4c9be8", "#f2884b", "#5cc489", "#e5657f", "#a685e2", "#e0b43c", "#3fc1c0", "#ee87c0", "#9bbf45", "#c98d63",
    "#7b8df0", "#d95f5f",
)  # fmt: skip
"""Colours of families, told apart on light and on dark ground; more families than colours begin again."""
