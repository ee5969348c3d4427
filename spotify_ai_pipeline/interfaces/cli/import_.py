"""`spotify-ai import`: histories and ratings from files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers import ingest
from spotify_ai_pipeline.importers.detect import find
from spotify_ai_pipeline.importers.ingest import Report
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.storage.workspace import Workspace

SHOWN_BROKEN = 3
"""Broken rows of a file that are named; all of them are in the table quarantine."""


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print what became of each file as JSON.")
def import_(files: tuple[Path, ...], as_json: bool) -> None:
    """Import exports: FILES are files, zip archives or folders.

    It reads Spotify extended streaming history (both generations), Spotify account data and libraries (YourLibrary.json,
    Exportify), Last.fm exports (lastfm.ghan.nl and lastfmstats.com as CSV, JSON or XML, lastfm-to-csv), ListenBrainz, Libre.fm,
    Pano Scrobbler, maloja and Koito, and ratings (RateYourMusic, or a CSV). Rows that are imported twice count once. While
    `spotify-ai up` runs, files in the folder inbox of the data root are imported by themselves. After a demo, and until
    an account is connected, files go into the demo; `spotify-ai setup` makes a home of your own.
    """
    workspace = Workspace.open()
    exports = find(files)
    if workspace.demo_file.exists():
        click.echo(
            f"note: this goes into the demo's home, {workspace.root}, beside a made-up listener; `spotify-ai setup` makes a home "
            "of your own and takes exports in there",
            err=True,
        )
    console.quiet = as_json
    reports: list[Report] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, done: int, size: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(Path(name).name.replace("[", "\\["), total=size)
            progress.update(tasks[name], completed=done)

        for report in ingest.take_in(workspace, exports, tell):
            _print_report(report)
            reports.append(report)
    console.quiet = False
    total = _sum_up(reports)
    problems = [report.line() for report in reports if report.problem]
    if as_json:
        print_json({"files": [vars(report) for report in reports], "total": vars(total)})
        raise SystemExit(2 if problems else 0)
    if len(reports) > 1:
        console.print(plain(total.line()), style="bold", soft_wrap=True)
    if total.new:
        console.print("They count from the next `spotify-ai refresh`; `spotify-ai gaps` shows what is known by month")
    if problems:
        raise UserError("; ".join(problems))


def _print_report(report: Report) -> None:
    console.print(plain(report.line()), soft_wrap=True, style="red" if report.problem else None)
    for row in report.broken[:SHOWN_BROKEN]:
        console.print(plain(f"  {report.file}, line {row.line}: {row.reason}"), style="yellow", soft_wrap=True)
    if (rest := report.quarantined - SHOWN_BROKEN) > 0:
        console.print(
            plain(f"  and {rest:,} more: spotify-ai sql 'select * from quarantine'"), style="yellow", soft_wrap=True
        )


def _sum_up(reports: Sequence[Report]) -> Report:
    total = Report(f"{len(reports)} files", "all")
    for report in reports:
        for count in ("read", "new", "duplicate", "quarantined", "no_music"):
            setattr(total, count, getattr(total, count) + getattr(report, count))
        total.first = min(filter(None, (total.first, report.first)), default=None)
        total.last = max(filter(None, (total.last, report.last)), default=None)
    return total
