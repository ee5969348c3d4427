"""Dagster's own run history in SQLite, with connections that are kept.

Dagster opens a file, compiles its statements and closes the file again for every event: that was half the processor time of a
refresh, and most of the daemon's at rest. Here a file stays open while its process lives. A file that was removed or put
another in its place is opened anew. A power cut may cost the last events; it harms no file (WAL).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Self, TypeVar

import dagster as dg
from sqlalchemy import Connection, Engine, create_engine, event

from spotify_ai_pipeline.defs.dagster_internals import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    ASSET_KEY_INDEX_COLS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    SQLITE_BUSY_TIMEOUT_SECONDS,
    ConfigurableClassData,
    DagsterSqliteStorage,
    DagsterStorage,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
    SqliteRunStorage,
    SqliteScheduleStorage,
    create_db_conn_string,
    deserialize_value,
)

OPEN_FILES = 8
"""Every run has a file of its own: so many stay open."""


ASSETS_IN_MIND = 64
"""The last event of so many assets."""
PASSED_OVER = (dg.DagsterEventType.STEP_INPUT, dg.DagsterEventType.LOADED_INPUT, dg.DagsterEventType.HANDLED_OUTPUT)
"""Events that say once more what the materializations say: which version was read, and what was written. They were two in
five events, and as much of the run's file."""
MIRRORED = ASSET_EVENTS | ASSET_CHECK_EVENTS | EVENT_TYPE_TO_PIPELINE_RUN_STATUS.keys()
"""Events that stand in the index too."""
INDEX = "index"
_ASSETS = (
    "SELECT id, asset_key, last_materialization, last_run_id, asset_details, cached_status_data FROM asset_keys"
    " WHERE (wipe_timestamp IS NULL OR last_materialization_timestamp > wipe_timestamp) AND asset_key IN "
)
_INSERT = SqlEventLogStorageTable.insert()


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
_THERE = set[tuple[object, ...]]()


def _inode(address: str) -> int:
    try:
        return _file(address).stat().st_ino
    except FileNotFoundError:
        return 0


@lru_cache(maxsize=2 * OPEN_FILES)
def _file(address: str) -> Path:
    return Path(address.removeprefix("sqlite:///").partition("?")[0])


def _engine(address: str) -> Engine:
    engine = create_engine(address, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
    event.listen(engine, "connect", _in_haste)
    return engine


def _in_haste(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


def _asked_once(ask: Callable[..., bool]) -> Callable[..., bool]:
    """Has ``ask``, whether a file has what newer versions of Dagster need, answered from memory once it was so: Dagster asks
    for each event and each tick. What the file lacks may come with an upgrade."""

    @wraps(ask)
    def answered(storage: Any, *about: object) -> bool:
        key = (storage.address, _inode(storage.address), ask.__name__, *(one for one in about if isinstance(one, str)))
        if key not in _THERE and ask(storage, *about):
            _THERE.add(key)
        return key in _THERE

    return answered


def _kind(event: dg.EventLogEntry) -> dg.DagsterEventType | None:
    return event.dagster_event_type if event.is_dagster_event else None


class _Events(SqliteEventLogStorage):
    """Events: a file a run, and an index. The last event of an asset is known from memory where it is still the same."""

    def __init__(self, base_dir: str) -> None:
        self._read = OrderedDict[str, dg.EventLogRecord]()
        super().__init__(base_dir)

    def store_event(self, event: dg.EventLogEntry) -> None:
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Dagster's own for events of one run, with one statement that is compiled once, and without what nobody reads."""
        told = [(_kind(event), event, self._event_to_row(event)) for event in events if _kind(event) not in PASSED_OVER]
        if not told:
            return
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(_INSERT, [row for *_, row in told])
        checks = list[tuple[dg.EventLogEntry, int]]()
        if not (mirrored := [one for one in told if one[0] in MIRRORED]):
            return
        with self.index_transaction() as connection:
            for kind, event, row in mirrored:
                event_id: int = connection.execute(_INSERT, row).inserted_primary_key[0]  # pyright: ignore[reportOptionalSubscript]
                if kind in ASSET_EVENTS:
                    self._store_asset_event_tags(connection, [event], [event_id])
                    self._store_asset_event(connection, event, event_id)
                elif kind in ASSET_CHECK_EVENTS:
                    checks.append((event, event_id))
        for event, event_id in checks:
            self.store_asset_check_event(event, event_id)

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        """A run's file gets the tables of the index. Dagster's own reads the history of all its migrations each time."""
        with engine.begin() as connection:
            empty = not connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
        if for_index_shard or not empty or engine.url.database == self.path_for_shard(INDEX):
            super()._initdb(engine, for_index_shard)
            return
        with self.index_connection() as index:
            tables = index.exec_driver_sql(
                "SELECT sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE 'sqlite%'"
            )
            made = [sql for (sql,) in tables]
            version = index.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        with engine.begin() as connection:
            for sql in made:
                connection.exec_driver_sql(sql)
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (version,))

    @property
    def address(self) -> str:
        return self.conn_string_for_shard(INDEX)

    has_table = _asked_once(SqliteEventLogStorage.has_table)
    has_secondary_index = _asked_once(SqliteEventLogStorage.has_secondary_index)
    can_read_asset_status_cache = _asked_once(SqliteEventLogStorage.can_read_asset_status_cache)
    _has_asset_key_col_on_connection = _asked_once(SqliteEventLogStorage._has_asset_key_col_on_connection)

    def _get_latest_materialization_records(
        self, raw_asset_rows: Iterable[Mapping[str, Any]]
    ) -> Mapping[dg.AssetKey, dg.EventLogRecord | None]:
        """Dagster's own asks the files for events of old forms, also where there is none."""
        rows = list(raw_asset_rows)
        if any(row["asset_details"] or not row["last_materialization"] for row in rows):
            return super()._get_latest_materialization_records(rows)
        found = {row["asset_key"]: self._record(row["last_materialization"]) for row in rows}
        return {key: record for name, record in found.items() if (key := dg.AssetKey.from_db_string(name))}

    def _fetch_raw_asset_rows(
        self, asset_keys: Sequence[dg.AssetKey] | None = None, **limits: Any
    ) -> tuple[Iterable[Any], bool, str | None]:
        """What Dagster builds a statement for twice a step, where it asks for assets by name."""
        if (
            not asset_keys
            or any(limits.values())
            or not self.has_secondary_index(ASSET_KEY_INDEX_COLS)
            or not self.can_read_asset_status_cache()
        ):
            return super()._fetch_raw_asset_rows(asset_keys, **limits)
        asked = _ASSETS + f"({', '.join('?' * len(asset_keys))}) ORDER BY asset_key"
        with self.index_connection() as connection:
            rows = connection.exec_driver_sql(asked, tuple(key.to_string() for key in asset_keys))
            return rows.mappings().all(), False, None

    def _record(self, said: str) -> dg.EventLogRecord:
        known = self._read.pop(said, None) or deserialize_value(said, dg.EventLogRecord)
        self._read[said] = known
        while len(self._read) > ASSETS_IN_MIND:
            self._read.popitem(last=False)
        return known

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        engine = _FILES.engine(self.conn_string_for_shard(shard), self._initdb)
        with self._db_lock, engine.begin() as connection:
            yield connection


class _Runs(SqliteRunStorage):
    address = property(lambda self: self._conn_string)
    has_built_index = _asked_once(SqliteRunStorage.has_built_index)
    has_run_stats_index_cols = _asked_once(SqliteRunStorage.has_run_stats_index_cols)
    has_backfill_id_column = _asked_once(SqliteRunStorage.has_backfill_id_column)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with _FILES.engine(self._conn_string).begin() as connection:
            yield connection


class _Ticks(SqliteScheduleStorage):
    """Ticks of schedules and sensors."""

    address = property(lambda self: self._conn_string)
    has_built_index = _asked_once(SqliteScheduleStorage.has_built_index)
    has_instigators_table = _asked_once(SqliteScheduleStorage.has_instigators_table)
    _has_instigators_table = _asked_once(SqliteScheduleStorage._has_instigators_table)
    _has_asset_daemon_asset_evaluations_table = _asked_once(
        SqliteScheduleStorage._has_asset_daemon_asset_evaluations_table
    )

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with _FILES.engine(self._conn_string).begin() as connection:
            yield connection


Storage = TypeVar("Storage", _Runs, _Ticks)


def _opened(kind: type[Storage], folder: str, name: str) -> Storage:
    """The storage in ``folder``; its tables are looked at by the first instance of this process alone."""
    address = create_db_conn_string(folder, name)
    if not _FILES.knows(address):
        kind.from_local(folder)
        _FILES.engine(address)  # known from now on, also to the many ticks that never ask it anything
    return kind(address)


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
