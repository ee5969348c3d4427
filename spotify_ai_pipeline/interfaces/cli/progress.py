"""A run of a job as it happens: each step with its time, its last message and the calls that left the machine."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn

from spotify_ai_pipeline.clients import transport
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.storage.workspace import Workspace


def run_job(
    workspace: Workspace,
    job: str,
    *,
    quiet: bool = False,
    tags: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> RunDisplay:
    """Runs ``job`` and shows its progress. Raises ``UserError`` with what the failed step said."""
    from spotify_ai_pipeline.defs.automation.run import run_job as run  # Dagster takes its second only where a job runs

    gc.freeze()  # what is loaded stays: the collector looking it over took a quarter of the time of reading a history
    console.quiet = quiet
    with RunDisplay() as display:
        result = run(workspace, job, display.on_event, tags, options)
    console.quiet = False
    if not result.success:
        raise UserError(f"{result.error or 'the run failed'} (run {result.run_id[:8]}; details: `spotify-ai up`, Runs)")
    return display


class RunDisplay:
    """Shows the events of a run; on a terminal as a live line, in a pipe as one line a finished step."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.since = time.monotonic()
        self._progress = Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True)
        self._task: TaskID | None = None
        self._step, self._step_since, self._said = "", 0.0, ""
        self._step_calls: Counter[str] = Counter()

    def __enter__(self) -> RunDisplay:
        self._progress.start()
        self._task = self._progress.add_task("starting")
        self._observing = transport.observed(self._on_call)
        self._observing.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observing.__exit__(kind, error, trace)
        self._progress.stop()

    def on_event(self, step: str, kind: str, message: str) -> None:
        if kind == "started":
            self._step, self._step_since, self._said, self._step_calls = step, time.monotonic(), "", Counter()
        elif kind == "said":
            self._said = message
        elif kind == "warned":
            console.print(f"[yellow]![/] {step:<18} {message}")
        elif kind in ("done", "failed"):
            mark = "[green]✓[/]" if kind == "done" else "[red]✗[/]"
            seconds = time.monotonic() - self._step_since
            console.print(f"{mark} {step:<18} {seconds:6.1f} s  {_list_calls(self._step_calls)}")
        self._show()

    def _on_call(self, service: str, what: str) -> None:
        if what == "call":
            self.calls[service] += 1
            self._step_calls[service] += 1
        else:
            self._said = f"{service} {what}"
        self._show()

    def _show(self) -> None:
        if self._task is not None and self._step:
            parts = [part for part in (self._said, _list_calls(self._step_calls)) if part]
            self._progress.update(self._task, description=f"{self._step}  " + " · ".join(parts).replace("[", "\\["))


def _list_calls(calls: Counter[str]) -> str:
    return ", ".join(f"{count:,} {service} calls" for service, count in sorted(calls.items()))
