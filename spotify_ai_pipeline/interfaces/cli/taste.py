"""`spotify-ai taste`: what you say of your taste once and for long, and what the program believes of you."""

from __future__ import annotations

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import standing_taste
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.storage import taste_rules
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.argument("words", nargs=-1)
@click.option("--yes", is_flag=True, help="Agree to what was understood without being asked.")
@click.option("--off", type=int, metavar="NUMBER", help="Switch off what you said under this number.")
@click.option("--not-so", type=int, metavar="PLACE", help="Deny a belief by its place in the list.")
@json_option
def taste(words: tuple[str, ...], yes: bool, off: int | None, not_so: int | None, as_json: bool) -> None:
    """Say what you want more or less of, once: "less christmas music outside december", "more 90s punk until march".

    The command shows what it understood and which songs it means; it counts once you agree, from the next refresh on. `why`
    names it where it moves a song. Without WORDS, the command shows what you said, and what the program believes of you.
    """
    workspace = Workspace.open()
    if sum((bool(words), off is not None, not_so is not None)) > 1:
        raise click.UsageError("give WORDS, --off or --not-so, one at a time")
    if off is not None:
        if not taste_rules.end(workspace.state, off):
            raise UserError(f"{off}: nothing in force has this number; `spotify-ai taste` lists what you said")
        console.print("switched off; it counts no more from the next `spotify-ai refresh` on")
    elif not_so is not None:
        _deny(workspace, not_so)
    elif words:
        _say(workspace, " ".join(words), yes, as_json)
    else:
        _show(workspace, as_json)


def _say(workspace: Workspace, text: str, yes: bool, as_json: bool) -> None:
    found = standing_taste.propose(workspace, text)
    if not as_json:
        console.print(plain(f"understood: {found.sentence}\n{found.songs} songs of yours are meant"))
        for song in found.examples:
            console.print(plain(f"  {song}"))
    agreed = yes or (not as_json and click.confirm("Does it count from now on?", default=True))
    if agreed:
        taste_rules.agree(workspace.state, found.rule_id)
    elif not as_json:
        taste_rules.end(workspace.state, found.rule_id)
    if as_json:
        print_json({**vars(found), "counts": agreed})
    else:
        console.print("it counts from the next `spotify-ai refresh` on" if agreed else "dropped; nothing changes")


def _deny(workspace: Workspace, place: int) -> None:
    found = standing_taste.beliefs(workspace)
    if not 1 <= place <= len(found):
        raise UserError(f"{place}: the list of `spotify-ai taste` has no such place")
    number = standing_taste.deny(workspace, found[place - 1])
    console.print(
        plain(f"not so, then: {found[place - 1].denial} from now on; `spotify-ai taste --off {number}` takes it back")
    )


def _show(workspace: Workspace, as_json: bool) -> None:
    rules = taste_rules.in_force(workspace.state, clock.now())
    found = standing_taste.beliefs(workspace)
    if as_json:
        print_json({"said": [vars(one) for one in rules], "beliefs": [vars(one) for one in found]})
        return
    console.print("you said:" if rules else "you said nothing yet, such as `spotify-ai taste less christmas music`")
    for rule in rules:
        console.print(plain(f"  {rule.rule_id}  {standing_taste.describe(workspace, rule)}"))
    console.print("what I believe about you (deny one with --not-so and its place):")
    for place, belief in enumerate(found, 1):
        console.print(plain(f"  {place}  {belief.says}: {belief.evidence}"))
