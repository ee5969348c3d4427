"""A year in review, as data, as a page that needs no network, and as a picture."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces.views.wording import count_of
from spotify_ai_pipeline.music.mix.year import QUIET, STAYED_DAYS, Rows, Year, review
from spotify_ai_pipeline.storage import datasets, own_lists, playlists, verdicts
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX
from spotify_ai_pipeline.storage.workspace import Workspace

MOST_REFRESHES = 2_000
"""Refreshes of each list that are looked at, the latest: two a day for more than two years."""
GROUND, INK, FAINT, ACCENT = "#fbfaf7", "#22252b", "#8b8d92", "#2f7d6d"
TIME = pl.Datetime("ms", "UTC")


def review_year(workspace: Workspace, year: int) -> Year:
    """The ``year`` of the listener, from what is kept here."""
    lake, state = workspace.lake, workspace.state
    listens = lake.scan(datasets.LISTENS).filter("counts").select("song_id", "played_at", "ms_played").collect()
    songs = lake.read(datasets.SONGS).select("song_id", "artist", "title", "duration_ms")
    names = [MIX, ADVENTURE, *(own.name for own in own_lists.every(state))]
    made = [one for name in names for one in playlists.refreshes(state, name, MOST_REFRESHES)]
    came = [
        (change["song_id"], datetime.fromtimestamp(one.refreshed_at, UTC))
        for one in made
        if one.outcome in playlists.CHANGED and one.outcome != playlists.FILLED
        for change in one.changes or ()
        if change["change"] == "new"
    ]
    brought = pl.DataFrame(came, schema={"song_id": pl.String, "at": TIME}, orient="row")
    back = [datetime.fromtimestamp(one.undone_at, UTC) for one in made if one.undone_at is not None]
    said = verdicts.verdict_history(state)
    return review(year, clock.utc_now(), workspace.settings.listener.zone, listens, songs, brought, said, back)


def tell(found: Year) -> list[tuple[str, str, list[str]]]:
    """The year in parts: a title, a sentence, and lines."""
    quiet = QUIET.days
    hours = f"{found.hours:,.0f} hours" + (
        "" if found.timed > 0.99 else f" of the {found.timed:.0%} whose length is known"
    )
    pending = f"; of {found.not_known_yet} it is not known yet" if found.not_known_yet else ""
    back = f" You took {count_of(found.taken_back, 'refresh', 'refreshes')} back." if found.taken_back else ""
    unheard = f"{found.unheard} of these songs had no play" if found.unheard else "No song is known that had no play"
    said_no = ", ".join(f"{words}: {count}" for words, count in found.refused) or "nothing"
    return [
        (
            "What you played",
            f"{count_of(found.plays, 'play')} of {count_of(found.songs, 'song')} by {count_of(found.artists, 'artist')}: {hours}."
            f" You heard {count_of(found.first_heard, 'song')} for the first time.",
            [*_lines(found.top_artists), "", *_lines(found.top_songs)],
        ),
        (
            "What the lists brought you that stayed",
            f"{found.stayed} of {count_of(found.brought, 'song')} that you had not heard for {quiet} days, or never: you played"
            f" them on {STAYED_DAYS} days or more after they came{pending}.",
            _lines(found.stayed_songs),
        ),
        ("What you said no to", f"{said_no}.", found.refused_songs),
        (
            "What the lists got wrong",
            f"{unheard} in the thirty days after it came.{back}",
            found.unheard_songs,
        ),
    ]


def _lines(rows: Rows) -> list[str]:
    return [f"{name}  ({count_of(plays, 'play')})" for name, plays in rows]


def page(found: Year, listener: str) -> str:
    """One page of HTML that opens from a file."""
    most = max(found.by_month) or 1
    bars = "".join(
        f'<i style="height:{100 * plays / most:.0f}%" title="{datetime(2000, month, 1):%B}: {plays}"></i>'
        for month, plays in enumerate(found.by_month, 1)
    )
    parts = "".join(
        f"<section><h2>{escape(title)}</h2><p>{escape(said)}</p>{_listed(lines)}</section>"
        for title, said, lines in tell(found)
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{found.year} in review</title><style>'
        f"body{{font:16px/1.5 system-ui,sans-serif;background:{GROUND};color:{INK};max-width:46rem;margin:3rem auto}}"
        f"h1{{margin:0}}h2{{color:{ACCENT};margin:2rem 0 0}}small,li.gap{{color:{FAINT};list-style:none}}"
        ".bars{display:flex;align-items:end;gap:4px;height:6rem;margin:2rem 0 0}"
        f".bars i{{flex:1;background:{ACCENT};min-height:1px}}</style>"
        f"<h1>{found.year} in review</h1><small>{escape(listener)}, until {found.until:%Y-%m-%d}; made on this machine, nothing"
        f' sent</small><div class="bars">{bars}</div><small>plays by month</small>{parts}</html>'
    )


def _listed(lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" if line else '<li class="gap">&nbsp;</li>' for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def picture(found: Year, listener: str) -> bytes:
    """A PNG to share: figures, months, and the first lines of each part."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 12), dpi=120, facecolor=GROUND)
    canvas = FigureCanvasAgg(figure)
    figure.text(0.08, 0.945, f"{found.year} in review", fontsize=26, fontweight="bold", color=INK, parse_math=False)
    figure.text(0.08, 0.925, f"{listener}, until {found.until:%Y-%m-%d}", color=FAINT, fontsize=11, parse_math=False)
    axes: Any = figure.add_axes((0.08, 0.80, 0.84, 0.10), facecolor=GROUND)
    axes.bar(range(12), found.by_month, color=ACCENT)
    axes.set_xticks(range(12), list("JFMAMJJASOND"), color=FAINT)
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    top = 0.755
    for title, said, lines in tell(found):
        figure.text(0.08, top, title, color=ACCENT, fontsize=15, fontweight="bold", parse_math=False)
        for line in textwrap.wrap(said, 84):
            top -= 0.021
            figure.text(0.08, top, line, color=INK, fontsize=11, parse_math=False)
        for line in [one for one in lines if one][:TOLD]:
            top -= 0.021
            figure.text(0.10, top, _cut(line, 74), color=INK, fontsize=10.5, parse_math=False)
        top -= 0.046
    stream = io.BytesIO()
    canvas.print_png(stream)
    return stream.getvalue()


TOLD = 5
"""Lines of each part in the picture."""


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
