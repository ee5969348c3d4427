"""`spotify-ai scorecard`: how the lists that were written did."""

from __future__ import annotations

from dataclasses import asdict

import click
import numpy as np

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, listing, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.wording import count_of
from spotify_ai_pipeline.music.mix.scorecard import Figure, figures
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

WEEKS = 8


@click.command()
@json_option
def scorecard(as_json: bool) -> None:
    """Show how the lists did: plays on the mix, songs brought back and kept, new songs that stayed.

    Each figure stands beside a baseline: a list by recency alone, all quiet songs, or new songs that you found elsewhere. The
    intervals are those of the lead over the baseline, from week to week. The job score_the_lists makes the card each Monday.
    """
    card = Workspace.open().lake.read_or_none(datasets.SCORE_CARD)
    if card is None:
        raise UserError(
            "no score card yet; it is made on Monday, or now: materialize score_card in the UI (`spotify-ai up`)"
        )
    found = figures(card, np.random.default_rng(1))
    if as_json:
        print_json({"figures": [asdict(figure) for figure in found], "weeks": card.to_dicts()})
        return
    if not is_wide():
        console.print(listing(("", plain(one.name), _in_words(one)) for one in found))
    shown = table("", "mix", "baseline", "", "lead (95 %)", "weeks", "", right=("mix", "baseline", "weeks"))
    for one in found if is_wide() else ():
        interval = "" if one.low is None else f"{one.low:+.1%} to {one.high:+.1%}"
        shares = ["" if share is None else f"{share:.1%}" for share in (one.value, one.baseline)]
        shown.add_row(one.name, *shares, one.against, interval, str(one.weeks), plain(one.missing))
    if is_wide():
        console.print(shown)
    if card.is_empty():
        return
    weeks = table("week of", "plays", "on the mix", "by recency", "brought back", "kept", "new", right=("plays",))
    for row in card.tail(WEEKS).iter_rows(named=True):
        kept = "not known yet" if row["kept"] is None else str(row["kept"])
        parts = (row["plays"], row["held"], row["held_by_recency"], row["brought_back"], kept, row["new"])
        weeks.add_row(f"{row['week']:%Y-%m-%d}", *map(str, parts))
    console.print()
    console.print(weeks)


def _in_words(one: Figure) -> str:
    if one.value is None:
        return f"beside {one.against}; {one.missing}" if one.missing else f"beside {one.against}"
    baseline = f"{one.against} {one.baseline:.1%}" if one.baseline is not None else one.against
    lead = f"; lead {one.low:+.1%} to {one.high:+.1%} (95 %)" if one.low is not None else ""
    missing = f"; {one.missing}" if one.missing else ""
    return f"{one.value:.1%} in {count_of(one.weeks, 'week')}, {baseline}{lead}{missing}"
