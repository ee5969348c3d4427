"""The common part of commands that turn a dial: its effect is shown before it is taken."""

from __future__ import annotations

import sys
from typing import Any

import click

from spotify_ai_pipeline.interfaces.cli.console import console, plain
from spotify_ai_pipeline.interfaces.views import dials
from spotify_ai_pipeline.storage.workspace import Workspace


def agree(workspace: Workspace, key: str, value: Any, yes: bool) -> bool:
    """Shows the songs that would come and go, and asks a person at a terminal; whether the value is to be taken."""
    effect = dials.preview(workspace, key, value)
    if effect is None:
        return True
    console.print(f"with {key} at {value}:")
    for line in effect.lines:
        console.print(plain(f"  {line}"))
    if yes or not sys.stdin.isatty():
        return True
    return click.confirm("Take it?", default=True)
