"""A world in memory: what the services answer from."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from . import schema
from .catalogue import Catalogue
from .changes import open_changes
from .errors import WorldError
from .scrobbles import SHORTEST_MS, Scrobbles, of_friends
from .search import Search
from .shelf import Shelf
from .tokens import Tokens

__all__ = ["World", "WorldError"]

_DAY = 86_400


class World:
    """One listener, what they play and keep, and the catalogue around them."""

    def __init__(self, path: Path, about: dict[str, Any], tables: dict[str, pl.DataFrame]) -> None:
        self.path = path
        self.about = about
        self.listener: dict[str, str] = about["listener"]
        self.catalogue = Catalogue(tables)
        self.search = Search(self.catalogue)
        self._plays = tables["plays"].sort("started", maintain_order=True)
        heard = self._plays.filter(pl.col("ms_played") >= SHORTEST_MS)
        self.scrobbles = {self.listener["lastfm_user"]: Scrobbles(heard)}
        self.scrobbles |= of_friends(tables["friend_plays"], tables["catalogue"], tables["artists"])
        self.friends: dict[str, dict[str, Any]] = {row["user"]: row for row in tables["friends"].to_dicts()}
        self.followed = tables["artists"].filter("followed")["id"].to_list()
        self._counted: dict[int, np.ndarray] = {}
        self._check()
        self._db = open_changes(path, tables)
        self.shelf = Shelf(self._db)
        self.tokens = Tokens(self._db)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """The world in the folder `path`. Raises WorldError: what is wrong, where, what to do."""
        folder = Path(path)
        about = schema.read_about(folder)
        return cls(folder, about, schema.read(folder))

    def close(self) -> None:
        """Lets go of the file of changes; everything in it was committed before."""
        self._db.close()

    @property
    def mine(self) -> Scrobbles:
        """The listener's own scrobbles."""
        return self.scrobbles[self.listener["lastfm_user"]]

    @property
    def now_playing(self) -> str | None:
        """The track id the listener is hearing right now, if any."""
        return self.about.get("now_playing")

    @cached_property
    def recent(self) -> list[tuple[int, int]]:
        """The last 50 plays of 30 s or more, newest first: (catalogue row, unix milliseconds when they ended)."""
        last = self._plays.filter(pl.col("ms_played") >= SHORTEST_MS).tail(50).reverse()
        ended = (last["started"] * 1000 + last["ms_played"]).to_list()
        return [(self.catalogue.row_of[i], at) for i, at in zip(last["track_id"].to_list(), ended, strict=True)]

    def top_tracks(self, days: int) -> list[int]:
        """Catalogue rows by plays in the last `days` of the history, most played first."""
        counts = self._counts(days)
        order = np.argsort(-counts, kind="stable")
        return order[: int((counts > 0).sum())].tolist()

    def top_artists(self, days: int) -> list[int]:
        """Artist rows by plays in the last `days` of the history, most played first."""
        counts = self._counts(days)
        totals: dict[str, int] = {}
        heard = np.flatnonzero(counts)
        for ids, count in zip(
            self.catalogue.tracks["artist_ids"][heard].to_list(), counts[heard].tolist(), strict=True
        ):
            totals[ids[0]] = totals.get(ids[0], 0) + count
        return [self.catalogue.artist_row_of[i] for i in sorted(totals, key=lambda i: -totals[i])]

    @cached_property
    def recommended(self) -> list[tuple[str, float]]:
        """Unheard recordings (MBIDs) that the crowd puts beside what the listener plays, with a score 0..1."""
        heard = set(np.flatnonzero(self._counts(100_000)).tolist())
        scores: dict[int, float] = {}
        ids = self.catalogue.tracks["id"]
        for place, row in enumerate(self.top_tracks(90)[:300]):
            for other, match in self.catalogue.similar("track", ids[row]):
                near = self.catalogue.row_of[other]
                if near not in heard:
                    scores[near] = scores.get(near, 0) + match / (1 + place / 50)
        best = sorted(scores, key=lambda row: -scores[row])
        mbids = self.catalogue.tracks["mbid"]
        top = max(scores.values(), default=1.0)
        known = {mbids[row]: round(scores[row] / top, 6) for row in best if mbids[row]}
        return list(known.items())[:1000]

    def _counts(self, days: int) -> np.ndarray:
        """Plays of 30 s or more by catalogue row in the last `days` of the history."""
        cached = self._counted.get(days)
        if cached is None:
            since = int(self.mine.started[-1]) - days * _DAY if len(self.mine) else 0
            heard = self._plays.filter((pl.col("ms_played") >= SHORTEST_MS) & (pl.col("started") > since))
            rows = [self.catalogue.row_of[i] for i in heard["track_id"].to_list()]
            cached = self._counted[days] = np.bincount(rows, minlength=len(self.catalogue))
        return cached

    def _check(self) -> None:
        """The plays must be of tracks that exist, or every page that shows them would fail later."""
        strangers = self._plays.join(self.catalogue.tracks.select("id"), left_on="track_id", right_on="id", how="anti")
        if len(strangers):
            raise WorldError(
                f"{self.path}/plays.parquet names tracks that catalogue.parquet lacks ({len(strangers)} plays): build it anew."
            )
