"""Intake: files become parts of the lake, each row once, whichever files it comes in and however often.

A part holds rows that no earlier part held and is published whole; a run that is killed keeps the parts it had, and the next
one takes in the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers import charts as charted
from spotify_ai_pipeline.importers import ratings as rated
from spotify_ai_pipeline.importers import spotify_library as listed
from spotify_ai_pipeline.importers.detect import Export, find, opened
from spotify_ai_pipeline.importers.parse import Batch, Broken
from spotify_ai_pipeline.music.plays.records import PLAY, SOURCES
from spotify_ai_pipeline.music.sieve import clean_spotify_id
from spotify_ai_pipeline.music.tables import MOMENT
from spotify_ai_pipeline.storage import alerts, datasets
from spotify_ai_pipeline.storage.lake import Dataset, Lake, readable
from spotify_ai_pipeline.storage.workspace import Workspace

PART_ROWS = 100_000
MOST_BROKEN = 10_000
"""Broken rows of a file that are kept by place and reason; all are counted."""
FROM_FILE = "file:"
"""How the id of a list begins that a file told of."""
LIKED = "Liked Songs", "liked"
"""Name and id of the list of liked songs, as the library on Spotify has them."""

IMPORTED: dict[str, pl.DataType] = {**PLAY, "stamped_at": MOMENT, "nth": pl.Int64()}
"""A play from a file: ``stamped_at`` is the time as it stands there, ``nth`` counts equal rows of a file to the minute."""
MINUTES = [source.name for source in SOURCES if source.whole_minutes]

Tell = Callable[[str, int, int], None]
"""Told (file, bytes read, bytes in all) as a file is read."""


@dataclass
class Report:
    """One file, and what became of it."""

    file: str
    kind: str
    read: int = 0
    new: int = 0
    duplicate: int = 0
    quarantined: int = 0
    no_music: int = 0
    first: datetime | None = None
    last: datetime | None = None
    broken: list[Broken] = field(default_factory=list[Broken])
    problem: str = ""
    """Why the file could not be read, or not to its end; empty where it could."""

    def line(self) -> str:
        """The report in one line."""
        if self.problem:
            taken = f" ({self.new:,} rows before it were taken in)" if self.new else ""
            return f"{self.problem}{taken}"
        span = f"; {self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}" if self.first and self.last else ""
        more = f", {self.no_music:,} no music" if self.no_music else ""
        return (
            f"{self.file} ({self.kind}): {self.read:,} read, {self.new:,} new, {self.duplicate:,} duplicate, "
            f"{self.quarantined:,} quarantined{more}{span}"
        )

    def spans(self, times: pl.Series) -> None:
        for time in (times.min(), times.max()):
            assert time is None or isinstance(time, datetime)
            if time is not None:
                self.first, self.last = min(self.first or time, time), max(self.last or time, time)


def take_in(workspace: Workspace, exports: Sequence[Export], tell: Tell = lambda *_: None) -> Iterator[Report]:
    """Publishes what is new in ``exports`` and reports on each."""
    seen = _Seen(workspace.lake)
    for export in exports:
        yield _Intake(workspace.lake, export, seen, tell).run()


def take_in_inbox(workspace: Workspace) -> Iterator[Report]:
    """Takes in the files of the inbox. Each then moves to its folder ``imported``; one that cannot be read moves, with a note
    and an alert, to ``refused``, and the others go on."""
    seen: _Seen | None = None
    for path in waiting(workspace):
        problems = list[str]()
        try:
            exports = find([path])
        except UserError as problem:
            problems.append(str(problem))
            exports = []
        for export in exports:
            seen = seen or _Seen(workspace.lake)
            report = _Intake(workspace.lake, export, seen, lambda *_: None).run()
            problems += [report.line()] if report.problem else []
            yield report
        if problems:
            _refuse(workspace, path, problems)
        else:
            alerts.resolve_alert(workspace.state, f"inbox:{path.name}")
            _move(path, workspace.inbox / "imported")


def waiting(workspace: Workspace) -> list[Path]:
    """Gives what lies in the inbox to be taken in: everything but folders and hidden files."""
    place = workspace.inbox
    there = place.iterdir() if place.exists() else ()
    return sorted(path for path in there if path.name[0] != "." and path.exists() and not path.is_dir())


def _refuse(workspace: Workspace, path: Path, problems: Sequence[str]) -> None:
    target = _move(path, workspace.inbox / "refused")
    note = "\n".join(problems)
    (target.parent / f"{target.name}.note.txt").write_text(note + "\n", encoding="utf-8")
    alerts.raise_alert(workspace.state, f"inbox:{path.name}", f"{note} (moved to {target.parent})")


def ratings(lake: Lake) -> pl.DataFrame:
    """Each rating by the file that was taken in last."""
    table = pl.concat([datasets.RATINGS.empty(), *map(_as_rated, _in_order(lake, datasets.RATING_IMPORTS))])
    work = pl.concat_str("artist", "title", "album", separator="\t", ignore_nulls=True).str.to_lowercase()
    last = table.with_columns(_what=pl.coalesce("rym_id", work)).unique("_what", keep="last", maintain_order=True)
    return last.drop("_what").sort("artist", "album", "title")


def library(lake: Lake) -> pl.DataFrame:
    """The lists of the library that files told of, each by the file that was taken in last under its name."""
    return pl.concat([datasets.LIBRARY_IMPORTS.empty(), *_in_order(lake, datasets.LIBRARY_IMPORTS)])


def _in_order(lake: Lake, dataset: Dataset) -> list[pl.DataFrame]:
    """The parts of a dataset, the oldest first."""
    parts = [(lake.current(dataset, part), part) for part in lake.partitions(dataset)]
    made = sorted((version.created_at, part) for version, part in parts if version)
    return [lake.read_part(dataset, part) for _, part in made]


def _as_rated(part: pl.DataFrame) -> pl.DataFrame:
    """A part of ratings under the columns of today: those of an older version were of albums on RateYourMusic alone."""
    if "best" not in part.columns:
        part = part.rename({"title": "album"}).with_columns(
            rating=pl.when(pl.col("rating") > 0).then("rating"),
            best=pl.lit(10),
            title=pl.lit(None, pl.String),
            artist_alias=pl.lit(None, pl.String),
        )
    return part.select(pl.col(name).cast(kind) for name, kind in datasets.RATINGS.schema.items())


def charts(lake: Lake) -> pl.DataFrame:
    """The charts that were laid into the inbox, each by the file that was taken in last under its name."""
    parts = [pl.read_parquet(readable([file])) for file in lake.files(datasets.CHARTS)]
    return pl.concat([datasets.CHARTS.empty(), *parts]).sort("list", "position")


class _Intake:
    """One file on its way into the lake."""

    def __init__(self, lake: Lake, export: Export, seen: _Seen, tell: Tell) -> None:
        self.lake, self.export, self.seen, self.tell = lake, export, seen, tell
        self.report = Report(export.name, export.kind.NAME if export.kind else "unknown")
        self.pending: list[pl.DataFrame] = []

    def run(self) -> Report:
        kind = self.export.kind
        if kind is None:
            self.report.problem = self.export.problem
            return self.report
        publish = {rated: self._publish_ratings, charted: self._publish_chart, listed: self._publish_library}.get(kind)
        try:
            with opened(self.export, lambda done: self.tell(self.export.name, done, self.export.size)) as stream:
                for batch in kind.read(stream):
                    self._count(batch)
                    self.pending.append(batch.rows)
                    if publish is None and sum(rows.height for rows in self.pending) >= PART_ROWS:
                        self._publish_plays()
        except UserError as problem:
            said = str(problem)
            self.report.problem = said if self.export.name in said else f"{self.export.name}, {said}"
        if self.pending and (publish is None or not self.report.problem):
            (publish or self._publish_plays)()
        if self.report.broken:
            rows = [(self.export.name, row.line, row.reason) for row in self.report.broken]
            frame = pl.DataFrame(rows, schema=datasets.QUARANTINE.schema, orient="row")
            self.lake.write(frame, datasets.QUARANTINE, _digest(frame))
        return self.report

    def _count(self, batch: Batch) -> None:
        self.report.read += batch.read
        self.report.no_music += batch.no_music
        self.report.quarantined += len(batch.broken)
        self.report.broken += batch.broken[: MOST_BROKEN - len(self.report.broken)]

    def _publish_plays(self) -> None:
        part = _as_imported(pl.concat(self.pending))
        self.pending = []
        self.report.spans(part["played_at"])
        keys = _keys(part)
        fresh = part.filter(self.seen.fresh(keys))
        self.report.new += fresh.height
        self.report.duplicate += part.height - fresh.height
        if fresh.height:
            self.lake.write(fresh, datasets.HISTORY_IMPORTS, _digest(fresh))
            self.seen.add(keys)

    def _publish_ratings(self) -> None:
        rows = pl.concat(self.pending)
        each = rows.unique(["rym_id", "artist", "title", "album"], keep="last", maintain_order=True)
        fresh = each.join(ratings(self.lake), on=list(datasets.RATING_IMPORTS.schema), how="anti", nulls_equal=True)
        self.report.new, self.report.duplicate = fresh.height, rows.height - fresh.height
        if fresh.height:
            self.lake.write(fresh, datasets.RATING_IMPORTS, _digest(fresh))

    def _publish_chart(self) -> None:
        """The list under the file's name, in place of an older one of that name."""
        name = Path(self.export.file_name).stem
        rows = pl.concat(self.pending).with_columns(list=pl.lit(name))
        known = charts(self.lake).filter(list=name)
        self.report.new = rows.join(known, on=["artist", "title", "album"], how="anti", nulls_equal=True).height
        self.report.duplicate = rows.height - self.report.new
        self.lake.write(rows, datasets.CHARTS, hashlib.sha256(name.encode()).hexdigest()[:16])

    def _publish_library(self) -> None:
        """The list under the file's name, or the liked songs, in place of an older one of that name."""
        name, list_id = Path(self.export.file_name).stem, FROM_FILE + Path(self.export.file_name).stem
        if listed.holds_likes(name):
            name, list_id = LIKED
        rows = pl.concat(self.pending).with_columns(
            list_id=pl.lit(list_id), list_name=pl.lit(name), position=pl.int_range(pl.len(), dtype=pl.Int64)
        )
        known = library(self.lake).filter(list_name=name)
        self.report.new = rows.join(known, on="track_id", how="anti").height
        self.report.duplicate = rows.height - self.report.new
        self.lake.write(rows, datasets.LIBRARY_IMPORTS, hashlib.sha256(name.encode()).hexdigest()[:16])


class _Seen:
    """The plays that were taken in before, as 64-bit hashes: two of ten million share one with a chance of 1 in 370,000."""

    def __init__(self, lake: Lake) -> None:
        columns = ["source", "stamped_at", "track_id", "artist", "title", "ms_played", "nth"]
        parts = (pl.read_parquet(readable([file]), columns=columns) for file in lake.files(datasets.HISTORY_IMPORTS))
        # an older version kept addresses of local files as ids
        sound = (part.with_columns(clean_spotify_id("track_id")) for part in parts)
        self.keys = pl.concat([pl.Series([], dtype=pl.UInt64), *map(_keys, sound)])

    def fresh(self, keys: pl.Series) -> pl.Series:
        """Tells whether each of ``keys`` was neither seen before nor stands further up."""
        return keys.is_first_distinct() & ~keys.is_in(self.keys.implode())

    def add(self, keys: pl.Series) -> None:
        self.keys = pl.concat([self.keys, keys])


def _as_imported(rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` under the columns of ``IMPORTED``. Equal rows to the second are one play told twice; to the minute they may be
    two plays, and are numbered."""
    absent = [pl.lit(None, kind).alias(name) for name, kind in PLAY.items() if name not in rows.columns]
    equal = pl.int_range(pl.len()).over("stamped_at", "artist", "title", "ms_played")
    nth = pl.when(pl.col("source").is_in(MINUTES)).then(equal).otherwise(0)
    whole = rows.with_columns(absent).with_columns(nth=nth)
    return whole.select(pl.col(name).cast(kind) for name, kind in IMPORTED.items())


def _keys(rows: pl.DataFrame) -> pl.Series:
    who = pl.coalesce("track_id", pl.concat_str("artist", pl.lit("\t"), "title"))
    return rows.select("source", "stamped_at", who.alias("who"), "ms_played", "nth").hash_rows()


def _digest(rows: pl.DataFrame) -> str:
    """A name for a part by what it holds: the same rows make the same part."""
    return hashlib.sha256(rows.write_ipc(None, compat_level=pl.CompatLevel.oldest()).getvalue()).hexdigest()[:16]


def _move(path: Path, folder: Path) -> Path:
    """Moves a file and gives its new place: ``path`` moved into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    path.rename(target)
    return target
