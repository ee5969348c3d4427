"""The song that is meant, asked of the person in front of the terminal."""

from __future__ import annotations

import sys

import click

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain
from spotify_ai_pipeline.interfaces.views.song_lookup import SeveralSongs, resolve_song
from spotify_ai_pipeline.storage.workspace import Workspace


def choose_song(workspace: Workspace, text: str, *, surely: bool = False) -> str:
    """The id of the song that ``text`` names. Several are a numbered choice in a terminal; a script is told of them by
    ``SeveralSongs``. ``surely``: a part of a title names nothing without being asked about."""
    try:
        return resolve_song(workspace, text, surely=surely)
    except SeveralSongs as several:
        if not in_a_terminal():
            raise
        for number, song in enumerate(several.songs, 1):
            console.print(plain(f"{number:>3}  {song['artist']} — {song['title']}"))
        number = click.prompt("Which one? (0 for none)", type=click.IntRange(0, len(several.songs)), err=True)
        if not number:
            raise UserError("nothing was changed") from None
        return several.songs[number - 1]["song_id"]


def in_a_terminal() -> bool:
    """Tells whether a person can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
