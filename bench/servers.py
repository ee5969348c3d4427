"""Servers on loopback for as long as a block lasts, with their data and their logs in a folder of the caller's."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
POSTGRES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/local/bin"))  # Debian's place
AS_OWNER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # PostgreSQL does not run as root
PATIENCE_SECONDS = 60


@contextmanager
def process(command: list[str], log: Path) -> Generator[None]:
    """``command`` until the end of the block, with what it says in ``log``."""
    with log.open("ab") as stream:
        running = subprocess.Popen(command, cwd="/", stdout=stream, stderr=stream, start_new_session=True)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if running.poll() is None:
                os.killpg(running.pid, number)
                wait_until(lambda: running.poll() is not None, seconds=20)


@contextmanager
def postgres(folder: Path) -> Generator[str]:
    """A PostgreSQL of its own; gives its address."""
    data, port = folder / "postgres", str(free_port())
    data.mkdir(mode=0o700)
    if AS_OWNER:
        shutil.chown(data, "postgres")

    def program(name: str, *options: str) -> list[str]:
        return [*AS_OWNER, str(POSTGRES / name), *options]

    make = program("initdb", "-D", str(data), "-U", "dagster", "--auth=trust", "--encoding=UTF8")
    subprocess.run(make, check=True, cwd="/", stdout=subprocess.DEVNULL)
    serve = program("postgres", "-D", str(data), "-h", HOST, "-p", port, "-k", str(data))
    is_ready = program("pg_isready", "-q", "-h", HOST, "-p", port)
    with process(serve, folder / "postgres.log"):
        require(lambda: subprocess.run(is_ready, check=False, cwd="/").returncode == 0, "PostgreSQL")
        yield f"postgresql+psycopg2://dagster@{HOST}:{port}/postgres"


@contextmanager
def redis(folder: Path) -> Generator[str]:
    """A Redis that keeps nothing; gives its address."""
    port = free_port()
    command = ["redis-server", "--bind", HOST, "--port", str(port), "--save", "", "--dir", str(folder)]
    with process(command, folder / "redis.log"):
        require(lambda: answers(port), "Redis")
        yield f"redis://{HOST}:{port}/0"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def wait_until(happened: Callable[[], bool], seconds: float) -> bool:
    """Whether it did within ``seconds``."""
    end = time.monotonic() + seconds
    while not (done := happened()) and time.monotonic() < end:
        time.sleep(0.3)
    return done


def require(happened: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    if not wait_until(happened, seconds):
        raise SystemExit(f"{what} did not come within {seconds:.0f} s")
