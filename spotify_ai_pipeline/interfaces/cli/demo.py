"""`spotify-ai demo`: the whole way on the sandbox, with no account at all."""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path

import click
import requests
import yaml

from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.interfaces.cli import login, sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, plain
from spotify_ai_pipeline.interfaces.cli.map import write_map
from spotify_ai_pipeline.interfaces.cli.mix import print_change, print_songs
from spotify_ai_pipeline.interfaces.cli.progress import list_calls, run_job
from spotify_ai_pipeline.interfaces.views.listening import summarize_listening
from spotify_ai_pipeline.interfaces.views.wording import count_of
from spotify_ai_pipeline.paths import CHECKOUT, CONFIG_FILE
from spotify_ai_pipeline.settings import demos
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.home_files import DEMO_FILE
from spotify_ai_pipeline.storage.workspace import Workspace

DEFAULT_PORT = 8790
UNHURRIED = 10_000
"""Calls a second: loopback needs no politeness. Budgets stay as they are for the real services."""

SHOWN = 10
"""Songs that are printed; `spotify-ai mix` prints all."""

TELEGRAM_TOKEN, TELEGRAM_USER = "1001:sandbox", 2002
"""The bot and the listener of the sandbox."""

PREFIXES = {
    "spotify": "spotify/v1/",
    "spotify_accounts": "accounts/",
    "lastfm": "lastfm/2.0/",
    "lastfm_stations": "lastfm_stations/",
    "listenbrainz": "listenbrainz/1/",
    "listenbrainz_labs": "labs/",
    "reccobeats": "reccobeats/v1/",
    "lrclib": "lrclib/api/",
    "deezer": "deezer/",
    "itunes": "itunes/",
    "anthropic": "anthropic/",
    "telegram": "telegram/",
}


@click.command()
@click.option(
    "--world",
    type=click.Path(path_type=Path),
    help="A world made by `spotify-ai sandbox build`; default: a made-up listener.",
)
@click.option("--port", type=int, help=f"Port on 127.0.0.1 for the sandbox; default: {DEFAULT_PORT}, or a free one.")
def demo(world: Path | None, port: int | None) -> None:
    """Run the whole pipeline on a sandbox of the web services and show the mix. Needs no account.

    A second run refreshes the same playlist, which takes less time.
    """
    started = time.monotonic()
    root = _root(world)
    Workspace.open(root)  # first of all: what is made there is private
    world = world.absolute() if world else _default_world(root)
    port = port or sandbox.free_port(world, _port_before(root))
    with sandbox.running(world, port):
        workspace = Workspace.open(root)
        _connect(workspace, world, port)
        again = workspace.lake.current(datasets.MIX) is not None
        display = run_job(workspace, "refresh_the_mix" if again else "everything")
    console.print()
    print_change(workspace)
    print_songs(workspace, most=SHOWN)
    figures = summarize_listening(workspace)["counts"]
    console.print(
        f"\nmade of {count_of(figures['library'], 'song')} in the library and {count_of(figures['listens'], 'listen')}, with "
        f"{list_calls(display.calls)}, in {time.monotonic() - started:.0f} s"
    )
    picture, _ = write_map(workspace)
    console.print(plain(f"The library as a picture: {picture}"), soft_wrap=True)
    on_the_path = " (after: source .venv/bin/activate)" if CHECKOUT else ""
    console.print(
        f"Next: spotify-ai up{on_the_path} opens the whole pipeline in the browser; spotify-ai --help lists the rest"
    )


def _port_before(root: Path) -> int:
    """The port of this demo's last run: a second one is to find what the first one wrote."""
    file = root / DEMO_FILE
    return json.loads(file.read_text())["port"] if file.exists() else DEFAULT_PORT


def _root(world: Path | None) -> Path:
    """The data root of this world's demo."""
    if world is None:
        return demos() / "default"
    digest = hashlib.sha1(str(world.absolute()).encode(), usedforsecurity=False).hexdigest()[:6]
    return demos() / f"{re.sub(r'[^A-Za-z0-9_-]', '-', world.name)}-{digest}"


def _default_world(root: Path) -> Path:
    world = root / "world"
    if not world.exists():
        from spotify_ai_pipeline.sandbox.generate import generate

        root.mkdir(parents=True, exist_ok=True)
        with console.status("making up a listener: 8,000 songs, 100,000 scrobbles over four years"):
            generate(world)
    return world


def _connect(workspace: Workspace, world: Path, port: int) -> None:
    """Points the demo's settings at the sandbox and signs in there, as the listener would in a browser."""
    listener = json.loads((world / "world.json").read_text())["listener"]
    base = f"http://127.0.0.1:{port}/"
    services = {name: {"url": base + path, "calls_per_second": UNHURRIED} for name, path in PREFIXES.items()}
    (workspace.root / CONFIG_FILE).write_text(
        yaml.safe_dump({"listener": {"name": "demo"}, "services": services}, sort_keys=False)
    )
    secrets = workspace.root / ".env"
    secrets.touch(mode=0o600)
    secrets.write_text(
        f"SPOTIFY_CLIENT_ID=sandbox\nSPOTIFY_CLIENT_SECRET=sandbox\nLASTFM_API_KEY=sandbox\nLASTFM_USER={listener['lastfm_user']}\n"
        f"LISTENBRAINZ_USER={listener['listenbrainz_user']}\nANTHROPIC_API_KEY=sandbox\n"
        f"TELEGRAM_BOT_TOKEN={TELEGRAM_TOKEN}\nTELEGRAM_USER_ID={TELEGRAM_USER}\n"
    )
    workspace.demo_file.write_text(json.dumps({"world": str(world), "port": port}))
    (workspace.root.parent / "last").write_text(workspace.root.name)
    if not workspace.token_file.exists():
        auth = spotify_auth.oauth(workspace)
        login.accept(
            auth, requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=30).headers["Location"]
        )
