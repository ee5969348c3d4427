"""`spotify-ai doctor`: checks everything that can be wrong, and says what to do."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from importlib import metadata

import click
from rich.text import Text

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.account_checks import BAD, GOOD, ODD, Finding, accounts
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.health import summarize_health
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.settings import ENV_FILE, PROJECT_ROOT
from spotify_ai_pipeline.storage import alerts, api_ledger
from spotify_ai_pipeline.storage.lake import POINTER
from spotify_ai_pipeline.storage.state import newest_schema
from spotify_ai_pipeline.storage.workspace import STATE_FILE, Workspace

MARKS = {GOOD: ("✓", "green"), ODD: ("!", "yellow"), BAD: ("✗", "red")}
LEAST_FREE, LITTLE_FREE = 2**30, 5 * 2**30
SILENT_SECONDS = 120


@click.command()
@click.option("--fix", is_flag=True, help="First end the pauses that services asked for, and ask them again.")
@json_option
def doctor(fix: bool, as_json: bool) -> None:
    """Check accounts, permissions, quotas, files, clock, versions, daemon and disk, and say what to do.

    It makes at most six calls. The exit code is 1 if something is wrong (✗), and 0 if all is well or merely odd (!).
    """
    workspace = Workspace.open()
    found: list[Finding] = []
    if fix:
        ended = api_ledger.clear_pauses(workspace.state)
        click.echo(f"pauses ended: {', '.join(ended) or 'there were none'}", err=True)
    with sandbox.beside(workspace):
        for finding in _check_all(workspace):
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


def _check_all(workspace: Workspace) -> Iterator[Finding]:
    yield _check_versions()
    yield _check_state(workspace)
    yield _count_settings(workspace)
    yield _check_lake(workspace)
    yield from _check_modes(workspace)
    yield _check_disk(workspace)
    yield from _check_quotas(workspace)
    yield from accounts(workspace)
    yield from _check_daemon(workspace)
    for alert in alerts.open_alerts(workspace.state):
        yield Finding("open alert", ODD, alert.message, "it ends when its cause ends")


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
    try:
        (said,) = workspace.state.connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        return Finding(
            "state", BAD, f"{STATE_FILE} is damaged: {said}", "spotify-ai restore --replace YOUR-LAST-BACKUP.zip"
        )
    return Finding("state", GOOD, f"{workspace.root / STATE_FILE}, schema {newest_schema()}")


def _count_settings(workspace: Workspace) -> Finding:
    changed = workspace.state.overrides()
    return Finding("settings", GOOD, f"{len(workspace.settings.flat)} values, {len(changed)} changed on this machine")


def _check_lake(workspace: Workspace) -> Finding:
    """Whether every file that a pointer names is there."""
    base, lost, seen = workspace.lake.base, list[str](), 0
    for pointer in [*base.glob(f"*/*/{POINTER}"), *base.glob(f"*/*/*/{POINTER}")]:
        names = json.loads(pointer.read_text())["files"]
        seen += len(names)
        lost += [str(pointer.parent.relative_to(base)) for name in names if not (pointer.parent / name).exists()]
    if lost:
        return Finding(
            "lake",
            BAD,
            f"files are missing of {', '.join(sorted(set(lost))[:5])}",
            "make these again: spotify-ai up, Materialize",
        )
    return (
        Finding("lake", GOOD, f"{seen:,} files, {len(workspace.lake.datasets())} datasets")
        if seen
        else Finding("lake", ODD, "nothing was made yet", "spotify-ai refresh")
    )


def _check_modes(workspace: Workspace) -> Iterator[Finding]:
    """Files with secrets are for their owner alone."""
    secret = [workspace.token_file, workspace.root / ".env", workspace.root / STATE_FILE, ENV_FILE]
    open_ = [path for path in secret if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_:
        yield Finding(
            "file modes", BAD, f"others can read {', '.join(map(str, open_))}", f"chmod 600 {' '.join(map(str, open_))}"
        )
    else:
        yield Finding("file modes", GOOD, "tokens, keys and state are readable by you alone")


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
