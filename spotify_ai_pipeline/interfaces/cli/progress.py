"""A run of a job as it happens: a bar in a terminal, one line a finished step in a pipe."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column

from spotify_ai_pipeline.clients import transport
from spotify_ai_pipeline.defs.automation import handover
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import PIPE_WIDTH, console, plain
from spotify_ai_pipeline.interfaces.views.wording import count_of, service_name
from spotify_ai_pipeline.storage.workspace import Workspace

ENDED_BY_CTRL_C = 130
_DURATIONS = "seconds of each step"
_AVERAGE = 0.5
"""Seconds of a step that never ran here."""


def run_job(
    workspace: Workspace,
    job: str,
    *,
    quiet: bool = False,
    tags: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> RunDisplay:
    """Runs ``job`` and shows its progress. Raises ``UserError`` with what the failed step said; Ctrl-C ends the program with
    what was kept, and 130."""
    gc.freeze()  # what is loaded stays: the collector looking it over took a quarter of the time of reading a history
    before = workspace.state.fact(_DURATIONS) or {}
    with RunDisplay(before, quiet=quiet) as display:
        result = handover.run_job(workspace, job, display.on_event, tags, options)
    workspace.state.set_fact(_DURATIONS, before | display.durations)
    if result.interrupted:
        done = f"{display.done} of {count_of(display.planned, 'step')}"
        console.print(f"\nended after {done}; what they made is kept, and the same command goes on from there")
        sys.exit(ENDED_BY_CTRL_C)
    if not result.success:
        raise UserError(f"{result.error or 'the run failed'} (run {result.run_id[:8]}; details: `spotify-ai up`, Runs)")
    display.print_end()
    return display


class RunDisplay:
    """Shows the events of a run. ``before`` says how long each step took last time."""

    def __init__(self, before: Mapping[str, float] | None = None, *, quiet: bool = False) -> None:
        self.calls: Counter[str] = Counter()
        self.durations: dict[str, float] = {}
        self.since = time.monotonic()
        self._before, self._waiting = before or {}, list[str]()
        self._console = _on_a_descriptor_of_its_own(quiet=quiet)
        self._live = self._console.is_terminal
        about = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        bar, left = BarColumn(16), TextColumn("{task.fields[left]}", style="dim")
        self._progress = Progress(
            MofNCompleteColumn(), bar, TextColumn("{task.description}", table_column=about), left,
            console=self._console, transient=True, expand=True, disable=not self._live,
        )  # fmt: skip
        self._task: TaskID = self._progress.add_task("starting", total=None, left="")
        self._step, self._step_since, self._said = "", 0.0, ""
        self._step_calls: Counter[str] = Counter()

    def __enter__(self) -> RunDisplay:
        self._progress.start()
        self._observing = transport.observed(self._on_call)
        self._observing.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observing.__exit__(kind, error, trace)
        self._progress.stop()

    @property
    def done(self) -> int:
        return len(self.durations)

    @property
    def planned(self) -> int:
        return self.done + len(self._waiting)

    def on_event(self, step: str, kind: str, message: str) -> None:
        if kind == "planned":
            self._waiting = message.split()
        elif kind == "started":
            self._step, self._step_since, self._said, self._step_calls = step, time.monotonic(), "", Counter()
        elif kind == "said":
            self._said = message
        elif kind == "warned":
            self._console.print(plain(f"! {step}: {message}"), style="yellow")
        elif kind == "asked":
            self._on_call(step, message)
        elif kind in ("done", "failed"):
            self._end_step(step, failed=kind == "failed")
        self._show()

    def _end_step(self, step: str, *, failed: bool) -> None:
        seconds = time.monotonic() - self._step_since
        if not failed:
            self.durations[step] = seconds
            self._waiting = [one for one in self._waiting if one != step]
        if failed or not self._live:
            mark, of = "✗" if failed else "✓", f"{self.done:>3}/{self.planned}"
            self._console.print(
                plain(f"{mark} {of}  {step:<24} {seconds:6.1f} s  {list_calls(self._step_calls)}".rstrip())
            )

    def print_end(self) -> None:
        """The run's time, where no line for each step says it."""
        if self._live:
            parts = [count_of(self.done, "step"), f"{time.monotonic() - self.since:.0f} s", list_calls(self.calls)]
            self._console.print(plain(" · ".join(filter(None, parts))), style="dim")

    def _on_call(self, service: str, what: str) -> None:
        if what == "call":
            self.calls[service] += 1
            self._step_calls[service] += 1
        else:
            self._said = f"{service_name(service)} {what}"
        self._show()

    def _show(self) -> None:
        if not self._step:
            return
        parts = [self._step.replace("_", " "), self._said, list_calls(self._step_calls)]
        said = " · ".join(part for part in parts if part).replace("[", "\\[")
        self._progress.update(
            self._task, description=said, completed=self.done, total=self.planned or None, left=self._time_left()
        )

    def _time_left(self) -> str:
        """The time that the steps to come took last time; nothing where most of them never ran here."""
        known = [self._before[step] for step in self._waiting if step in self._before]
        if not self._waiting or len(known) < len(self._waiting) / 2:
            return ""
        left = sum(known) + _AVERAGE * (len(self._waiting) - len(known))
        if self._step in self._waiting:
            left -= min(time.monotonic() - self._step_since, self._before.get(self._step, _AVERAGE))
        return f"about {left:.0f} s left" if left < 90 else f"about {left / 60:.0f} min left"


def list_calls(calls: Counter[str]) -> str:
    """The calls to each service: "1 call to Last.fm, 2 calls to Spotify"."""
    return ", ".join(
        f"{count_of(count, 'call')} to {service_name(service)}" for service, count in sorted(calls.items())
    )


def _on_a_descriptor_of_its_own(*, quiet: bool) -> Console:
    """A console on a copy of standard output: Dagster takes the original for itself while a step runs."""
    try:
        stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace")
    except OSError:  # no descriptor: a test, or a program that took it
        return Console(highlight=False, width=PIPE_WIDTH, quiet=quiet)
    return Console(file=stream, highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH, quiet=quiet)
