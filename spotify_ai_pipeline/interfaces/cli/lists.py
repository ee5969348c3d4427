"""`spotify-ai list`: lists of your own, kept fresh like the mix."""

from __future__ import annotations

from dataclasses import replace

import click
import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import own_lists as lists
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.choose import choose_song
from spotify_ai_pipeline.interfaces.cli.console import console, listing, plain, print_json, report, song_name, table
from spotify_ai_pipeline.interfaces.cli.options import Group, json_option
from spotify_ai_pipeline.interfaces.cli.progress import run_job
from spotify_ai_pipeline.interfaces.views import own_lists as views
from spotify_ai_pipeline.interfaces.views.clusters import find_cluster, list_clusters
from spotify_ai_pipeline.interfaces.views.wording import count_of
from spotify_ai_pipeline.music.lists.columns import COLUMNS
from spotify_ai_pipeline.music.lists.recipe import OPERATORS, Condition, Recipe
from spotify_ai_pipeline.music.lists.words import TEMPLATES
from spotify_ai_pipeline.music.mix.target_ids import link_of
from spotify_ai_pipeline.storage import own_lists
from spotify_ai_pipeline.storage.own_lists import OwnList
from spotify_ai_pipeline.storage.workspace import Workspace

SHOWN = 10
"""Songs that are shown of a new list."""


class Every(click.ParamType):
    """day, week, month, or a number of days."""

    name = "SPAN"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        said = value.casefold().split()
        number, unit = (said[0], said[-1].removesuffix("s")) if len(said) > 1 else ("1", said[0] if said else "")
        if unit.isdigit():
            number, unit = unit, "day"
        if not number.isdigit() or unit not in views.SPANS or not 1 <= int(number) * views.SPANS[unit] <= 365:
            self.fail(f"{value!r}: say day, week, month, or a number of days up to 365, such as 3", param, ctx)
        return int(number) * views.SPANS[unit]


size_option = click.option("--size", type=click.IntRange(1, 500), help="Songs that it holds.")
every_option = click.option("--every", "every_days", type=Every(), help="How often it is refreshed: day, week, 3.")
title_option = click.option("--title", help="What it is called where your playlists are.")
where_option = click.option("--where", multiple=True, metavar="CONDITION", help='Such as "plays >= 5"; give several.')
sort_option = click.option("--sort", multiple=True, metavar="COLUMN", help="Such as -plays (the most first) or year.")


@click.group(name="list", cls=Group, invoke_without_command=True)
@json_option
@click.pass_context
def list_(context: click.Context, as_json: bool) -> None:
    """Keep lists of your own: say what is on one, and every refresh keeps it fresh by the rules of the AI Mix.

    A list changes as little at a time as the mix, respects what you add or remove by hand, and says why each song is there.
    `pin`, `log`, `undo`, `playlist` and `snapshot take` know it by --list. Without a command: your lists.
    """
    if context.invoked_subcommand is None:
        context.invoke(show_, name=None, as_json=as_json)


@list_.command(epilog=f"One line is enough for the common ones: {', '.join(TEMPLATES)}.")
@click.argument("words", nargs=-1)
@size_option
@every_option
@title_option
@where_option
@sort_option
@click.option("--like", multiple=True, metavar="SONG", help="It is to sound like this song; give several.")
@click.option("--unlike", multiple=True, metavar="SONG", help="It is not to sound like this song.")
@click.option("--from", "start", metavar="SONG", help="It leads from this song …")
@click.option("--to", "end", metavar="SONG", help="… to this one, a small step at a time.")
@click.option("--cluster", help="It holds one cluster of your library (its number, or a part of its name).")
@click.option(
    "--change", type=click.IntRange(1, 100), metavar="PERCENT", help="What one refresh may change; else as the mix."
)
@json_option
def add(
    words: tuple[str, ...],
    size: int | None,
    every_days: int | None,
    title: str | None,
    where: tuple[str, ...],
    sort: tuple[str, ...],
    like: tuple[str, ...],
    unlike: tuple[str, ...],
    start: str | None,
    end: str | None,
    cluster: str | None,
    change: int | None,
    as_json: bool,
) -> None:
    """Add a list: say in WORDS what is on it.

    Such as "deep cuts of my most played artists, unheard for a year". It holds 40 songs and is refreshed every week, unless you
    say else. The words become a filter and an order that you can see and change (`spotify-ai list edit`). It understands how
    much, how long ago and since when you played a song, artists, tags, clusters, years, stars, likes and sound; with a key,
    Claude reads the rest. Songs instead of words: --like, --unlike, or --from and --to. `spotify-ai list columns` lists what
    --where and --sort may name.
    """
    workspace, text = Workspace.open(), " ".join(words)
    songs = like or unlike or start or end
    if not (text or songs or cluster or where):
        raise click.UsageError(f"say what is on it, or name one of: {', '.join(TEMPLATES)}")
    if bool(start) != bool(end) or (start and (like or unlike)):
        raise click.UsageError("give --from together with --to, and no --like beside them")
    found = lists.understand(workspace, text)
    named = {
        "like": [choose_song(workspace, song) for song in like],
        "unlike": [choose_song(workspace, song) for song in unlike],
        "between": [choose_song(workspace, song) for song in (start, end) if song],
    }
    if start and len(set(named["between"])) == 1:
        raise UserError("a way leads from one song to another; --from and --to are the same")
    conditions = [Condition.read(one) for one in where]
    if cluster is not None:
        name = find_cluster(list_clusters(workspace), cluster)["name"]
        conditions.append(Condition(column="cluster", op="is", value=[name]))
    order = sort or (["step"] if named["between"] else ["-nearness"] if songs else found.recipe.sort)
    recipe = Recipe.with_order(found.recipe.changed(conditions).model_copy(update=named), order)
    called = title or lists.title_of(text) or _title(like, start, end, cluster, where)
    lists.refuse_taken(workspace, called)
    most = change / 100 if change else 1.0 if start else found.max_change
    draft = OwnList(0, called, text or called, recipe, size or 40, every_days or 7, most)
    would_be = _preview(workspace, draft)
    own = own_lists.add(workspace.state, draft)
    if not as_json and found.unknown:
        read = f"{found.by} read for you" if found.by else "not understood"
        console.print(plain(f"{read}: {', '.join(found.unknown)}"), style="yellow")
    _print_decided(workspace, own, would_be, as_json=as_json, most=SHOWN)
    if not as_json:
        console.print(
            f"it comes with the next refresh, and at once with `spotify-ai list refresh`; to change it: `spotify-ai list edit"
            f" {own.list_id} --where …`"
        )


@list_.command(name="show")
@click.argument("name", required=False)
@json_option
def show_(name: str | None, as_json: bool) -> None:
    """Show all lists, or list NAME with its songs and their reasons.

    NAME is its number, or a part of its title. What the list is made of comes first.
    """
    workspace = Workspace.open()
    if name is not None:
        own = lists.choose(workspace, name)
        _print_decided(workspace, own, views.decided(workspace, own), as_json=as_json)
        return
    rows = views.list_lists(workspace)
    if as_json:
        print_json(rows)
        return
    shown = table("#", "list", "songs", "refreshed", "last", "made of", right=("#", "songs"))
    for row in rows:
        held = f"{row['songs']} of {row['size']}"
        shown.add_row(*map(plain, (row["list"], row["title"], held, row["refreshed"], row["last"], row["made of"])))
    console.print(shown)
    if not own_lists.every(workspace.state):
        console.print("Next: `spotify-ai list add forgotten favourites` adds a list of your own", soft_wrap=True)


@list_.command()
@click.argument("name")
@json_option
def preview(name: str, as_json: bool) -> None:
    """Show what list NAME would be now, and what would come and go. Nothing is written."""
    workspace = Workspace.open()
    own = lists.choose(workspace, name)
    _print_decided(workspace, own, _preview(workspace, own), as_json=as_json)


@list_.command()
@click.argument("name")
@size_option
@every_option
@title_option
@where_option
@click.option("--drop", multiple=True, metavar="COLUMN", help="Take the conditions on this column away.")
@sort_option
@click.option("--change", type=click.IntRange(1, 100), metavar="PERCENT", help="What one refresh may change.")
@json_option
def edit(
    name: str,
    size: int | None,
    every_days: int | None,
    title: str | None,
    where: tuple[str, ...],
    drop: tuple[str, ...],
    sort: tuple[str, ...],
    change: int | None,
    as_json: bool,
) -> None:
    """Change list NAME: its conditions, order, size, times or title. The next refresh follows it, a little at a time.

    A condition takes the place of one that says the same of the same column: --where "plays >= 10" replaces "plays >= 5". A new
    title is given to the playlist as well.
    """
    workspace = Workspace.open()
    own = lists.choose(workspace, name)
    if unknown := [column for column in drop if not any(one.column == column for one in own.recipe.where)]:
        raise UserError(
            f"{', '.join(unknown)}: {own.title} has no condition on it; `spotify-ai list show {own.list_id}`"
        )
    recipe = own.recipe.changed([Condition.read(one) for one in where], drop)
    given = {
        "recipe": Recipe.with_order(recipe, sort or recipe.sort),
        "size": size,
        "every_days": every_days,
        "title": title,
        "max_change": change / 100 if change else None,
    }
    own = lists.edit(workspace, own, **{key: value for key, value in given.items() if value is not None})
    _print_decided(workspace, own, _preview(workspace, own), as_json=as_json, most=SHOWN)


def _mark(name: str, line: str, as_json: bool, told: dict[str, bool], **marks: float | None) -> None:
    """Keeps ``marks`` on list ``name``, and reports ``line``, which may name the list."""
    workspace = Workspace.open()
    own = lists.choose(workspace, name)
    own_lists.change(workspace.state, replace(own, **marks))  # pyright: ignore[reportArgumentType]
    every = views.every_words(own.every_days)
    report(line.format(title=own.title, number=own.list_id, every=every), as_json, list=own.list_id, **told)


@list_.command()
@click.argument("name")
@json_option
def pause(name: str, as_json: bool) -> None:
    """Pause list NAME. It stays as it is until `spotify-ai list resume`."""
    line = "{title} stays as it is now; `spotify-ai list resume {number}` ends that"
    _mark(name, line, as_json, {"paused": True}, paused_at=clock.now())


@list_.command()
@click.argument("name")
@json_option
def resume(name: str, as_json: bool) -> None:
    """Resume list NAME: refreshes keep it fresh again."""
    _mark(name, "{title} is refreshed again, {every}", as_json, {"paused": False}, paused_at=None)


@list_.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Remove list NAME from here: nothing refreshes it any more. Its playlist stays where it is; delete it when you like."""
    line = "{title} is no list of yours any more; its playlist stays as it is until you delete it"
    _mark(name, line, as_json, {"removed": True}, removed_at=clock.now())


@list_.command()
@click.argument("name", required=False)
@json_option
def refresh(name: str | None, as_json: bool) -> None:
    """Refresh the lists that are due, or list NAME now. It works from the data that was read last."""
    workspace = Workspace.open()
    chosen = [lists.choose(workspace, name)] if name is not None else own_lists.due(workspace.state, clock.now())
    if name is not None:
        own_lists.ask(workspace.state, chosen[0])
    if not chosen and not as_json:
        console.print("no list is due; `spotify-ai list refresh NAME` refreshes one now")
        return
    with sandbox.beside(workspace):
        run_job(workspace, "refresh_the_lists", quiet=as_json)
    if as_json:
        print_json([views.own_as_data(workspace, own, views.decided(workspace, own)) for own in chosen])
        return
    for own in chosen:
        changes = views.decided(workspace, own)
        new, out = changes.filter(change="new").height, changes.filter(change="out").height
        songs = count_of(changes.drop_nulls("rank").height, "song")
        link = views.own_as_data(workspace, own, changes)["link"]
        console.print(plain(f"{own.title}: {songs}, +{new} −{out}  {link}"), soft_wrap=True)


@list_.command()
@json_option
def columns(as_json: bool) -> None:
    """List what --where and --sort may name, with how each is compared."""
    if as_json:
        print_json(
            [{"column": name, "operators": OPERATORS[one.kind], "about": one.about} for name, one in COLUMNS.items()]
        )
        return
    shown = table("column", "compare with", "what it is")
    for name, column in COLUMNS.items():
        shown.add_row(name, plain("  ".join(OPERATORS[column.kind])), plain(column.about))
    console.print(shown)


def _title(
    like: tuple[str, ...], start: str | None, end: str | None, cluster: str | None, where: tuple[str, ...]
) -> str:
    if start:
        return f"From {start} to {end}"
    return f"Like {', '.join(like)}" if like else str(cluster) if cluster else ", ".join(where) or "A list of mine"


def _preview(workspace: Workspace, own: OwnList) -> pl.DataFrame:
    """Gives what a refresh would decide now."""
    from spotify_ai_pipeline.defs.playlist.mix_inputs import Material
    from spotify_ai_pipeline.defs.playlist.own_lists import Shelf

    return Shelf(workspace, Material.of_lake(workspace), clock.now()).decide(own)[0].table


def _print_decided(
    workspace: Workspace, own: OwnList, changes: pl.DataFrame, *, as_json: bool, most: int | None = None
) -> None:
    if as_json:
        print_json(views.own_as_data(workspace, own, changes))
        return
    console.print(plain(f"{own.list_id}  {own.title}"), style="bold")
    for line in views.recipe_lines(workspace, own):
        console.print(plain(f"   {line}"), style="dim")
    listed = changes.drop_nulls("rank").sort("rank")
    if listed.is_empty():
        console.print("no song is on it yet; `spotify-ai list preview` shows what would be")
        return
    rows = listed.head(most) if most else listed
    console.print(
        listing(
            (
                f"{'+' if row['change'] == 'new' else ' '}{row['rank']:>3}",
                song_name(row["artist"], row["title"], link_of(row["track_id"])),
                row["reason"],
            )
            for row in rows.iter_rows(named=True)
        )
    )
    if rows.height < listed.height:
        console.print(f"and {listed.height - rows.height} more: spotify-ai list preview {own.list_id}", style="dim")
    gone = changes.filter(change="out")
    names = (f"{artist} — {title}" for artist, title in gone.select("artist", "title").iter_rows())
    if gone.height:
        console.print(plain(f"leaves: {'; '.join(names)}"), style="dim")
