"""Dagster by our clock, where that is shifted: partitions, ticks, runs and events.

Dagster has no public way to set its clock. Its own tests replace the two functions below; events carry the time of a log
record; a run carries the time that the database gives a new row.
"""

import logging
from typing import Any

from sqlalchemy.ext.compiler import compiles

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.defs.dagster_internals import dagster_time, get_sql_current_timestamp


def follow() -> None:
    """Has Dagster follow our clock in this process; without a shift, Dagster keeps to the system's."""
    if not clock.shift():
        return
    dagster_time._mockable_get_current_datetime = clock.utc_now
    dagster_time._mockable_get_current_timestamp = clock.now
    logging.setLogRecordFactory(_stamped)
    compiles(get_sql_current_timestamp, "sqlite")(_database_now)


def _stamped(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **kwargs)
    record.created += clock.shift()
    return record


def _database_now(*_args: Any, **_kwargs: Any) -> str:
    return f"(datetime('now', '{clock.shift():+.3f} seconds'))"
