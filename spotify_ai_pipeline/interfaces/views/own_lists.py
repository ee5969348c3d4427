"""Lists of the listener's own, and the two that always are, as plain data."""

from __future__ import annotations

from typing import Any

import polars as pl

from spotify_ai_pipeline.app.playlist_places import playlist_link
from spotify_ai_pipeline.interfaces.views.song_lookup import name_songs
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage import datasets, own_lists, playlists
from spotify_ai_pipeline.storage.own_lists import OwnList
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX
from spotify_ai_pipeline.storage.workspace import Workspace

SPANS = {"day": 1, "week": 7, "month": 30}


def every_words(days: int) -> str:
    """Tells how often, in words."""
    named = {number: f"every {word}" for word, number in SPANS.items()}
    return named.get(days, f"every {days} days")


def list_lists(workspace: Workspace) -> list[dict[str, Any]]:
    """Every list that is kept fresh: the mix, the adventure, and those of the listener's own."""
    settings, refreshed = workspace.settings, "at every refresh"
    size, more = settings.playlist.target_size, settings.adventure
    often = refreshed if more.enabled else "off"
    title = playlists.title(settings, ADVENTURE)
    return [
        _row(workspace, MIX, "", playlists.title(settings), size, refreshed, "by forecast"),
        _row(workspace, ADVENTURE, "", title, more.target_size, often, "what you do not know yet"),
        *(
            _row(workspace, own.name, str(own.list_id), own.title, own.size, _often(own), own.words)
            for own in own_lists.every(workspace.state)
        ),
    ]


def _often(own: OwnList) -> str:
    return "paused" if own.paused_at else every_words(own.every_days)


def _row(workspace: Workspace, name: str, number: str, title: str, size: int, often: str, what: str) -> dict[str, Any]:
    last = playlists.refreshes(workspace.state, name, 1)
    known = playlists.written(workspace.state, name)
    return {
        "list": number,
        "title": title,
        "songs": len(known.track_ids) if known else 0,
        "size": size,
        "refreshed": often,
        "last": when(workspace, last[0].refreshed_at) if last else "",
        "made of": what,
        "link": playlist_link(workspace, name),
    }


def recipe_lines(workspace: Workspace, own: OwnList) -> list[str]:
    """Gives what the list is made of, in lines that can be given back to `spotify-ai list edit`."""
    named = [*own.recipe.like, *own.recipe.unlike, *own.recipe.between]
    called = name_songs(workspace.lake.read(datasets.SONG_MEMBERS)) if named else {}
    change = "as much as of the mix" if own.max_change is None else f"up to {own.max_change:.0%}"
    return [
        *own.recipe.lines(called),
        f"{own.size} songs, {every_words(own.every_days)}, each time {change} may change",
    ]


def decided(workspace: Workspace, own: OwnList) -> pl.DataFrame:
    """The list as last decided, and what left it; empty before its first refresh."""
    table = workspace.lake.read_or_none(datasets.OWN_LISTS)
    found = pl.DataFrame(schema=datasets.OWN_LISTS.schema) if table is None else table
    return found.filter(list_id=own.list_id)


def own_as_data(workspace: Workspace, own: OwnList, table: pl.DataFrame) -> dict[str, Any]:
    """The list with its recipe and songs, for scripts."""
    said = {"list": own.list_id, "title": own.title, "words": own.words, "recipe": own.recipe.model_dump()}
    rows = table.drop_nulls("rank").sort("rank").select("rank", "song_id", "artist", "title", "change", "reason")
    out = table.filter(change="out").select("song_id", "artist", "title", "reason")
    often = {"size": own.size, "every_days": own.every_days, "paused": own.paused_at is not None}
    return (
        said | often | {"songs": rows.to_dicts(), "removed": out.to_dicts(), "link": playlist_link(workspace, own.name)}
    )
