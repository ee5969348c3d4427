"""Sensors: runs that news starts. No news, no run."""

import hashlib

import dagster as dg

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients import sign_in
from spotify_ai_pipeline.defs.automation.jobs import APPLY_VERDICTS, HEAVY_WORK, TAKE_IN_FILES
from spotify_ai_pipeline.defs.degraded import stopped_alert
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.importers.ingest import waiting
from spotify_ai_pipeline.storage import alerts
from spotify_ai_pipeline.storage.verdicts import pending_effects
from spotify_ai_pipeline.storage.workspace import Workspace

SETTLED_SECONDS = 10
"""A file that changed within this time may still be on its way into the folder."""


TRY_AGAIN_SECONDS = 15 * 60


@dg.sensor(
    job_name=TAKE_IN_FILES,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes in exports that are laid into the inbox.",
)
def files_in_the_inbox(workspace: WorkspaceResource) -> dg.RunRequest | dg.SkipReason:
    """Starts a run when exports lie in the inbox; each set of files starts one."""
    found = [(path, path.stat()) for path in waiting(workspace.workspace)]
    if not found:
        return dg.SkipReason(f"nothing in {workspace.workspace.inbox}")
    if clock.file_age(max(stat.st_mtime for _, stat in found)) < SETTLED_SECONDS:
        return dg.SkipReason("files are still being copied")
    # by the time of arrival, not of the content: the same file laid there again is news
    what = "".join(f"{path.name}\t{stat.st_size}\t{stat.st_ctime_ns}\n" for path, stat in found)
    return dg.RunRequest(run_key=hashlib.sha256(what.encode()).hexdigest()[:16])


@dg.sensor(
    job_name=APPLY_VERDICTS,
    minimum_interval_seconds=15,  # the daemon looks every 10 s (web_server.py): a tick is due every 20
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run within 30 seconds of a verdict that has to be brought about on Spotify.",
)
def verdicts_to_apply(workspace: WorkspaceResource) -> dg.RunRequest | dg.SkipReason:
    """What passes by itself is tried again every quarter of an hour.

    What only the listener can mend is tried again with the next verdict or the next refresh.
    """
    waiting = pending_effects(workspace.state)
    if not waiting:
        return dg.SkipReason("every verdict was applied")
    first, last = waiting[0].outbox_id, waiting[-1].outbox_id
    if alerts.is_open(workspace.state, stopped_alert("applied_verdicts")):
        return dg.RunRequest(run_key=f"{first}-{last}-stopped")
    return dg.RunRequest(run_key=f"{first}-{last}-{int(workspace.now() // TRY_AGAIN_SECONDS)}")


@dg.sensor(
    minimum_interval_seconds=6 * 3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Raises an alert while the sign-in to Spotify is about to end; starts no run.",
)
def sign_in_watch(workspace: WorkspaceResource) -> dg.SkipReason:
    """The sign-in ends six months after the listener agreed, however often it is used."""
    if warning := sign_in.sign_in_warning(workspace.workspace):
        alerts.raise_alert(workspace.state, sign_in.ALERT, warning)
    return dg.SkipReason(warning or "the sign-in is good for more than a month, or there is none yet")


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Raises an alert for a job that failed, with what the failed step said.",
)
def tell_of_failures(context: dg.RunStatusSensorContext, workspace: WorkspaceResource) -> None:
    job, run_id = context.dagster_run.job_name, context.dagster_run.run_id
    if not _succeeded_since(context, workspace):
        failed = context.instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        said = [f"{log.step_key}: {cause(log.dagster_event)}" for log in failed if log.dagster_event is not None]
        why = "; ".join(said) or context.dagster_event.message or "its process is gone"
        alerts.raise_alert(
            workspace.state, f"job {job}", f"{job} failed: {why} (run {run_id[:8]}: `spotify-ai up`, Runs)"
        )


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes the alert of a job away when it succeeds again.",
)
def tell_of_recoveries(context: dg.RunStatusSensorContext, workspace: WorkspaceResource) -> None:
    alerts.resolve_alert(workspace.state, f"job {context.dagster_run.job_name}")


def _succeeded_since(context: dg.RunStatusSensorContext, workspace: WorkspaceResource) -> bool:
    """Whether the job that failed has succeeded meanwhile: the two sensors keep no order between them."""
    same = dg.RunsFilter(job_name=context.dagster_run.job_name, tags=workspace.workspace.run_tags)
    last = context.instance.get_runs(same, limit=1)
    return bool(last) and last[0].status is dg.DagsterRunStatus.SUCCESS


def cause(event: dg.DagsterEvent) -> str:
    """What the failed step said at the root of its error: our own words, without Dagster's frames."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip().split(": ", 1)[-1] if error else "unknown error"


def features_follow_the_day(workspace: Workspace) -> dg.AutomationConditionSensorDefinition:
    """The daily run of the assets that have a condition: features and clusters. It is of no job whose tags it could take."""
    return dg.AutomationConditionSensorDefinition(
        "features_follow_the_day",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=300,  # a look at all conditions is a third of what the daemon does at rest
        run_tags=HEAVY_WORK | workspace.run_tags,
        description="Once a day, after the first refresh that brought songs up to date: features of what is new, and clusters.",
    )


def once_a_day(zone: str) -> dg.AutomationCondition:
    """Made once after three in the morning of ``zone``, as soon as all that it is made from was made since then."""
    return dg.AutomationCondition.on_cron("0 3 * * *", zone)
