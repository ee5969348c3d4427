"""`spotify-ai model`: the card of the taste model."""

from __future__ import annotations

import click
from rich.markdown import Markdown

from spotify_ai_pipeline.interfaces.cli.console import console, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.music.taste.model_card import card, importance, standings
from spotify_ai_pipeline.music.taste.population import shipped
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@json_option
def model(as_json: bool) -> None:
    """Show the training data of the taste model, how far your own weeks moved it, and how well it does."""
    table = Workspace.open().lake.read(datasets.TASTE_WEIGHTS)
    if as_json:
        print_json({"standings": standings(table).to_dicts(), "importance": importance(table)})
        return
    console.print(Markdown(card(table, shipped().card)))
