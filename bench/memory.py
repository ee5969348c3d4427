"""How much memory everything takes: `python bench/memory.py [--data FOLDER]`, on a data root in which a demo ran.

Idle: the UI, the daemon and their code servers, and the dashboard and the bot where this version has them, half a minute
after they came up. Peaks: a refresh, and finding the clusters anew where this version can, each as a process of its own.
The sandbox stands in for the services and is not counted. RSS counts shared pages for every process, PSS counts them once.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from spotify_ai_pipeline.defs.taste.clusters import ASKED_AT
from spotify_ai_pipeline.interfaces.cli import COMMANDS
from spotify_ai_pipeline.settings import DEMOS, PROJECT_ROOT
from spotify_ai_pipeline.storage.workspace import Workspace

SETTLE_SECONDS, PORT = 45, 3917
MB = 1e6
CLI = [sys.executable, "-c", "from spotify_ai_pipeline.interfaces.cli import main; main(prog_name='spotify-ai')"]
ONE_JOB = (
    "import sys; from spotify_ai_pipeline.defs.automation.run import run_job;"
    "from spotify_ai_pipeline.storage.workspace import Workspace;"
    "from spotify_ai_pipeline.interfaces.cli import sandbox; workspace = Workspace.open()\n"
    "with sandbox.beside(workspace): result = run_job(workspace, sys.argv[1], lambda *_: None)\n"
    "sys.exit(result.error or 0)"
)


def tree(process: psutil.Process) -> list[psutil.Process]:
    """The process and all below it, without the sandbox."""
    found: list[psutil.Process] = []
    for each in [process, *process.children(recursive=True)]:
        try:
            if "spotify_ai_pipeline.sandbox" not in each.cmdline():
                found.append(each)
        except psutil.NoSuchProcess:
            continue
    return found


def memory(processes: list[psutil.Process], kind: str) -> float:
    total = 0.0
    for each in processes:
        try:
            total += getattr(each.memory_full_info(), kind) / MB
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def peak(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """(peak RSS in MB, seconds) of a command and all that it starts, looked at twenty times a second."""
    since, most = time.monotonic(), 0.0
    process = start(command, environment)
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        most = max(most, sum(_rss(each) for each in tree(watched)) / MB) if watched.is_running() else most
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(process.stderr.read().decode() if process.stderr else f"{command} failed")
    return most, time.monotonic() - since


def _rss(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0.0


def idle(environment: dict[str, str]) -> None:
    services = [[*CLI, "up", "--port", str(PORT)], *([*CLI, name] for name in ("dashboard", "bot") if name in COMMANDS)]
    running = [start(command, environment) for command in services]
    time.sleep(SETTLE_SECONDS)
    sums = {"rss": 0.0, "pss": 0.0}
    for command, process in zip(services, running, strict=True):
        if process.poll() is not None:
            said = process.stderr.read().decode().strip().splitlines() if process.stderr else []
            print(f"  {command[3]} did not stay up: {said[-1] if said else process.returncode}")  # noqa: T201
            continue
        for each in tree(psutil.Process(process.pid)):
            rss, pss = memory([each], "rss"), memory([each], "pss")
            sums["rss"], sums["pss"] = sums["rss"] + rss, sums["pss"] + pss
            name = " ".join(Path(part).name for part in each.cmdline()[1:4])[:60].replace("\n", " ")
            print(f"  {rss:7.0f} {pss:7.0f}  {name}")  # noqa: T201
    print(f"  {sums['rss']:7.0f} {sums['pss']:7.0f}  MB in all: RSS, PSS")  # noqa: T201
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=DEMOS / "default", help="data root in which a demo ran")
    data = arguments.parse_args().data.absolute()
    environment = os.environ | {"SPOTIFY_AI_DATA": str(data), "PYTHONPATH": str(PROJECT_ROOT)}
    print("idle (RSS, PSS in MB; the first lines are the supervisor)")  # noqa: T201
    idle(environment)
    Workspace.open(data).state.set_fact(ASKED_AT, time.time())  # else young clusters stay as they are
    for job in ("refresh_the_mix", "recluster"):
        most, seconds = peak([sys.executable, "-c", ONE_JOB, job], environment)
        print(f"peak in {job}: {most:,.0f} MB RSS, {seconds:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
