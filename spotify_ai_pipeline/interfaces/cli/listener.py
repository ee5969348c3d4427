"""Several listeners on one machine."""

from __future__ import annotations

import click

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.clients import sign_in
from spotify_ai_pipeline.interfaces.cli.console import console, print_json, report, table
from spotify_ai_pipeline.interfaces.cli.options import Group, json_option
from spotify_ai_pipeline.storage import listeners
from spotify_ai_pipeline.storage.workspace import Workspace


@click.group(cls=Group)
def listener() -> None:
    """Manage several listeners on one machine, each with their own data, settings and keys.

    Any command works for one of them: spotify-ai --listener NAME mix. `up` shows all of them in one Dagster UI, and
    `spotify-ai --listener NAME forget` removes one.
    """


@listener.command()
@click.argument("name")
@click.option("--timezone", help="IANA name, e.g. Europe/Lisbon; default: the one in the project's settings.")
@json_option
def add(name: str, timezone: str | None, as_json: bool) -> None:
    """Add the listener NAME (letters, digits, _)."""
    general = settings.load([settings.PROJECT_ROOT / "config" / settings.CONFIG_FILE])
    workspace = listeners.add(name, timezone or general.listener.timezone)
    from spotify_ai_pipeline.defs.automation.daemon import make_instance

    make_instance(workspace)
    report(
        f"{name}: {workspace.root}\nnext: fill in {workspace.root / '.env'}, then\n"
        f"  spotify-ai --listener {name} login\n  spotify-ai --listener {name} refresh\n"
        f"  spotify-ai --listener {name} up      the Dagster UI with all listeners",
        as_json,
        name=name,
        root=workspace.root,
    )


@listener.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """Show the listeners of this machine."""

    folder = settings.listeners_folder()
    rows = []
    for name in listeners.names(folder):
        workspace = Workspace.open(folder / name)
        known = {each["asset"]: each for each in workspace.lake.summary()}
        rows.append(
            {
                "name": name,
                "timezone": workspace.settings.listener.timezone,
                "connected": sign_in.sign_in_state(workspace) == sign_in.SIGNED_IN_STATE,
                "songs": known.get("songs", {}).get("rows"),
                "listens": known.get("listens", {}).get("rows"),
                "mix": known.get("mix", {}).get("made"),
                "root": str(workspace.root),
            }
        )
    if as_json:
        print_json(rows)
        return
    if not rows:
        console.print(f"none in {folder}; `spotify-ai listener add NAME` adds one", soft_wrap=True)
        return
    shown = table("name", "time zone", "signed in", "songs", "listens", "mix made (UTC)", right=("songs", "listens"))
    for row in rows:
        counts = (f"{row[key]:,}" if row[key] is not None else "" for key in ("songs", "listens"))
        shown.add_row(row["name"], row["timezone"], "yes" if row["connected"] else "no", *counts, row["mix"] or "never")
    console.print(shown)
