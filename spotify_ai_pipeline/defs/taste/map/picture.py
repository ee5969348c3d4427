"""The map as a picture to hang up: glowing densities by family, a dot a song, names that do not collide."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from spotify_ai_pipeline.defs.taste.map import PALETTE
from spotify_ai_pipeline.music.clustering import labels

INCHES = (16.0, 12.0)
DPI = 150
GRID = (800, 600)
MARGIN = 0.04
"""Of the width, free around the songs."""
PREVIEW = 0.4
PACKING = 3
"""Of the PNG: twice as fast as the usual 6, for a quarter more bytes."""
LARGEST_TYPE, SMALLEST_TYPE = 17.0, 7.5


@dataclass(frozen=True)
class Look:
    """Colours of a picture."""

    ground: str
    ink: str
    faint: str
    glow: float
    dot: float
    """How far a song's dot is from its family's colour towards the ink, so that it shows on the glow."""


LIGHT = Look("#fbfaf7", "#22252b", "#8b8d92", 0.55, 0.3)
DARK = Look("#0f1218", "#f3f1ea", "#7d828c", 0.75, 0.5)


def draw(songs: pl.DataFrame, names: dict[int, str], title: str, look: Look) -> bytes:
    """A PNG of ``songs`` (x, y, cluster_id, parent_cluster_id) with ``names`` by cluster."""
    stream = io.BytesIO()
    _painted(songs, names, title, look, 1.0).print_png(stream, pil_kwargs={"compress_level": PACKING})
    return stream.getvalue()


def preview(songs: pl.DataFrame, names: dict[int, str], title: str, look: Look) -> bytes:
    """The same as a small JPEG, for the UI, where it is kept in every event."""
    stream = io.BytesIO()
    _painted(songs, names, title, look, PREVIEW).print_jpg(stream)
    return stream.getvalue()


def _painted(songs: pl.DataFrame, names: dict[int, str], title: str, look: Look, scale: float) -> Any:
    """The canvas; ``scale`` shrinks it as a whole."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, dpi=DPI * scale, facecolor=look.ground)
    canvas = FigureCanvasAgg(figure)
    axes: Any = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.set_xlim(0, INCHES[0])
    axes.set_ylim(0, INCHES[1])
    spots = songs.with_columns(**on_paper(songs)).sort("cluster_id")
    colour_of = colours(spots)
    if spots.height:
        axes.imshow(
            _glow(spots, colour_of, look),
            extent=(0, *INCHES[:1], 0, INCHES[1]),
            origin="lower",
            interpolation="bilinear",
        )
        size = float(np.clip(9_000 / spots.height, 0.25, 9.0))
        dot_of = {family: _between(shade, look.ink, look.dot) for family, shade in colour_of.items()}
        shades = [dot_of[family] for family in spots["parent_cluster_id"].to_list()]
        axes.scatter(spots["x"], spots["y"], s=size, c=shades, alpha=0.75, linewidths=0)
        _write_names(canvas, axes, spots, names, look)
    words = f"{spots.height:,} songs · {spots['cluster_id'].n_unique()} clusters"
    axes.text(0.45, 0.72, title, color=look.ink, fontsize=20, fontweight="bold", va="bottom", family="DejaVu Sans")
    axes.text(0.45, 0.40, words, color=look.faint, fontsize=11, va="bottom")
    axes.set_aspect("auto")
    return canvas


def _between(one: str, other: str, share: float) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple((1 - share) * a + share * b for a, b in zip(to_rgb(one), to_rgb(other), strict=True))


def colours(songs: pl.DataFrame) -> dict[int, str]:
    """A colour a family, the largest families first."""
    families = songs.group_by("parent_cluster_id").len().sort("len", "parent_cluster_id", descending=[True, False])
    return {
        family: PALETTE[place % len(PALETTE)] for place, family in enumerate(families["parent_cluster_id"].to_list())
    }


def on_paper(songs: pl.DataFrame) -> dict[str, pl.Series]:
    """x and y in inches: the bulk fills the page, and far outliers are drawn in to its edge."""
    made: dict[str, pl.Series] = {}
    border = MARGIN * INCHES[0]
    for axis, length, foot in (("x", INCHES[0], border), ("y", INCHES[1], border + 0.8)):
        values = songs[axis].to_numpy().astype(float)
        low, high = np.percentile(values, [0.5, 99.5]) if len(values) else (0.0, 1.0)
        spread = max(high - low, 1e-9)
        made[axis] = pl.Series(foot + np.clip((values - low) / spread, -0.02, 1.02) * (length - border - foot))
    return made


def _glow(songs: pl.DataFrame, colour_of: dict[int, str], look: Look) -> np.ndarray:
    """The ground with each family's smoothed density as a light of its colour, shape (rows, columns, 3)."""
    from matplotlib.colors import to_rgb
    from scipy.ndimage import gaussian_filter

    shades = np.array([to_rgb(colour_of[family]) for family in songs["parent_cluster_id"].to_list()])

    def smoothed(amounts: np.ndarray) -> np.ndarray:
        counts = np.histogram2d(
            songs["y"], songs["x"], bins=(GRID[1], GRID[0]), range=((0, INCHES[1]), (0, INCHES[0])), weights=amounts
        )[0]
        return gaussian_filter(counts, 3) + 2.5 * gaussian_filter(counts, 11)

    weight = smoothed(np.ones(songs.height))
    colour = np.stack([smoothed(shades[:, channel]) for channel in range(3)], axis=2)
    full = np.percentile(weight[weight > 1e-6], 97) if (weight > 1e-6).any() else 1.0
    strength = look.glow * np.sqrt(np.clip(weight / full, 0, 1))[..., None]
    image = to_rgb(look.ground) * (1 - strength) + strength * colour / np.maximum(weight, 1e-12)[..., None]
    return (image * 255).round().astype(np.uint8)


def _write_names(canvas: Any, axes: Any, songs: pl.DataFrame, names: dict[int, str], look: Look) -> None:
    """Names by size of cluster; one that finds no room is set smaller, and left out rather than laid over another."""
    from matplotlib.patheffects import withStroke

    found = labels.anchors(songs.select("cluster_id", "x", "y"))
    points = list(found.select("x", "y").iter_rows())
    written = [names.get(cluster, "") for cluster in found["cluster_id"].to_list()]
    share = np.sqrt(found["songs"].to_numpy() / max(found["songs"].to_numpy().max(), 1))
    type_sizes = SMALLEST_TYPE + (LARGEST_TYPE - SMALLEST_TYPE) * share
    renderer, unit = canvas.get_renderer(), canvas.figure.dpi
    halo = [withStroke(linewidth=3.2, foreground=look.ground, alpha=0.9)]
    texts = [
        axes.text(x, y, _wrapped(name), fontsize=size, color=look.ink, ha="center", va="center", fontweight="normal",
                  linespacing=1.05, path_effects=halo, zorder=5)
        for (x, y), name, size in zip(points, written, type_sizes, strict=True)
    ]  # fmt: skip
    frame = (0.15, 1.25, INCHES[0] - 0.15, INCHES[1] - 0.15)
    sizes = [(box.width / unit, box.height / unit) for text in texts for box in [text.get_window_extent(renderer)]]
    for (x, y), text, box in zip(points, texts, labels.place(points, sizes, frame), strict=True):
        if box is None:
            text.set_visible(False)
            continue
        middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        text.set_position(middle)
        if not (box[0] <= x <= box[2] and box[1] <= y <= box[3]):
            nearest = (float(np.clip(x, box[0], box[2])), float(np.clip(y, box[1], box[3])))
            axes.plot([x, nearest[0]], [y, nearest[1]], color=look.faint, linewidth=0.7, zorder=4)


def _wrapped(name: str) -> str:
    """A long name on two lines, broken near its middle."""
    if len(name) <= 18 or " " not in name:
        return name.replace("$", r"\$")
    breaks = [place for place, sign in enumerate(name) if sign == " "]
    middle = min(breaks, key=lambda place: abs(place - len(name) / 2))
    return f"{name[:middle]}\n{name[middle + 1 :]}".replace("$", r"\$")
