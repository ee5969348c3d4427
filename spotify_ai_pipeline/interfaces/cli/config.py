"""`spotify-ai config`: the settings in force, and overrides of this machine."""

from __future__ import annotations

import click
import yaml

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, plain, print_json, report, table
from spotify_ai_pipeline.interfaces.cli.dials import agree
from spotify_ai_pipeline.interfaces.cli.options import Group, json_option
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.workspace import Workspace

NAMES = {"spotify.playlist_name": playlists.MIX, "spotify.adventure_name": playlists.ADVENTURE}


class _Settings(Group):
    """Knows a setting that is typed where ``set`` belongs."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and (now := Workspace.open().settings.flat.get(args[0], self)) is not self:
            value = " ".join(args[1:]) or "VALUE"
            raise UserError(f"{args[0]} is {now}; to change it: spotify-ai config set {args[0]} {value}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Settings, invoke_without_command=True)
@json_option
@click.pass_context
def config(context: click.Context, as_json: bool) -> None:
    """Show the settings in force and where each comes from; `set` and `unset` change them for this machine."""
    if context.invoked_subcommand:
        return
    workspace = Workspace.open()
    overrides = workspace.state.overrides()
    files = settings.config_files(workspace.root)
    general = settings.load(files[:1]).flat
    rows = [
        {
            "key": key,
            "value": value,
            "from": "override" if key in overrides else str(files[0].name if value == general[key] else files[-1]),
        }
        for key, value in workspace.settings.flat.items()
    ]
    if as_json:
        print_json(rows)
        return
    if not is_wide():
        for row in rows:
            told = f"  ({row['from']})" if row["from"] != files[0].name else ""
            style = "yellow" if row["from"] == "override" else None
            console.print(plain(f"{row['key']} = {row['value']}{told}"), style=style, soft_wrap=True)
        return
    shown = table("key", "value", "from")
    for row in rows:
        shown.add_row(
            plain(row["key"]),
            plain(row["value"]),
            plain(row["from"]),
            style="yellow" if row["from"] == "override" else None,
        )
    console.print(shown)


@config.command(name="set")
@click.argument("key")
@click.argument("value")
@click.option("--yes", is_flag=True, help="Set it without asking.")
@json_option
def set_(key: str, value: str, yes: bool, as_json: bool) -> None:
    """Override KEY with VALUE on this machine.

    Such as `spotify-ai config set playlist.target_size 80`. A setting that moves the next list shows first which songs it would
    bring and take. A list is typed with commas: `spotify-ai config set features.lyrics_providers lrclib`.
    """
    workspace = Workspace.open()
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UserError(f"{key}: {value!r} is not valid YAML; put quotes around a text") from None
    if isinstance(parsed, str) and isinstance(workspace.settings.flat.get(key), list):
        parsed = [part.strip() for part in parsed.split(",")]  # a list is typed without brackets too
    checked = settings.load(settings.config_files(workspace.root), workspace.state.overrides() | {key: parsed})
    if key not in checked.flat:
        raise UserError(
            f"{key} is a group of settings; name one of them, e.g. {next(k for k in checked.flat if k.startswith(key))}"
        )
    before = workspace.settings.flat[key]
    if not as_json and not agree(workspace, key, checked.flat[key], yes):
        return
    if key in NAMES:
        playlists.note_first_title(workspace.state, NAMES[key], str(before))
    workspace.state.set_override(key, checked.flat[key])
    now = checked.flat[key]
    kept = "; the next refresh gives the playlist this name" if key in NAMES else ""
    report(f"{key} = {now} (was {before}){kept}", as_json, key=key, value=now, before=before)


@config.command()
@click.argument("key")
@json_option
def unset(key: str, as_json: bool) -> None:
    """Take the override of KEY back."""
    workspace = Workspace.open()
    if not workspace.state.unset_override(key):
        raise UserError(f"{key} is not overridden; `spotify-ai config` shows what is")
    now = Workspace.open(workspace.root).settings.flat[key]
    report(f"{key} = {now}", as_json, key=key, value=now)
