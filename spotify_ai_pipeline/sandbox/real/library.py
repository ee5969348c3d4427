"""A library that a history implies: likes at the third play, playlists of the most played."""

from __future__ import annotations

import polars as pl

from .. import schema
from ..ids import hashed_id

_LIKED_AT = 3
_BEST, _OF_YEAR = 100, 60


def likes(scrobbles: pl.DataFrame) -> pl.DataFrame:
    """The table `likes`: songs played three times or more, since the third play."""
    third = pl.col("started").sort().get(_LIKED_AT - 1, null_on_oob=True)
    counted = scrobbles.group_by("track_id", maintain_order=True).agg(added_at=third)
    return counted.drop_nulls().sort("added_at", maintain_order=True).select(list(schema.TABLES["likes"]))


def playlists(scrobbles: pl.DataFrame, listener: dict[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables `playlists` and `playlist_items`: "Best", and one a calendar year."""
    dated = scrobbles.with_columns(year=pl.from_epoch("started").dt.year())
    last = int(scrobbles["started"].max())  # type: ignore[arg-type]
    lists = [("Best", "The 100 most played.", _most_played(dated, _BEST), last)]
    for (year,), part in dated.sort("year", maintain_order=True).group_by("year", maintain_order=True):
        at = int(part["started"].max())  # type: ignore[arg-type]
        lists.append((str(year), f"The most played of {year}.", _most_played(part, _OF_YEAR), at))
    ids = [hashed_id(f"{listener['id']}\nplaylist\n{name}") for name, _, _, _ in lists]
    head = {
        "id": ids,
        "name": [name for name, _, _, _ in lists],
        "description": [about for _, about, _, _ in lists],
        "owner_id": [listener["id"]] * len(lists),
        "owner_name": [listener["display_name"]] * len(lists),
        "public": [False] * len(lists),
        "collaborative": [False] * len(lists),
        "added_at": [at for _, _, _, at in lists],
    }
    rows = [(key, track, at) for key, (_, _, tracks, at) in zip(ids, lists, strict=True) for track in tracks]
    items = {
        "playlist_id": [key for key, _, _ in rows],
        "kind": ["track"] * len(rows),
        "track_id": [track for _, track, _ in rows],
        "title": [None] * len(rows),
        "artist": [None] * len(rows),
        "added_at": [at for _, _, at in rows],
        "added_by": [listener["id"]] * len(rows),
    }
    return schema.table("playlists", head), schema.table("playlist_items", items)


def _most_played(scrobbles: pl.DataFrame, most: int) -> list[str]:
    counts = scrobbles.group_by("track_id", maintain_order=True).agg(n=pl.len())
    return counts.sort("n", descending=True, maintain_order=True)["track_id"].head(most).to_list()
