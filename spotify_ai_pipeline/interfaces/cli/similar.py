"""`spotify-ai similar` and `spotify-ai find`: your songs that are nearest to a song, to several, or to words."""

from __future__ import annotations

import click

from spotify_ai_pipeline.interfaces.cli.choose import choose_song
from spotify_ai_pipeline.interfaces.cli.console import console, is_wide, listing, plain, print_json, song_name, table
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.similarity import Found, Similarity
from spotify_ai_pipeline.storage.workspace import Workspace

limit_option = click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(1, 1000), help="Songs to show."
)


@click.command()
@click.argument("song", required=False)
@click.option("--from", "start", metavar="SONG", help="Show the way from this song …")
@click.option("--to", "end", metavar="SONG", help="… to this one, in as many songs as --limit.")
@limit_option
@json_option
def similar(song: str | None, start: str | None, end: str | None, limit: int, as_json: bool) -> None:
    """Show the songs of your library that are most like SONG, and why.

    It shows at most three songs of each artist. SONG is "ARTIST - TITLE", a title, a song id, or a Spotify id or link.
    --from A --to B shows the way between two songs instead, without an artist twice in a row; `spotify-ai list add` with the same
    options keeps it as a playlist.
    """
    if (song is None) == (start is None) or (start is None) != (end is None):
        raise click.UsageError("give SONG, or --from and --to")
    workspace = Workspace.open()
    library = Similarity(workspace)
    if start is not None and end is not None:
        found = library.way(choose_song(workspace, start), choose_song(workspace, end), limit)
    else:
        found = library.like(choose_song(workspace, song or ""), limit)
    _print_found(found, as_json)


@click.command()
@click.argument("words", nargs=-1)
@click.option("--like", multiple=True, metavar="SONG", help="Find what sounds like this song; give several.")
@click.option("--unlike", multiple=True, metavar="SONG", help="… and not like this one.")
@limit_option
@json_option
def find(words: tuple[str, ...], like: tuple[str, ...], unlike: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find songs of your library by WORDS such as "rainy late-night piano" or "fast happy punk, not loud".

    It understands words for moods and sounds, and the tags of your songs. If songs have lyrics or CLAP vectors, it compares the
    whole text with these too. It shows at most three songs of each artist. Songs do instead of words: --like A --like B
    --unlike C finds what the first two have in common, away from the third.
    """
    workspace = Workspace.open()
    if bool(words) == bool(like or unlike):
        raise click.UsageError("give WORDS, or songs with --like and --unlike")
    library = Similarity(workspace)
    if words:
        found = library.by_words(" ".join(words), limit)
    else:
        wanted, shunned = ([choose_song(workspace, song) for song in songs] for songs in (like, unlike))
        found = library.blended(wanted, shunned, limit)
    _print_found(found, as_json)


def _print_found(found: Found, as_json: bool) -> None:
    if as_json:
        print_json(found.as_data())
        return
    console.print(plain(found.title), style="bold")
    rows, why = found.songs.to_dicts(), found.why
    names = [song_name(row["artist"], row["title"], row["link"]) for row in rows]
    if not is_wide():
        console.print(
            listing((f"{row['near']:.2f}", name, said) for row, name, said in zip(rows, names, why, strict=True))
        )
        return
    shown = table("near", "song", "why", "listen", right=("near",))
    for row, name, said in zip(rows, names, why, strict=True):
        shown.add_row(f"{row['near']:.2f}", name, plain(said), plain(row["link"]))
    console.print(shown)
