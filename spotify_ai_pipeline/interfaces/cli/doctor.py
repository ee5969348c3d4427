"""`spotify-ai doctor`: checks everything that can be wrong, and says what to do."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib import metadata

import click
from rich.text import Text

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.account_checks import BAD, GOOD, ODD, Finding, accounts, alone
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.health import summarize_health
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.settings import ENV_FILE, PROJECT_ROOT
from spotify_ai_pipeline.storage import alerts, api_ledger, home_files, response_cache, sqlite_files
from spotify_ai_pipeline.storage.home_files import ANSWERS_FILE, STATE_FILE
from spotify_ai_pipeline.storage.state import newest_schema
from spotify_ai_pipeline.storage.workspace import RUN_HISTORY, Workspace

MARKS = {GOOD: ("✓", "green"), ODD: ("!", "yellow"), BAD: ("✗", "red")}
LEAST_FREE, LITTLE_FREE = 2**30, 5 * 2**30
SILENT_SECONDS = 120


@click.command()
@click.option(
    "--fix", is_flag=True, help="First put right what costs nothing of yours, and end the pauses of services."
)
@json_option
def doctor(fix: bool, as_json: bool) -> None:
    """Check accounts, permissions, quotas, files, clock, versions, daemon and disk, and say what to do.

    It makes at most six calls. The exit code is 1 if something is wrong (✗), and 0 if all is well or merely odd (!). --fix goes
    back to the last whole version of what is damaged in the lake, and puts a damaged cache or history of runs aside.
    """
    workspace = Workspace.open()
    found: list[Finding] = []
    with ExitStack() as stack:
        for finding in _told_once(_check_all(workspace, stack, fix)):
            found.append(finding)
            if not as_json:
                mark, style = MARKS[finding.how]
                line = Text.assemble((mark, style), f" {finding.what:<20} {finding.seen}")
                console.print(line, soft_wrap=True)
                if finding.do:
                    console.print(Text(f"  {'':<20} → {finding.do}"), soft_wrap=True)
    if as_json:
        print_json([vars(finding) for finding in found])
    sys.exit(1 if any(finding.how == BAD for finding in found) else 0)


def _check_all(workspace: Workspace, stack: ExitStack, fix: bool) -> Iterator[Finding]:
    checks = {
        "sandbox": lambda: stack.enter_context(sandbox.beside(workspace)) or (),
        "fixed": lambda: _fix(workspace) if fix else (),
        "versions": _check_versions,
        "state": lambda: _check_state(workspace),
        "settings": lambda: _count_settings(workspace),
        "lake": lambda: _check_lake(workspace),
        "answers": lambda: _check_answers(workspace),
        "history of runs": lambda: _check_run_history(workspace),
        "file modes": lambda: _check_modes(workspace),
        "disk": lambda: _check_disk(workspace),
        "quotas": lambda: _check_quotas(workspace),
        "accounts": lambda: accounts(workspace),
        "daemon": lambda: _check_daemon(workspace),
        "open alert": lambda: _list_alerts(workspace),
    }
    for what, check in checks.items():
        yield from alone(what, check)


def _told_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """``findings``; what one damaged file does to several checks is said at the first."""
    told = set[str]()
    for finding in findings:
        again = finding.how == BAD and finding.seen in told
        told.add(finding.seen)
        yield Finding(finding.what, ODD, "not looked at, for the reason above", finding.do) if again else finding


def _fix(workspace: Workspace) -> Iterator[Finding]:
    """Puts right what is safe: nothing that the listener said is touched. Services are asked again, paused or not."""
    damaged = list(workspace.lake.damages())
    workspace.lake.repair(damaged)
    for one in damaged:
        now = f"the version of {one.instead.created_at[:16]} is in use" if one.instead else "it counts as never made"
        yield Finding("fixed", ODD, f"{one.file}: {now}", "make it again: spotify-ai refresh")
    caches = {workspace.root / ANSWERS_FILE: response_cache.WHAT_IT_IS} | dict.fromkeys(
        workspace.run_history, RUN_HISTORY
    )
    for file, what in caches.items():
        if harm := sqlite_files.harm(file):
            aside = sqlite_files.put_aside(file, harm, what)
            yield Finding(
                "fixed", ODD, f"{file}: put aside as {aside.name}; {what}", "remove that file if you do not want it"
            )
    ended = api_ledger.clear_pauses(workspace.state)
    click.echo(f"pauses ended: {', '.join(ended) or 'there were none'}", err=True)


def _check_versions() -> Finding:
    python = ".".join(map(str, sys.version_info[:3]))
    lock = PROJECT_ROOT / "requirements.lock"
    wanted = dict(
        line.split(" ")[0].split("==")
        for line in (lock.read_text().splitlines() if lock.exists() else [])
        if "==" in line
    )
    other = [
        name
        for name in ("dagster", "polars", "duckdb", "spotipy")
        if _version_of(name) != wanted.get(name, _version_of(name))
    ]
    if other:
        return Finding("versions", BAD, f"{', '.join(other)}: not the locked version", "make install")
    return Finding(
        "versions", GOOD, f"Python {python}, Dagster {_version_of('dagster')}, Polars {_version_of('polars')}"
    )


def _version_of(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _check_state(workspace: Workspace) -> Finding:
    file = workspace.root / STATE_FILE
    if harm := sqlite_files.harm(file) if file.exists() and file.stat().st_size else "":
        return Finding("state", BAD, f"{file} is damaged: {harm}", "spotify-ai restore --replace YOUR-LAST-BACKUP.zip")
    _ = workspace.state  # raises where it cannot be used
    return Finding("state", GOOD, f"{workspace.root / STATE_FILE}, schema {newest_schema()}")


def _count_settings(workspace: Workspace) -> Finding:
    changed = workspace.state.overrides()
    return Finding("settings", GOOD, f"{len(workspace.settings.flat)} values, {len(changed)} changed on this machine")


def _check_lake(workspace: Workspace) -> Iterator[Finding]:
    """Tells whether every file that readers get is there and can be read."""
    damaged, base = list(workspace.lake.damages()), workspace.lake.base
    for one in damaged:
        where = one.place.relative_to(base)
        seen = (
            f"files are missing of {where}" if one.what.endswith("is missing") else f"damaged: {one.file} ({one.what})"
        )
        if one.instead is None:
            do = "spotify-ai doctor --fix puts it aside; then make it again: spotify-ai refresh"
        else:
            do = f"the version of {one.instead.created_at[:16]} is used; spotify-ai doctor --fix keeps to it"
        yield Finding("lake", BAD, seen, do)
    if damaged:
        return
    files = sum(len(version.files) for _, version in workspace.lake.in_use())
    yield (
        Finding("lake", GOOD, f"{files:,} files, {len(workspace.lake.datasets())} datasets")
        if files
        else Finding("lake", ODD, "nothing was made yet", "spotify-ai refresh")
    )


def _check_answers(workspace: Workspace) -> Finding:
    file = workspace.root / ANSWERS_FILE
    if harm := sqlite_files.harm(file):
        do = f"spotify-ai doctor --fix puts it aside; {response_cache.WHAT_IT_IS}"
        return Finding("answers", BAD, f"{file} is damaged: {harm}", do)
    return Finding("answers", GOOD, "what services said is readable")


def _check_run_history(workspace: Workspace) -> Iterator[Finding]:
    harmed = {file: harm for file in workspace.run_history if (harm := sqlite_files.harm(file))}
    for file, harm in harmed.items():
        do = f"spotify-ai doctor --fix puts it aside; {RUN_HISTORY}"
        yield Finding("history of runs", BAD, f"{file} is damaged: {harm}", do)
    if not harmed:
        yield Finding("history of runs", GOOD, "readable")


def _check_modes(workspace: Workspace) -> Finding:
    """All that is kept is for its owner alone. In the data root each start sees to it, this one too."""
    if ENV_FILE.exists() and stat.S_IMODE(ENV_FILE.stat().st_mode) & 0o077:
        return Finding("file modes", BAD, f"others can read {ENV_FILE}", f"chmod 600 {ENV_FILE}")
    if opened := home_files.prepare(workspace.root):
        some = ", ".join(str(path) for path in opened[:3]) + (f" and {len(opened) - 3} more" if len(opened) > 3 else "")
        do = "they are private again (chmod 600); if others use this machine, sign in anew: spotify-ai login"
        return Finding("file modes", ODD, f"others could read {some}", do)
    return Finding("file modes", GOOD, "what is kept is readable by you alone")


def _check_disk(workspace: Workspace) -> Finding:
    free = shutil.disk_usage(workspace.root).free
    seen = f"{free / 2**30:,.1f} GiB free at {workspace.root}"
    how = BAD if free < LEAST_FREE else ODD if free < LITTLE_FREE else GOOD
    return Finding(
        "disk",
        how,
        seen,
        "" if how == GOOD else "free some space; `spotify-ai dagster job execute -w workspace.yaml -j prune`",
    )


def _check_quotas(workspace: Workspace) -> Iterator[Finding]:
    rows = summarize_health(workspace)["services"]
    for row in rows:
        if row["paused"]:
            yield Finding(
                "quotas",
                ODD,
                f"{row['service']} is paused until {row['paused']} ({row['why']})",
                "wait, runs go on without it; where this cannot be right: spotify-ai doctor --fix",
            )
        elif row["calls"] >= row["budget"] or row["writes"] >= row["writes_budget"]:
            yield Finding(
                "quotas",
                ODD,
                f"{row['service']}: the day's budget is used up",
                "wait until 00:00 UTC, or raise it: spotify-ai config",
            )
    if not any(row["paused"] or row["calls"] >= row["budget"] for row in rows):
        most = max(rows, key=lambda row: row["calls"] / row["budget"])
        yield Finding(
            "quotas",
            GOOD,
            f"no pauses; most used is {most['service']}: {most['calls']:,} of {most['budget']:,} calls today",
        )


def _check_daemon(workspace: Workspace) -> Iterator[Finding]:
    if any(sqlite_files.harm(file) for file in workspace.run_history):
        yield Finding("daemon", ODD, "not looked at: the history of runs is damaged", "spotify-ai doctor --fix")
        return
    from spotify_ai_pipeline.defs.automation import daemon, reap_dead_runs

    silent = daemon.silent_for(workspace)
    if silent is not None and silent < SILENT_SECONDS:
        yield Finding("daemon", GOOD, f"last sign of life {silent:.0f} s ago")
        return
    if dead := reap_dead_runs.reap_dead_runs(workspace):
        yield Finding(
            "dead runs", ODD, f"{dead} runs had lost their process", "they are marked as failed now; run them again"
        )
    seen = "never ran" if silent is None else f"last sign of life {when(workspace, clock.now() - silent)}"
    yield Finding(
        "daemon", ODD, seen, "nothing runs by itself until it is started: spotify-ai up, or see docs/deploy.md"
    )


def _list_alerts(workspace: Workspace) -> Iterator[Finding]:
    for alert in alerts.open_alerts(workspace.state):
        yield Finding("open alert", ODD, alert.message, "it ends when its cause ends")
