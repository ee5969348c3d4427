"""Whether workers make what the embedded default makes: `python bench/workers.py [--lake s3://BUCKET/FOLDER]`.

In an environment with the extra `workers`, on a machine with PostgreSQL and Redis; both are started on loopback. Three
listeners with small worlds of their own go through the whole graph twice, each time launched into the queue that the daemon
serves: with the embedded default, and with the profile in deploy/workers on two Celery workers. Then every file of both lakes
is compared.

What decides is the same both times: the worlds, the clock, which stands still, and the ids of the runs, which seed what
is drawn. No column is left out; how versions are compared that are named after the time is said in `lakes.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import requests
import yaml
from lakes import differences
from servers import HOST, answers, free_port, postgres, process, redis, require

from spotify_ai_pipeline.app.scrobble_partitions import tags_from
from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.defs.automation.run import learn_first_month
from spotify_ai_pipeline.interfaces.cli import login
from spotify_ai_pipeline.interfaces.cli.demo import PREFIXES, UNHURRIED
from spotify_ai_pipeline.sandbox.generate import generate
from spotify_ai_pipeline.settings import CONFIG_FILE, PROJECT_ROOT
from spotify_ai_pipeline.storage import listeners
from spotify_ai_pipeline.storage.lake import Lake
from spotify_ai_pipeline.storage.workspace import Workspace

RUN_IDS = {name: str(uuid.uuid4()) for name in ("first", "second", "third")}
"""Of each listener, the same both times."""
PROFILE = PROJECT_ROOT / "deploy" / "workers"
PYTHON = [sys.executable, "-m"]
WORKER = ["celery", "--app", "dagster_celery.app", "worker", "--queues", "dagster", "--concurrency", "1"]
DAEMON = [*PYTHON, "dagster._daemon", "run"]
PATIENCE_SECONDS = 1800
LOCATION = """from pathlib import Path

from dagster_shared.record import replace

from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.definitions import build_defs
from spotify_ai_pipeline.storage.workspace import Workspace


class Held(WorkspaceResource):
    def now(self) -> float:
        return {at}


workspace = Workspace.open(Path(__file__).parent)
defs = replace(build_defs(workspace, Held(root=str(workspace.root))), sensors=[], schedules=[])
"""
"""A code location whose clock stands still, and where nothing starts by itself."""

say = print


@contextmanager
def embedded() -> Generator[None]:
    """The default: SQLite, a run at a time, its steps in its process."""
    with patch.dict(os.environ, DAGSTER_HOME=str(PROJECT_ROOT), PYTHONPATH=str(PROJECT_ROOT)):
        yield


@contextmanager
def on_workers(folder: Path, lake: str | None) -> Generator[None]:
    """PostgreSQL, Redis and two workers; the lake at ``lake``, where one is given."""
    with ExitStack() as stack:
        profile = {
            "DAGSTER_HOME": str(PROFILE),
            "PYTHONPATH": f"{PROJECT_ROOT}:{PROFILE}",
            "SPOTIFY_AI_PG_URL": stack.enter_context(postgres(folder)),
            "SPOTIFY_AI_BROKER": stack.enter_context(redis(folder)),
            **({"SPOTIFY_AI_LAKE": lake} if lake else {}),
        }
        stack.enter_context(patch.dict(os.environ, profile))
        for name in ("worker1", "worker2"):
            command = [*PYTHON, *WORKER, "--hostname", f"{name}@%h", "--loglevel", "info"]
            stack.enter_context(process(command, folder / f"{name}.log"))
        yield


def run(folder: Path, worlds: dict[str, Path], at: float, profile: AbstractContextManager[None]) -> dict[str, Lake]:
    """The lake of each listener, after the daemon took all of them through the whole graph."""
    place = {"SPOTIFY_AI_DATA": str(folder / "data"), "SPOTIFY_AI_DAGSTER_STORAGE": str(folder / "dagster")}
    (folder / "dagster").mkdir(parents=True)
    with sandboxes(folder, worlds) as ports, patch.dict(os.environ, place), profile:
        homes = {name: listener(name, worlds[name], ports[name], at) for name in worlds}
        with dg.DagsterInstance.get() as instance:
            instance.get_runs_count()  # makes the tables, before several processes want to
            with code_servers(folder, homes) as workspace, process([*DAEMON, *workspace], folder / "daemon.log"):
                for name, home in homes.items():
                    tags = tags_from(home, learn_first_month(home), datetime.fromtimestamp(at, UTC))
                    about = ["--location", name, "--job", "everything", "--run-id", RUN_IDS[name]]
                    launch = [*PYTHON, "dagster", "job", "launch", *workspace, *about, "--tags", json.dumps(tags)]
                    subprocess.run(launch, check=True, cwd=folder, capture_output=True)
                require(lambda: all(run.is_finished for run in instance.get_runs()), "the end", PATIENCE_SECONDS)
            tell(instance, folder)
        return {name: workspace.lake for name, workspace in homes.items()}


@contextmanager
def code_servers(folder: Path, homes: dict[str, Workspace]) -> Generator[list[str]]:
    """One a listener; gives the option by which others of Dagster's commands find them."""
    with ExitStack() as stack:
        ports = {name: free_port() for name in homes}
        for name, workspace in homes.items():
            file, port = str(workspace.root / listeners.LOCATION_FILE), str(ports[name])
            about = ["--python-file", file, "--host", HOST, "--port", port]
            stack.enter_context(process([*PYTHON, "dagster", "api", "grpc", *about], folder / "code.log"))
        require(lambda: all(map(answers, ports.values())), "the code servers")
        servers = [{"host": HOST, "port": port, "location_name": name} for name, port in ports.items()]
        workspace = folder / "workspace.yaml"
        workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server} for server in servers]}))
        yield ["--workspace", str(workspace)]


@contextmanager
def sandboxes(folder: Path, worlds: dict[str, Path]) -> Generator[dict[str, int]]:
    """A sandbox for each listener, on a copy of their world; gives the ports."""
    with ExitStack() as stack:
        ports = {name: free_port() for name in worlds}
        for name, world in worlds.items():
            copy = shutil.copytree(world, folder / f"world-{name}")
            about = ["--world", str(copy), "--port", str(ports[name])]
            stack.enter_context(process([*PYTHON, "spotify_ai_pipeline.sandbox", *about], folder / "sandbox.log"))
        require(lambda: all(map(answers, ports.values())), "the sandboxes")
        yield ports


def listener(name: str, world: Path, port: int, at: float) -> Workspace:
    """One who is added, signed in to the sandbox at ``port``, and whose clock stands at ``at``."""
    root, base = listeners.add(name, "UTC").root, f"http://{HOST}:{port}/"
    services = {service: {"url": base + path, "calls_per_second": UNHURRIED} for service, path in PREFIXES.items()}
    about = yaml.safe_load((root / CONFIG_FILE).read_text()) | {"services": services}
    (root / CONFIG_FILE).write_text(yaml.safe_dump(about))
    user = json.loads((world / "world.json").read_text())["listener"]["lastfm_user"]
    keys = {"SPOTIFY_CLIENT_ID": "sandbox", "SPOTIFY_CLIENT_SECRET": "sandbox", "LASTFM_API_KEY": "sandbox"}
    (root / ".env").write_text("".join(f"{key}={value}\n" for key, value in (keys | {"LASTFM_USER": user}).items()))
    (root / listeners.LOCATION_FILE).write_text(LOCATION.format(at=at))
    workspace = Workspace.open(root)
    auth = spotify_auth.oauth(workspace)
    answer = requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=30)
    login.accept(auth, answer.headers["Location"])
    _ = workspace.lake  # where the environment says now
    return workspace


def tell(instance: dg.DagsterInstance, folder: Path) -> None:
    """How each run ended, and on which workers its steps ran."""
    records = instance.get_run_records()
    for record in records:
        run, steps = record.dagster_run, Counter[str]()
        for log in instance.all_logs(run.run_id):
            about = log.dagster_event.event_specific_data if log.dagster_event else None
            if worker := getattr(about, "metadata", {}).get("Celery worker"):
                steps[worker.value.split("@")[0]] += 1
        name, seconds = run.tags["spotify_ai/listener"], (record.end_time or 0) - (record.start_time or 0)
        say(f"  {name}: {run.status.value} in {seconds:.0f} s; steps {dict(sorted(steps.items()))}")
    if not all(record.dagster_run.is_success for record in records):
        raise SystemExit(f"failed; see {folder}")
    begun, ended = (min(r.start_time or 0 for r in records), max(r.end_time or 0 for r in records))
    say(f"  from the first start to the last end: {ended - begun:.0f} s", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lake", help="where the workers' lake lies; default: in the data roots")
    arguments.add_argument("--folder", type=Path, help="kept afterwards; default: a temporary one")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="spotify-ai-workers-") as scratch:
        folder = given.folder.absolute() if given.folder else Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        worlds, at = {name: folder / f"world-{name}" for name in RUN_IDS}, time.time()
        end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        for seed, world in enumerate(worlds.values(), 1):
            generate(world, seed=seed, songs=150, catalogue=500, plays=2_000, years=0.5, end=end)
        say("embedded:")
        ours = run(folder / "embedded", worlds, at, embedded())
        say("workers:")
        theirs = run(folder / "workers", worlds, at, on_workers(folder, given.lake))
        say("lakes:")
        different = [line for name in worlds for line in differences(name, ours[name], theirs[name])]
    say("\n".join(different) or "the same results")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
