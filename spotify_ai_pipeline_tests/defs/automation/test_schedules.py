"""The timetable by the listener's clock, on odd days and in odd places."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.scrobble_partitions import RANGE_END, RANGE_START, month_range
from spotify_ai_pipeline.clients import sign_in
from spotify_ai_pipeline.defs.automation import schedules as timetable
from spotify_ai_pipeline.defs.automation.sensors import sign_in_watch
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.storage.workspace import Workspace

JOBS = [entry.job for entry in timetable.TIMETABLE]
NOT_DAILY = ("read_recent_plays", "score_the_lists")


def times(name: str, zone: str, since: datetime, days: int) -> list[datetime]:
    """When the schedule ticks within ``days`` from ``since``, local times of ``zone``."""
    (found,) = [schedule for schedule in timetable.schedules(zone, JOBS) if schedule.name == name]
    assert found.execution_timezone == zone
    until, ticks = since + timedelta(days=days), []
    for at in schedule_execution_time_iterator(since.timestamp(), found.cron_schedule, zone, ascending=True):
        if at >= until:
            return ticks
        ticks.append(at.astimezone(ZoneInfo(zone)))
    raise AssertionError("a schedule ends never")


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Tongatapu", "Pacific/Pago_Pago", "Asia/Kathmandu"])
def test_a_refresh_is_at_eight_and_eight_wherever_the_listener_is(zone: str) -> None:
    monday = datetime(2027, 1, 4, 0, 5, tzinfo=ZoneInfo(zone))
    found = times("refresh_at_eight_and_eight", zone, monday, 7)
    assert [at.hour for at in found] == [8, 20] * 7
    assert {at.date() for at in found} == {monday.date() + timedelta(days=day) for day in range(7)}
    assert found[0] - monday == timedelta(hours=7, minutes=55)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "America/Havana"])
@pytest.mark.parametrize("name", [entry.name for entry in timetable.TIMETABLE if entry.job not in NOT_DAILY])
def test_every_day_of_the_year_has_its_times_once(zone: str, name: str) -> None:
    """Also the days on which the clock jumps, where 02:30 is not there or is there twice."""
    start = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))
    found = times(name, zone, start, 365)
    a_day = 2 if "eight" in name else 1
    counts = {day: [at.date() for at in found].count(day) for day in {at.date() for at in found}}
    assert len(counts) == 365
    assert set(counts.values()) == {a_day}


def test_the_week_is_scored_each_monday_once() -> None:
    found = times("score_on_monday", "Europe/Berlin", datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")), 365)
    assert len(found) == 52 and {at.weekday() for at in found} == {0}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "home")


@pytest.mark.parametrize(
    ("zone", "at", "month"),
    [
        ("Pacific/Tongatapu", "2027-01-01T08:00", "2026-12"),  # still December in UTC, by which months are kept
        ("Pacific/Pago_Pago", "2026-12-31T20:00", "2027-01"),
        ("UTC", "2026-12-31T23:59", "2026-12"),
    ],
)
def test_months_are_those_of_utc_at_the_years_end(workspace: Workspace, zone: str, at: str, month: str) -> None:
    workspace.state.set_fact("first_month", "2026-11")
    said = month_range(workspace, datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone)))
    assert said == {RANGE_START: "2026-11", RANGE_END: month}


def tick(name: str, workspace: Workspace, instance: dg.DagsterInstance, at: datetime) -> Any:
    (found,) = [schedule for schedule in timetable.schedules("UTC", JOBS) if schedule.name == name]
    resource = WorkspaceResource(root=str(workspace.root))
    with dg.build_schedule_context(instance, scheduled_execution_time=at, resources={"workspace": resource}) as context:
        return found.evaluate_tick(context)


def test_a_refresh_waits_for_the_first_one_by_hand_and_then_names_its_months(workspace: Workspace) -> None:
    at = datetime(2027, 1, 4, 8, tzinfo=UTC)
    (workspace.root / ".env").write_text("LASTFM_API_KEY=k\nLASTFM_USER=u\n")
    with dg.DagsterInstance.local_temp() as instance:
        said = tick("refresh_at_eight_and_eight", workspace, instance, at)
        assert "spotify-ai refresh" in said.skip_message
        workspace.state.set_fact("first_month", "2026-12")
        (request,) = tick("refresh_at_eight_and_eight", workspace, instance, at).run_requests
        assert request.tags.items() >= {RANGE_START: "2026-12", RANGE_END: "2027-01"}.items()


def test_a_job_that_waits_is_not_asked_for_again(workspace: Workspace) -> None:
    at = datetime(2027, 1, 4, 8, tzinfo=UTC)
    with dg.DagsterInstance.local_temp() as instance:
        assert tick("discover_at_noon", workspace, instance, at).run_requests
        instance.create_run_for_job(empty("discover"), status=dg.DagsterRunStatus.STARTED)
        assert tick("discover_at_noon", workspace, instance, at).skip_message == "discover still waits or runs"


def test_a_job_by_interval_is_due_when_so_many_days_of_the_calendar_have_passed(workspace: Workspace) -> None:
    """The night of the fourteenth day counts, though the last run ended some seconds after three."""
    with dg.DagsterInstance.local_temp() as instance:
        now = clock.utc_now().replace(hour=3, minute=0, second=0, microsecond=0)
        assert tick("retrain_at_night", workspace, instance, now).run_requests, "never made: due"
        instance.create_run_for_job(empty("retrain"), status=dg.DagsterRunStatus.SUCCESS)
        early = tick("retrain_at_night", workspace, instance, now + timedelta(days=13))
        assert early.skip_message == "retrain is due in 1 nights"
        assert tick("retrain_at_night", workspace, instance, now + timedelta(days=14)).run_requests
        workspace.state.set_override("taste_model.retrain_interval_days", 3)
        again = Workspace.open(workspace.root)
        assert tick("retrain_at_night", again, instance, now + timedelta(days=3)).run_requests


def empty(name: str) -> dg.JobDefinition:
    @dg.job(name=name)
    def nothing() -> None: ...

    return nothing


def test_a_sign_in_that_is_about_to_end_raises_an_alert(workspace: Workspace) -> None:
    workspace.state.set_fact(sign_in.SIGNED_IN, clock.utc_now().timestamp())
    workspace.token_file.write_text('{"refresh_token": "r"}')
    resource = WorkspaceResource(root=str(workspace.root))
    sign_in_watch(dg.build_sensor_context(), workspace=resource)
    assert workspace.state.rows("SELECT * FROM alerts") == []
    old = clock.utc_now() - timedelta(days=160, hours=1)
    workspace.state.set_fact(sign_in.SIGNED_IN, old.timestamp())
    sign_in_watch(dg.build_sensor_context(), workspace=resource)
    (alert,) = workspace.state.rows("SELECT message FROM alerts")
    assert "spotify-ai login" in alert["message"]
