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

from spotify_ai_pipeline.importers import charts as charted
from spotify_ai_pipeline.importers import rateyourmusic
from spotify_ai_pipeline.importers.detect import Export, UnknownFormat, find, opened
from spotify_ai_pipeline.importers.parse import Broken
from spotify_ai_pipeline.music.plays.records import PLAY, SOURCES
from spotify_ai_pipeline.music.tables import MOMENT
from spotify_ai_pipeline.storage import alerts, datasets
from spotify_ai_pipeline.storage.lake import Lake, readable
from spotify_ai_pipeline.storage.workspace import Workspace

PART_ROWS = 100_000

IMPORTED: dict[str, pl.DataType] = {**PLAY, "stamped_at": MOMENT, "nth": pl.Int64()}
"""A play from a file: ``stamped_at`` is the time as it stands there, ``nth`` counts equal rows of a file to the minute."""
MINUTES = [source.name for source in SOURCES if source.whole_minutes]

Tell = Callable[[str, int, int], None]
"""Told (file, bytes read, bytes in all) as a file is read."""


@dataclass
class Report:
    """What became of one file."""

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

    def line(self) -> str:
        """The report in one line."""
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
    """Takes in the files of the inbox; each then moves to its folder ``imported`` or, with an alert, to ``refused``."""
    seen: _Seen | None = None
    for path in waiting(workspace):
        try:
            exports = find([path])
        except UnknownFormat as problem:
            alerts.raise_alert(
                workspace.state, f"inbox:{path.name}", f"{problem} (moved to {workspace.inbox / 'refused'})"
            )
            _move(path, workspace.inbox / "refused")
            continue
        seen = seen or _Seen(workspace.lake)
        for export in exports:
            yield _Intake(workspace.lake, export, seen, lambda *_: None).run()
        _move(path, workspace.inbox / "imported")


def waiting(workspace: Workspace) -> list[Path]:
    """The files that lie in the inbox."""
    place = workspace.inbox
    return sorted(path for path in place.iterdir() if path.is_file() and path.name[0] != ".") if place.exists() else []


def ratings(lake: Lake) -> pl.DataFrame:
    """Each album's rating by the file that was taken in last."""
    parts = [(lake.current(datasets.RATING_IMPORTS, part), part) for part in lake.partitions(datasets.RATING_IMPORTS)]
    made = sorted((version.created_at, part) for version, part in parts if version)
    table = pl.concat(
        [
            datasets.RATING_IMPORTS.empty(),
            *(lake.read_part(datasets.RATING_IMPORTS, part) for _, part in made),
        ]
    )
    return table.unique("rym_id", keep="last", maintain_order=True).sort("artist", "title")


def charts(lake: Lake) -> pl.DataFrame:
    """The charts that were laid into the inbox, each by the file that was taken in last under its name."""
    parts = [pl.read_parquet(readable([file])) for file in lake.files(datasets.CHARTS)]
    return pl.concat([datasets.CHARTS.empty(), *parts]).sort("list", "position")


class _Intake:
    """One file on its way into the lake."""

    def __init__(self, lake: Lake, export: Export, seen: _Seen, tell: Tell) -> None:
        self.lake, self.export, self.seen, self.tell = lake, export, seen, tell
        self.report = Report(export.name, export.kind.NAME)
        self.pending: list[pl.DataFrame] = []

    def run(self) -> Report:
        rates, ranks = self.export.kind is rateyourmusic, self.export.kind is charted
        with opened(self.export, lambda done: self.tell(self.export.name, done, self.export.size)) as stream:
            for batch in self.export.kind.read(stream):
                self.report.read += batch.read
                self.report.no_music += batch.no_music
                self.report.broken += batch.broken
                self.pending.append(batch.rows)
                if not rates and not ranks and sum(rows.height for rows in self.pending) >= PART_ROWS:
                    self._publish_plays()
        if self.pending:
            (self._publish_ratings if rates else self._publish_chart if ranks else self._publish_plays)()
        self.report.quarantined = len(self.report.broken)
        if self.report.broken:
            rows = [(self.export.name, row.line, row.reason) for row in self.report.broken]
            frame = pl.DataFrame(rows, schema=datasets.QUARANTINE.schema, orient="row")
            self.lake.write(frame, datasets.QUARANTINE, _digest(frame))
        return self.report

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
        each = rows.unique("rym_id", keep="last", maintain_order=True)
        fresh = each.join(ratings(self.lake), on=list(datasets.RATING_IMPORTS.schema), how="anti", nulls_equal=True)
        self.report.new, self.report.duplicate = fresh.height, rows.height - fresh.height
        if fresh.height:
            self.lake.write(fresh, datasets.RATING_IMPORTS, _digest(fresh))

    def _publish_chart(self) -> None:
        """The list under the file's name, in place of an older one of that name."""
        name = Path(self.export.member or self.export.path.name).stem
        rows = pl.concat(self.pending).with_columns(list=pl.lit(name))
        known = charts(self.lake).filter(list=name)
        self.report.new = rows.join(known, on=["artist", "title", "album"], how="anti", nulls_equal=True).height
        self.report.duplicate = rows.height - self.report.new
        self.lake.write(rows, datasets.CHARTS, hashlib.sha256(name.encode()).hexdigest()[:16])


class _Seen:
    """The plays that were taken in before, as 64-bit hashes: two of ten million share one with a chance of 1 in 370,000."""

    def __init__(self, lake: Lake) -> None:
        columns = ["source", "stamped_at", "track_id", "artist", "title", "ms_played", "nth"]
        parts = (pl.read_parquet(readable([file]), columns=columns) for file in lake.files(datasets.HISTORY_IMPORTS))
        self.keys = pl.concat([pl.Series([], dtype=pl.UInt64), *(_keys(part) for part in parts)])

    def fresh(self, keys: pl.Series) -> pl.Series:
        """Whether each of ``keys`` was neither seen before nor stands further up."""
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


def _move(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    path.rename(target)
