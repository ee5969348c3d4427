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
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.cli.mix import print_change, print_songs
from spotify_ai_pipeline.interfaces.cli.progress import run_job
from spotify_ai_pipeline.interfaces.views.listening import format_percent, summarize_listening
from spotify_ai_pipeline.paths import CHECKOUT, CONFIG_FILE, DEMOS
from spotify_ai_pipeline.storage.workspace import Workspace

DEFAULT_PORT = 8790
UNHURRIED = 10_000
"""Calls a second: loopback needs no politeness. Budgets stay as they are for the real services."""

TELEGRAM_TOKEN, TELEGRAM_USER = "1001:sandbox", 2002
"""The bot and the listener of the sandbox."""

PREFIXES = {
    "spotify": "spotify/v1/",
    "spotify_accounts": "accounts/",
    "lastfm": "lastfm/2.0/",
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
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port on 127.0.0.1 for the sandbox.")
def demo(world: Path | None, port: int) -> None:
    """Run the whole pipeline on a sandbox of the web services and show the mix. Needs no account.

    A second run refreshes the same playlist.
    """
    started = time.monotonic()
    root = _root(world)
    Workspace.open(root)  # first of all: what is made there is private
    world = world.absolute() if world else _default_world(root)
    with sandbox.running(world, port):
        workspace = Workspace.open(root)
        _connect(workspace, world, port)
        display = run_job(workspace, "everything")
    console.print()
    print_songs(workspace)
    console.print()
    print_change(workspace)
    figures = summarize_listening(workspace)
    counts = figures["counts"]
    calls = ", ".join(f"{count:,} {service}" for service, count in sorted(display.calls.items()))
    console.print(
        f"{counts['library']:,} songs in the library, {counts['listens']:,} listens "
        f"({format_percent(figures['resolved_share'])} resolved to a Spotify id); "
        f"calls: {calls}; {time.monotonic() - started:.0f} s"
    )
    on_the_path = "  (source .venv/bin/activate puts spotify-ai on the path)" if CHECKOUT else ""
    console.print(
        f"\n[bold]Where to look next[/]{on_the_path}\n"
        "  spotify-ai up         the Dagster UI on http://127.0.0.1:3000 with the graph, its checks and plots\n"
        "  spotify-ai next       answer the questions that wait, one song at a time\n"
        "  spotify-ai bot        the bot as on the phone, without an account: its chat is a page in your browser\n"
        "  spotify-ai map        the library as a map: a page and a picture; spotify-ai clusters lists what is on it\n"
        "  spotify-ai refresh    refresh the mix again; also: mix, stats, status, sql, config\n"
        "  spotify-ai --help     everything else, and how to connect your own accounts"
    )


def _root(world: Path | None) -> Path:
    """The data root of this world's demo."""
    if world is None:
        return DEMOS / "default"
    digest = hashlib.sha1(str(world.absolute()).encode(), usedforsecurity=False).hexdigest()[:6]
    return DEMOS / f"{re.sub(r'[^A-Za-z0-9_-]', '-', world.name)}-{digest}"


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
    (DEMOS / "last").write_text(workspace.root.name)
    if not workspace.token_file.exists():
        auth = spotify_auth.oauth(workspace)
        login.accept(
            auth, requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=30).headers["Location"]
        )
