"""Whether workers make what the embedded default makes: `python bench/workers.py [--lake s3://BUCKET/FOLDER]`.

In an environment with the extra `workers`, on a machine with PostgreSQL and Redis. Both are started on loopback with their
data in a temporary folder. Three listeners with small worlds of their own go through the whole graph twice, with the clock
held: in one process on the embedded instance, and on two Celery workers with the profile in deploy/workers. Then every file of
both lakes is compared: byte for byte, else row for row.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import requests
import yaml
from upath import UPath

from spotify_ai_pipeline.automation.months import tags_from
from spotify_ai_pipeline.automation.run import learn_first_month
from spotify_ai_pipeline.interfaces.cli import signin
from spotify_ai_pipeline.interfaces.cli.demo import PREFIXES, UNHURRIED
from spotify_ai_pipeline.sandbox.generate import generate
from spotify_ai_pipeline.services import spotify_auth
from spotify_ai_pipeline.settings import CONFIG_FILE, PROJECT_ROOT
from spotify_ai_pipeline.storage import listeners
from spotify_ai_pipeline.storage.home import Home
from spotify_ai_pipeline.storage.lake import Lake

LISTENERS = ("anna", "bert", "carla")
PROFILE = PROJECT_ROOT / "deploy" / "workers"
PATIENCE_SECONDS = 1800
HELD = """from pathlib import Path

from spotify_ai_pipeline.assets.resources import HomeResource
from spotify_ai_pipeline.definitions import build_defs
from spotify_ai_pipeline.storage.home import Home


class Held(HomeResource):
    at: float

    def now(self) -> float:
        return self.at


home = Home.open(Path(__file__).parent)
defs = build_defs(home, Held(root=str(home.root), at={at}))
"""
"""A code location whose clock stands still: both runs decide at the same moment."""
EMBEDDED = """
import dagster as dg, importlib.util, json, sys
spec = importlib.util.spec_from_file_location("location", sys.argv[1]); location = importlib.util.module_from_spec(spec)
sys.modules["location"] = location; spec.loader.exec_module(location)
with dg.DagsterInstance.get() as instance:
    job = location.defs.resolve_job_def("everything")
    assert job.execute_in_process(instance=instance, tags=json.loads(sys.argv[2]) | location.home.run_tags,
        run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}}, raise_on_error=True).success
"""
HAND_OUT = """
import dagster as dg, json, sys
from dagster._core.code_pointer import FileCodePointer
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository
repository = ReconstructableRepository(FileCodePointer(sys.argv[1], "defs", None))
with dg.DagsterInstance.get() as instance:
    job = ReconstructableJob(repository, "everything")
    tags = json.loads(sys.argv[2]) | dict(job.get_definition().tags)
    sys.exit(not dg.execute_job(job, instance=instance, tags=tags).success)
"""
"""A run that hands its steps to the workers, as the code server starts it."""

say = print


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def process(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """``command`` until the end of the block, with what it says in ``log``."""
    with log.open("ab") as stream:
        running = subprocess.Popen(
            command,
            env=os.environ | environment,
            cwd=PROJECT_ROOT,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield running
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if running.poll() is None:
                os.killpg(running.pid, number)
                try:
                    running.wait(20)
                except subprocess.TimeoutExpired:
                    continue


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own on loopback, as the user postgres where this is root; gives its address."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/local/bin"))  # Debian's place
    data, port = folder / "postgres", free_port()
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(data, "postgres")
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    made = [*as_owner, str(programs / "initdb"), "-D", str(data), "-U", "dagster", "--auth=trust", "-E", "UTF8"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd="/")
    serve = [
        *as_owner,
        str(programs / "postgres"),
        "-D",
        str(data),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-k",
        str(data),
    ]
    with process(serve, folder / "postgres.log"):
        create = [str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "dagster", "dagster"]
        until(lambda: subprocess.run(create, stderr=subprocess.DEVNULL, check=False).returncode == 0, "PostgreSQL")
        yield f"postgresql+psycopg2://dagster@127.0.0.1:{port}/dagster"


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    with process(command, folder / "redis.log"):
        until(lambda: _answers(port), "Redis")
        yield f"redis://127.0.0.1:{port}/0"


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(happened, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come within {seconds:.0f} s")
        time.sleep(0.3)


def house(place: Path, worlds: dict[str, Path], ports: dict[str, int], at: float) -> list[Home]:
    """Three listeners below ``place``, each signed in to a sandbox of their own, with a clock that stands at ``at``."""
    os.environ["SPOTIFY_AI_DATA"] = str(place)
    homes: list[Home] = []
    for name in LISTENERS:
        home = listeners.add(name, "UTC")
        base = f"http://127.0.0.1:{ports[name]}/"
        services = {service: {"url": base + path, "calls_per_second": UNHURRIED} for service, path in PREFIXES.items()}
        who = json.loads((worlds[name] / "world.json").read_text())["listener"]
        about = yaml.safe_load((home.root / CONFIG_FILE).read_text()) | {"services": services}
        (home.root / CONFIG_FILE).write_text(yaml.safe_dump(about))
        (home.root / ".env").write_text(
            f"SPOTIFY_CLIENT_ID=sandbox\nSPOTIFY_CLIENT_SECRET=sandbox\nLASTFM_API_KEY=sandbox\nLASTFM_USER={who['lastfm_user']}\n"
        )
        (home.root / listeners.LOCATION_FILE).write_text(HELD.replace("{at}", str(at)))
        home = Home.open(home.root)
        auth = spotify_auth.oauth(home)
        signin.accept(
            auth, requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=30).headers["Location"]
        )
        homes.append(home)
    return homes


@contextmanager
def sandboxes(folder: Path, worlds: dict[str, Path]) -> Iterator[dict[str, int]]:
    with ExitStack() as stack:
        ports: dict[str, int] = {}
        for name, world in worlds.items():
            copy, ports[name] = shutil.copytree(world, folder / f"world-{name}"), free_port()
            serve = [
                sys.executable,
                "-m",
                "spotify_ai_pipeline.sandbox",
                "--world",
                str(copy),
                "--port",
                str(ports[name]),
            ]
            stack.enter_context(process(serve, folder / "sandbox.log"))
        for port in ports.values():
            until(lambda port=port: _answers(port), "the sandbox")
        yield ports


def months(home: Home, at: float) -> str:
    return json.dumps(tags_from(home, learn_first_month(home), datetime.fromtimestamp(at, UTC)))


def embedded(folder: Path, worlds: dict[str, Path], at: float) -> tuple[list[Home], float]:
    """The homes after one run each in a process of its own, and the seconds."""
    folder.mkdir()
    with sandboxes(folder, worlds) as ports:
        homes = house(folder / "data", worlds, ports, at)
        since = time.monotonic()
        for home in homes:
            home.name_to_dagster()
            command = [sys.executable, "-c", EMBEDDED, str(home.root / listeners.LOCATION_FILE), months(home, at)]
            subprocess.run(command, check=True, cwd=PROJECT_ROOT)
        return homes, time.monotonic() - since


def on_workers(folder: Path, worlds: dict[str, Path], at: float, lake: str | None) -> tuple[list[Home], float]:
    """The homes after three runs at once on two workers, and the seconds from the launch to the last end."""
    folder.mkdir()
    with ExitStack() as stack:
        ports = stack.enter_context(sandboxes(folder, worlds))
        os.environ["SPOTIFY_AI_PG_URL"] = stack.enter_context(postgres(folder.parent))
        os.environ["SPOTIFY_AI_BROKER"] = stack.enter_context(redis(folder.parent))
        homes = house(folder / "data", worlds, ports, at)
        storage = folder / "dagster"
        storage.mkdir()
        os.environ |= {"DAGSTER_HOME": str(PROFILE), "SPOTIFY_AI_DAGSTER_STORAGE": str(storage)}
        os.environ["PYTHONPATH"] = f"{PROJECT_ROOT}:{PROFILE}"
        if lake:
            os.environ["SPOTIFY_AI_LAKE"] = lake
        tags = {home.shared_as: months(home, at) for home in homes}
        worker = [
            "celery",
            "--app",
            "dagster_celery.app",
            "worker",
            "--queues",
            "dagster",
            "--concurrency",
            "1",
            "--loglevel",
            "info",
        ]
        python = [sys.executable, "-m"]
        for number in (1, 2):
            stack.enter_context(
                process([*python, *worker, "--hostname", f"worker{number}@%h"], folder / f"worker{number}.log")
            )

        import dagster as dg

        instance = stack.enter_context(dg.DagsterInstance.get())
        since = time.monotonic()
        runs = [
            stack.enter_context(
                process(
                    [sys.executable, "-c", HAND_OUT, str(home.root / listeners.LOCATION_FILE), tags[home.shared_as]],
                    folder / "runs.log",
                )
            )
            for home in homes
        ]
        until(lambda: all(run.poll() is not None for run in runs), "the runs' end", PATIENCE_SECONDS)
        seconds = time.monotonic() - since
        wanted = dg.RunsFilter(job_name="everything")
        for run in instance.get_runs(wanted):
            say(f"  {run.tags['spotify_ai/listener']}: {run.status.value}, steps on {_places(instance, run.run_id)}")
            if not run.is_success:
                raise SystemExit(f"failed; see {folder}")
        return homes, seconds


def _places(instance, run_id: str) -> dict[str, int]:
    """Steps by worker."""
    found: dict[str, int] = {}
    for log in instance.all_logs(run_id):
        data = log.dagster_event.event_specific_data if log.dagster_event else None
        if worker := getattr(data, "metadata", {}).get("Celery worker"):
            found[worker.value.split("@")[0]] = found.get(worker.value.split("@")[0], 0) + 1
    return found


def compare(name: str, ours: Lake, theirs: Lake) -> list[str]:
    """What differs, as lines; prints how much is equal."""
    bytewise = rowwise = 0
    different: list[str] = []
    if ours.datasets() != theirs.datasets():
        different.append(f"{name}: datasets {set(ours.datasets()) ^ set(theirs.datasets())}")
    for layer, asset in ours.datasets():
        for one, other in zip(ours.files(layer, asset), theirs.files(layer, asset), strict=True):
            left, right = UPath(one).read_bytes(), UPath(other).read_bytes()
            if left == right:
                bytewise += 1
            elif pl.read_parquet(left).equals(pl.read_parquet(right)):
                rowwise += 1
            else:
                a, b = pl.read_parquet(left), pl.read_parquet(right)
                where = [c for c in a.columns if c not in b.columns or a.height != b.height or not a[c].equals(b[c])]
                different.append(f"{name}: {asset} differs in {where} ({a.height} and {b.height} rows)")
    say(f"  {name}: {bytewise} files equal byte for byte, {rowwise} row for row, {len(different)} differ")
    return different


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lake", help="where the workers' lake lies; default: in the data roots")
    arguments.add_argument("--folder", type=Path, help="kept afterwards; default: a temporary one")
    given = arguments.parse_args()
    os.environ["PYTHONPATH"] = str(PROJECT_ROOT)
    with tempfile.TemporaryDirectory(prefix="spotify-ai-workers-") as scratch:
        folder = given.folder.absolute() if given.folder else Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        moment = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        worlds = {name: folder / f"world-{name}" for name in LISTENERS}
        for seed, world in enumerate(worlds.values(), 1):
            generate(world, seed=seed, songs=150, catalogue=500, plays=2_000, years=0.5, end=moment)
        at = time.time()
        one, taken = embedded(folder / "embedded", worlds, at)
        say(f"embedded, one after another: {taken:.0f} s", flush=True)
        lakes = [home.lake for home in one]  # opened before the environment names another place
        two, taken = on_workers(folder / "workers", worlds, at, given.lake)
        say(f"two workers, PostgreSQL, Redis, three runs at once: {taken:.0f} s", flush=True)
        differences = [
            line
            for home, ours, other in zip(one, lakes, two, strict=True)
            for line in compare(home.shared_as, ours, other.lake)
        ]
    say("\n".join(differences) or "the same results")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
