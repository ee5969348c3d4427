"""Finding tracks by words, as Spotify's search does: field filters, free text, popularity breaking ties."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property

import numpy as np
import polars as pl

from .catalogue import Catalogue

_FILTER = re.compile(
    r'\b(track|artist|album|isrc|year|genre|upc|tag):\s*("[^"]*"|\S+(?:\s+(?!\w+:)\S+)*)', re.IGNORECASE
)
_MOST_RANKED = 2000
_EMPTY = np.empty(0, np.int64)
_VERSION = re.compile(r"karaoke|originally performed|in the style of|tribute|lullaby", re.IGNORECASE)


class Search:
    """Word indexes over a catalogue, each built when it is first needed."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def tracks(self, query: str) -> list[int]:
        """Rows of playable tracks that match `query`, best first."""
        filters, text = _parse(query)
        catalogue = self._catalogue
        if isrc := filters.pop("isrc", ""):
            found = np.array(catalogue.by_isrc.rows(isrc.upper()), np.int64)
            return self._ranked(found[self._playable[found]], text)
        found = _both(self._title.find(filters.get("track")), self._artist.find(filters.get("artist")))
        found = _both(found, self._album.find(filters.get("album")))
        found = _both(found, self._everything.find(text))
        if year := filters.get("year"):
            found = _both(found, self._in_years(year))
        if found is None:
            return []
        return self._ranked(found[self._playable[found]], f"{filters.get('track', '')} {text}")

    def artists(self, query: str) -> list[int]:
        """Rows of artists whose names match `query`, best first."""
        filters, text = _parse(query)
        found = self._names.find(f"{filters.get('artist', '')} {text}")
        if found is None:
            return []
        popularity = self._catalogue.artists["popularity"].to_numpy()[found]
        return found[np.argsort(-popularity, kind="stable")].tolist()

    def albums(self, query: str) -> list[str]:
        """Ids of albums that match `query`, best first."""
        filters, text = _parse(query)
        found = _both(self._album.find(f"{filters.get('album', '')} {text}"), self._artist.find(filters.get("artist")))
        if found is None:
            return []
        ids = self._catalogue.tracks["album_id"][self._ranked(found, "")]
        return list(dict.fromkeys(ids.to_list()))

    def _ranked(self, rows: np.ndarray, wanted: str) -> list[int]:
        """The order of hits: by how much of the title the query says, then popularity; covers that nobody asked for come last."""
        popularity = self._catalogue.popularity
        # No page reaches beyond the first thousand.
        rows = rows[np.argsort(-popularity[rows], kind="stable")][:_MOST_RANKED]
        names = self._catalogue.tracks["name"][rows].to_list()
        words = set(fold(wanted).split())
        close = np.array([_overlap(words, set(fold(name).split())) for name in names])
        cover = np.array([_VERSION.search(name) is not None for name in names], bool)
        unasked = cover & (_VERSION.search(wanted) is None)
        return rows[np.argsort(-(close + popularity[rows] / 150 - 0.3 * unasked), kind="stable")].tolist()

    def _in_years(self, years: str) -> np.ndarray:
        first, _, last = years.partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            return _EMPTY
        year = self._catalogue.tracks["release_date"].str.slice(0, 4).cast(pl.Int64, strict=False)
        return np.flatnonzero(year.is_between(int(first), int(last or first)).fill_null(value=False).to_numpy())

    @cached_property
    def _playable(self) -> np.ndarray:
        return self._catalogue.tracks["playable"].to_numpy()

    @cached_property
    def _title(self) -> _Words:
        return _Words(self._catalogue.tracks["name"])

    @cached_property
    def _artist(self) -> _Words:
        return _Words(self._catalogue.tracks["artist_names"].list.join(" "))

    @cached_property
    def _album(self) -> _Words:
        return _Words(self._catalogue.tracks["album"])

    @cached_property
    def _everything(self) -> _Words:
        frame = self._catalogue.tracks
        return _Words(
            frame.select(
                pl.concat_str("name", pl.col("artist_names").list.join(" "), "album", separator=" ")
            ).to_series()
        )

    @cached_property
    def _names(self) -> _Words:
        return _Words(self._catalogue.artists["name"])


class _Words:
    """Folded word -> rows whose text holds it, ascending."""

    def __init__(self, texts: pl.Series) -> None:
        folded = texts.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
        words = folded.str.replace_all("['’]", "").str.extract_all(r"[\p{L}\p{N}]+")
        frame = pl.DataFrame({"word": words}).with_row_index("row").explode("word").drop_nulls()
        grouped = frame.group_by("word", maintain_order=True).agg(pl.col("row").unique(maintain_order=True))
        self._at = {word: at for at, word in enumerate(grouped["word"].to_list())}
        self._rows = grouped["row"]

    def find(self, text: str | None) -> np.ndarray | None:
        """Rows with every word of `text`; None when `text` asks for nothing."""
        words = fold(text or "").split()
        if not words:
            return None
        found: np.ndarray | None = None
        for word in words:
            at = self._at.get(word)
            found = _both(found, _EMPTY if at is None else self._rows[at].to_numpy().astype(np.int64))
        return found


def fold(text: str) -> str:
    """Lower case, without accents and punctuation, words apart by one space."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    return " ".join(re.findall(r"[^\W_]+", re.sub("['’]", "", plain)))


def _overlap(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b) if a and b else 0.0


def _both(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    if a is None or b is None:
        return b if a is None else a
    return np.intersect1d(a, b, assume_unique=True)


def _parse(query: str) -> tuple[dict[str, str], str]:
    """Field filters and the free text beside them."""
    filters = {name.lower(): value.strip('"') for name, value in _FILTER.findall(query)}
    return filters, _FILTER.sub(" ", query)
