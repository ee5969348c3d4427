"""Dagster's own run history in SQLite, with connections that are kept.

Dagster opens a file, compiles its statements and closes the file again for every event: that was half the processor time of a
refresh, and most of the daemon's at rest. Here a file stays open while its process lives. A file that was removed or put
another in its place is opened anew. A power cut may cost the last events; it harms no file (WAL).
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event

from spotify_ai_pipeline.defs.dagster_internals import (
    SQLITE_BUSY_TIMEOUT_SECONDS,
    ConfigurableClassData,
    DagsterSqliteStorage,
    DagsterStorage,
    SqliteEventLogStorage,
    SqliteRunStorage,
    SqliteScheduleStorage,
)

OPEN_FILES = 8
"""Every run has a file of its own: so many stay open."""


class _Engines:
    """An engine a file; the one that was used longest ago makes room."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[int, Engine]] = OrderedDict()

    def of(self, address: str) -> tuple[Engine, bool]:
        """The engine of the file at ``address``, and whether the file is another than last time."""
        file, known = _inode(address), self._known.pop(address, None)
        is_new = known is None or not file or known[0] != file
        if known is not None and is_new:
            known[1].dispose()
        engine = _engine(address) if known is None or is_new else known[1]
        self._known[address] = (file, engine)
        while len(self._known) > OPEN_FILES:
            self._known.popitem(last=False)[1][1].dispose()
        return engine, is_new

    def opened(self, address: str) -> None:
        """Notes which file lies at ``address`` now that it was opened."""
        self._known[address] = (_inode(address), self._known[address][1])


def _inode(address: str) -> int:
    try:
        return Path(address.removeprefix("sqlite:///").partition("?")[0]).stat().st_ino
    except FileNotFoundError:
        return 0


def _engine(address: str) -> Engine:
    engine = create_engine(address, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
    event.listen(engine, "connect", _in_haste)
    return engine


def _in_haste(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


class _Events(SqliteEventLogStorage):
    """Events: a file a run, and an index."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = _Engines()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            address = self.conn_string_for_shard(shard)
            engine, is_new = self._engines.of(address)
            if is_new or shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
                self._engines.opened(address)
            with engine.begin() as connection:
                yield connection


class _Runs(SqliteRunStorage):
    """Runs."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = _Engines()
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        engine, _ = self._engines.of(self._conn_string)
        with engine.begin() as connection:
            yield connection


class _Ticks(SqliteScheduleStorage):
    """Ticks of schedules and sensors."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = _Engines()
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        engine, _ = self._engines.of(self._conn_string)
        with engine.begin() as connection:
            yield connection


class KeptStorage(DagsterSqliteStorage):
    """The three together, where Dagster has them."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._run_storage = _Runs.from_local(f"{base_dir}/history/")
        self._event_log_storage = _Events(f"{base_dir}/history/runs/")
        self._schedule_storage = _Ticks.from_local(f"{base_dir}/schedules")
        self._inst_data = inst_data
        DagsterStorage.__init__(self)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        return cls(inst_data=inst_data, **config_value)
