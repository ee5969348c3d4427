"""`spotify-ai exclude`: listens that were not you."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from shlex import quote
from typing import Any

import click
import polars as pl

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, plain, print_json, report, table
from spotify_ai_pipeline.interfaces.cli.options import Group, json_option
from spotify_ai_pipeline.interfaces.views.wording import count_of, when
from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.plays import exclusion
from spotify_ai_pipeline.music.plays.exclusion import Rule
from spotify_ai_pipeline.storage import datasets, exclusions
from spotify_ai_pipeline.storage.workspace import Workspace

SHOWN = 20
FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class _LastMoment(click.DateTime):
    """A moment; a day means its end."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        moment: datetime = super().convert(value, param, ctx)
        return moment + timedelta(days=1) if len(str(value)) == len("2026-03-07") else moment


@click.group(cls=Group)
def exclude() -> None:
    """Say "that wasn't me": listens of a time, an artist, a playlist or a device count for nothing.

    They stay in the table of listens, and `undo` brings them back. Both take effect at the next refresh, for the past too.
    """


@exclude.command()
@click.argument("since", type=click.DateTime(FORMATS))
@click.argument("until", type=_LastMoment(FORMATS))
@json_option
def span(since: datetime, until: datetime, as_json: bool) -> None:
    """Exclude the listens from SINCE to UNTIL, e.g. 2026-03-07T20:00 2026-03-08T02:00 (your time; a day means all of it)."""
    workspace = Workspace.open()
    zone = workspace.settings.listener.zone
    if until <= since:
        raise UserError(f"{since:%Y-%m-%d %H:%M} is not before {until:%Y-%m-%d %H:%M}; name the earlier time first")
    begin, end = (moment.replace(tzinfo=zone).astimezone(UTC) for moment in (since, until))
    label = f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"
    _exclude(workspace, Rule(exclusion.SPAN, since=begin, until=end), label, as_json)


@exclude.command()
@click.argument("name")
@json_option
def artist(name: str, as_json: bool) -> None:
    """Exclude the listens of the artist NAME, from every source."""
    workspace = Workspace.open()
    artists = dict(workspace.lake.read(datasets.SONGS).select("artist_key", "artist").iter_rows())
    if (known := artists.get(artist_key(name))) is None:
        near = get_close_matches(artist_key(name), list(artists), 1)
        raise UserError(
            f"no song of {name} is known" + (f"; did you mean {artists[near[0]]}?" if near else "; check the spelling")
        )
    _exclude(workspace, Rule(exclusion.ARTIST, artist_key(name)), known, as_json)


@exclude.command()
@click.argument("name")
@json_option
def playlist(name: str, as_json: bool) -> None:
    """Exclude the listens from the playlist NAME; if no source tells it, those of songs that are on no other list of yours."""
    workspace = Workspace.open()
    lists = dict(workspace.lake.read(datasets.SPOTIFY_LIBRARY).select("list_id", "list_name").unique().iter_rows())
    found = [list_id for list_id, called in lists.items() if name in (list_id, called)]
    if len(found) != 1:
        near = get_close_matches(name, lists.values(), 1)
        hint = f"did you mean {near[0]}?" if near else "see the playlists with spotify-ai sql"
        raise UserError(
            f"{len(found)} of your playlists are called {name}; name one by its id: {', '.join(found)}"
            if found
            else f"none of your playlists is called {name}; {hint}"
        )
    _exclude(workspace, Rule(exclusion.PLAYLIST, found[0]), lists[found[0]], as_json)


@exclude.command()
@click.argument("name")
@json_option
def device(name: str, as_json: bool) -> None:
    """Exclude the listens on devices whose name contains NAME; exports of Spotify name the device."""
    workspace = Workspace.open()
    known = (
        workspace.lake.scan(datasets.LISTENS).select(pl.col("device").drop_nulls().unique().sort()).collect()["device"]
    )
    if not any(name.casefold() in other.casefold() for other in known):
        raise UserError(f"no listen on a device like {name}; known are: {', '.join(known[:SHOWN]) or 'none'}")
    _exclude(workspace, Rule(exclusion.DEVICE, name), name, as_json)


@exclude.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """Show the exclusions in force."""
    workspace = Workspace.open()
    rules = exclusions.in_force(workspace.state)
    if as_json:
        print_json([{"id": found.exclusion_id, "label": found.label, **vars(found.rule)} for found in rules])
        return
    shown = table("id", "kind", "what", "said", right=("id",))
    for found in rules:
        shown.add_row(str(found.exclusion_id), found.rule.kind, plain(found.label), when(workspace, found.said_at))
    console.print(shown if rules else "nothing is excluded")


@exclude.command()
@click.argument("exclusion_id", type=int)
@json_option
def undo(exclusion_id: int, as_json: bool) -> None:
    """Bring back the listens of exclusion EXCLUSION_ID (see `exclude list`)."""
    if not exclusions.undo(Workspace.open().state, exclusion_id):
        raise UserError(
            f"there is no exclusion {exclusion_id} in force; `spotify-ai exclude list` shows those there are"
        )
    line = f"exclusion {exclusion_id} is undone: its listens count again from the next `spotify-ai refresh`"
    report(line, as_json, undone=exclusion_id)


@exclude.command()
@json_option
def suggest(as_json: bool) -> None:
    """Show all that may not have been you, the odd as well as the likely. This excludes nothing."""
    workspace = Workspace.open()
    found = workspace.lake.read(datasets.SUSPECTS)
    if as_json:
        print_json(found.drop("proposed").to_dicts())
        return
    shown = table("plays", "why", "to exclude it", right=("plays",))
    for row in found.head(SHOWN).iter_rows(named=True):
        plays, command = row["plays"], _command(workspace, row)
        if is_wide():
            shown.add_row(str(plays), plain(row["why"]), plain(command))
        else:
            console.print(plain(f"{count_of(plays, 'play')}: {row['why']}"))
            console.print(plain(f"  {command}"), style="dim", soft_wrap=True)
    if is_wide() and found.height:
        console.print(shown)
    if not found.height:
        console.print("nothing looks as if it was not you")
    if found.height > SHOWN:
        console.print(f"and {found.height - SHOWN:,} more; --json shows all")


def _command(workspace: Workspace, row: dict[str, Any]) -> str:
    if row["kind"] == exclusion.ARTIST:
        return f"spotify-ai exclude artist {quote(row['value'])}"
    zone = workspace.settings.listener.zone
    begin, end = row["since"].astimezone(zone), row["until"].astimezone(zone) + timedelta(minutes=1)
    return f"spotify-ai exclude span {begin:%Y-%m-%dT%H:%M} {end:%Y-%m-%dT%H:%M}"


def _exclude(workspace: Workspace, rule: Rule, label: str, as_json: bool) -> None:
    number = exclusions.exclude(workspace.state, rule, label)
    listens, songs = workspace.lake.scan(datasets.LISTENS), workspace.lake.read(datasets.SONGS)
    left_out = exclusion.excluded([rule], songs, workspace.lake.read(datasets.SPOTIFY_LIBRARY))
    hit = listens.filter(left_out).select(pl.len()).collect().item()
    line = (
        f"{label}: {count_of(hit, 'listen')} {'is' if hit == 1 else 'are'} excluded from the next `spotify-ai refresh` on "
        f"(take it back: spotify-ai exclude undo {number})"
    )
    report(line, as_json, id=number, label=label, listens=hit)
