"""Dagster's own run history in SQLite, with connections that are kept.

Dagster opens a file, compiles its statements and closes the file again for every event: that was half the processor time of a
refresh, and most of the daemon's at rest. Here a file stays open while its process lives. A file that was removed or put
another in its place is opened anew. A power cut may cost the last events; it harms no file (WAL).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event

from spotify_ai_pipeline.defs.dagster_internals import (
    SQLITE_BUSY_TIMEOUT_SECONDS,
    ConfigurableClassData,
    DagsterSqliteStorage,
    DagsterStorage,
    SqliteEventLogStorage,
    SqliteRunStorage,
    SqliteScheduleStorage,
    create_db_conn_string,
)

OPEN_FILES = 8
"""Every run has a file of its own: so many stay open."""


class _Files:
    """An engine a file, for all instances of this process: a code server opens an instance for every tick. The file that was
    used longest ago makes room."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._known: OrderedDict[str, tuple[int, Engine]] = OrderedDict()

    def engine(self, address: str, prepare: Callable[[Engine], None] | None = None) -> Engine:
        """The engine of the file at ``address``. ``prepare`` is called once for a file, before anyone else gets it."""
        with self.lock:
            file, known = _inode(address), self._known.pop(address, None)
            if known is not None and file and known[0] == file:
                self._known[address] = known
                return known[1]
            if known is not None:
                known[1].dispose()
            engine = _engine(address)
            if prepare is not None:
                prepare(engine)
            self._known[address] = (_inode(address), engine)
            while len(self._known) > OPEN_FILES:
                self._known.popitem(last=False)[1][1].dispose()
            return engine

    def knows(self, address: str) -> bool:
        with self.lock:
            return address in self._known and self._known[address][0] == _inode(address)


_FILES = _Files()


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

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        engine = _FILES.engine(self.conn_string_for_shard(shard), self._initdb)
        with self._db_lock, engine.begin() as connection:
            yield connection


class _Runs(SqliteRunStorage):
    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with _FILES.engine(self._conn_string).begin() as connection:
            yield connection


class _Ticks(SqliteScheduleStorage):
    """Ticks of schedules and sensors."""

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with _FILES.engine(self._conn_string).begin() as connection:
            yield connection


Storage = TypeVar("Storage", _Runs, _Ticks)


def _opened(kind: type[Storage], folder: str, name: str) -> Storage:
    """The storage in ``folder``; its tables are looked at by the first instance of this process alone."""
    address = create_db_conn_string(folder, name)
    return kind(address) if _FILES.knows(address) else cast(Storage, kind.from_local(folder))


class KeptStorage(DagsterSqliteStorage):
    """The three together, where Dagster has them."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._run_storage = _opened(_Runs, f"{base_dir}/history/", "runs")
        self._event_log_storage = _Events(f"{base_dir}/history/runs/")
        self._schedule_storage = _opened(_Ticks, f"{base_dir}/schedules", "schedules")
        self._inst_data = inst_data
        DagsterStorage.__init__(self)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        return cls(inst_data=inst_data, **config_value)
