"""What a listener costs a month, and how many fit: `python bench/capacity.py [--data FOLDER]`, after a demo ran.

The whole graph is run twice more on the demo's data. The first of these asks what had to wait for its turn; the second costs
what any later one does: its CPU seconds, calls and bytes of answers are taken asset by asset, and multiplied by how often the
timetable makes each asset. It prints the figures of docs/capacity.md.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from spotify_ai_pipeline.clients.transport import Transport
from spotify_ai_pipeline.definitions import build_defs
from spotify_ai_pipeline.defs.automation.run import run_job
from spotify_ai_pipeline.defs.groups import FEATURES
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.settings import DEMOS
from spotify_ai_pipeline.storage.workspace import Workspace

RUNS_A_MONTH = {
    "refresh_the_mix": 60,
    "discover": 30,
    "fill_history": 900,
    "read_recent_plays": 360,
    "retrain": 2,
    "recluster": 1,
}
"""The timetable; of the 96 ticks of a day thirty bring news."""
FEATURES_A_MONTH = 30
USED = 0.5
"""Share of a worker's time that is planned for: refreshes come at eight and eight, and in waves of time zones."""
MONTH_SECONDS = 30 * 86_400
COUNTS = (1, 3, 100, 1_000, 10_000, 100_000, 1_000_000)

say = print


@dataclass
class Cost:
    cpu: float = 0.0
    bytes: int = 0
    calls: Counter[str] = field(default_factory=Counter[str])

    def times(self, count: float) -> Cost:
        return Cost(
            self.cpu * count, round(self.bytes * count), Counter({k: round(v * count) for k, v in self.calls.items()})
        )

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu + other.cpu, self.bytes + other.bytes, self.calls + other.calls)


class Meter:
    """What was used since it was last read."""

    def __init__(self) -> None:
        self.received, self.calls, self.cpu = 0, Counter[str](), 0.0  # the process's imports count
        whole = Transport.check

        def check(transport: Transport, status: int, headers, body: bytes) -> None:
            self.received += len(body)
            self.calls[transport.name] += 1
            whole(transport, status, headers, body)

        Transport.check = check  # type: ignore[method-assign]

    def read(self) -> Cost:
        now = time.process_time()
        used = Cost(now - self.cpu, self.received, self.calls)
        self.received, self.calls, self.cpu = 0, Counter[str](), now
        return used


def measure(workspace: Workspace, meter: Meter) -> tuple[dict[str, Cost], Cost]:
    """Cost of each asset in a run of the whole graph, and that of the run beside its assets."""
    costs, around = dict[str, Cost](), Cost()

    def on_event(asset: str, kind: str, _: str) -> None:
        nonlocal around
        if kind == "started":
            around += meter.read()
        elif kind in ("done", "failed"):
            costs[asset] = meter.read()

    with sandbox.beside(workspace):
        result = run_job(workspace, "everything", on_event)
    if not result.success:
        raise SystemExit(result.error)
    return costs, around + meter.read()


def times_a_month(workspace: Workspace) -> Counter[str]:
    """How often the timetable makes each asset."""
    defs, times = build_defs(workspace), Counter[str]()
    for job, count in RUNS_A_MONTH.items():
        for key in defs.resolve_job_def(job).asset_layer.executable_asset_keys:
            times[key.path[-1]] += count
    assets = [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetsDefinition)]
    for key in dg.AssetSelection.groups(FEATURES).resolve(assets):
        times[key.path[-1]] += FEATURES_A_MONTH
    return times


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def print_assets(costs: dict[str, Cost], times: Counter[str]) -> None:
    say("| asset | times a month | CPU s each | calls each | bytes each |\n|---|--:|--:|--:|--:|")
    for asset, cost in sorted(costs.items(), key=lambda item: -item[1].cpu * times[item[0]]):
        calls = ", ".join(f"{count} {service}" for service, count in sorted(cost.calls.items())) or "0"
        say(f"| {asset} | {times[asset]:,} | {cost.cpu:.2f} | {calls} | {cost.bytes:,} |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=DEMOS / "default", help="data root in which a demo ran")
    os.environ["SPOTIFY_AI_DATA"] = str(arguments.parse_args().data.absolute())
    workspace = Workspace.open()
    meter = Meter()
    measure(workspace, meter)
    begun = workspace.state.rows("SELECT service, sum(calls) FROM api_calls GROUP BY service ORDER BY 2 DESC")
    costs, around = measure(workspace, meter)
    times = times_a_month(workspace)
    print_assets(costs, times)
    runs = sum(RUNS_A_MONTH.values()) + FEATURES_A_MONTH
    month = sum((cost.times(times[asset]) for asset, cost in costs.items()), around.times(runs))
    kept = size(workspace.root / "lake")
    say("\nto begin with: " + ", ".join(f"{calls:,} {service}" for service, calls in begun))
    say(f"a run beside its assets: {around.cpu:.1f} CPU s, {runs:,} runs a month")
    calls = ", ".join(f"{count:,} {service}" for service, count in sorted(month.calls.items()))
    say(f"a listener and month: {month.cpu:,.0f} CPU s; calls: {calls}; {month.bytes / 1e6:,.0f} MB of answers")
    say(f"lake: {kept / 1e6:,.0f} MB")
    a_worker = int(MONTH_SECONDS * USED / month.cpu)
    say(f"listeners a worker (one core, {USED:.0%} of its time): {a_worker:,}\n")
    say("| listeners | workers | calls a month | calls a second | answers a month | lake |\n|--:|--:|--:|--:|--:|--:|")
    for count in COUNTS:
        called = sum(month.calls.values()) * count
        say(
            f"| {count:,} | {-(-count // a_worker):,} | {called:,} | {called / MONTH_SECONDS:,.2f} "
            f"| {month.bytes * count / 1e9:,.1f} GB | {kept * count / 1e9:,.1f} GB |"
        )


if __name__ == "__main__":
    main()
