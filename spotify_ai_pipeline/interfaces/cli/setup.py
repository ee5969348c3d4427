"""`spotify-ai setup`: from nothing to the first mix, in a few questions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import click
from dotenv import set_key, unset_key

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.errors import ExpectedError, UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain
from spotify_ai_pipeline.interfaces.cli.demo import demo
from spotify_ai_pipeline.interfaces.cli.import_ import import_
from spotify_ai_pipeline.interfaces.cli.login import login
from spotify_ai_pipeline.interfaces.cli.refresh import refresh
from spotify_ai_pipeline.settings import DEMOS
from spotify_ai_pipeline.storage.workspace import Workspace

CHOICES = {
    1: "Spotify, with Premium (an app of your own is made in two minutes)",
    2: "Last.fm",
    3: "ListenBrainz",
    4: "an export file (Spotify, Last.fm or ListenBrainz)",
    5: "nothing yet",
}
TRIES = 3


@click.command()
@click.pass_context
def setup(ctx: click.Context) -> None:
    """Begin: say what you have, give its key, and see your first mix.

    Each key is tried as you give it and kept in .env, which only you can read. Any one of Spotify, Last.fm, ListenBrainz or an
    export is enough; run it again to add another.
    """
    for number, what in CHOICES.items():
        console.print(f"  {number}  {what}")
    chosen = click.prompt("What do you have? (one number or several: 2,3)", value_proc=_numbers)
    if 5 in chosen:
        console.print("Then look at a made-up listener first; `spotify-ai setup` waits for you.")
        if click.confirm("Start the demo now?", default=True):
            ctx.invoke(demo)
        return
    root = _own_home()
    env = _env_file(root)
    steps: Mapping[int, Callable[[], None]] = {
        1: lambda: _spotify(ctx, env),
        2: lambda: _lastfm(env, root),
        3: lambda: _listenbrainz(env, root),
        4: lambda: ctx.invoke(import_, files=(Path(click.prompt("Where is the export?")).expanduser(),)),
    }
    for number in chosen:
        steps[number]()
    if click.confirm("Make the first mix now? It reads your history, which takes some minutes", default=True):
        ctx.invoke(refresh)
    else:
        console.print("Next: spotify-ai refresh")


def _numbers(text: str) -> list[int]:
    said = [part for part in text.replace(",", " ").split() if part]
    if not said or not all(part.isdecimal() and int(part) in CHOICES for part in said):
        raise click.BadParameter(f"name numbers from 1 to {len(CHOICES)}, such as 2 or 2,3")
    return sorted({int(part) for part in said})


def _own_home() -> Path:
    """The listener's own home from now on: the last demo is no stand-in any more."""
    if "SPOTIFY_AI_DATA" not in os.environ:
        (DEMOS / "last").unlink(missing_ok=True)
    return Workspace.open().root


def _env_file(root: Path) -> Path:
    """The file of the keys, made for its owner's eyes alone."""
    file = root / ".env" if "SPOTIFY_AI_DATA" in os.environ else settings.ENV_FILE
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    return file


def _keep(env: Path, **keys: str) -> None:
    for name, value in keys.items():
        set_key(env, name, value, quote_mode="auto")
    env.chmod(0o600)


def _until_it_works(env: Path, ask: Callable[[], dict[str, str]], check: Callable[[], str]) -> None:
    """Asks for keys until ``check`` says that they work; wrong ones are not kept."""
    for left in reversed(range(TRIES)):
        keys = ask()
        _keep(env, **keys)
        try:
            console.print(plain(f"✓ {check()}"), style="green")
        except ExpectedError as error:
            for name in keys:
                unset_key(env, name)
            console.print(plain(f"✗ {error}"), style="yellow")
            if not left:
                raise UserError("none of these worked, and none is kept; `spotify-ai setup` asks again") from None
        else:
            return


def _lastfm(env: Path, root: Path) -> None:
    console.print("An API key is made at https://www.last.fm/api/account/create (a name is enough).")

    def ask() -> dict[str, str]:
        return {"LASTFM_USER": click.prompt("Your name on Last.fm"), "LASTFM_API_KEY": click.prompt("API key")}

    def check() -> str:
        newest = LastFm.of(Workspace.open(root)).newest_scrobble()
        return f"Last.fm answers; newest scrobble {newest:%Y-%m-%d}" if newest else "Last.fm answers; no scrobble yet"

    _until_it_works(env, ask, check)


def _listenbrainz(env: Path, root: Path) -> None:
    console.print("Your user token is at https://listenbrainz.org/settings/; your user name alone is enough to read.")

    def ask() -> dict[str, str]:
        said = click.prompt("Token or user name")
        owner = ListenBrainz.of(Workspace.open(root)).owner_of(said)
        return {"LISTENBRAINZ_USER": owner, "LISTENBRAINZ_TOKEN": said} if owner else {"LISTENBRAINZ_USER": said}

    def check() -> str:
        workspace = Workspace.open(root)
        first = ListenBrainz.of(workspace).first_listen()
        writes = workspace.secrets.listenbrainz_token.get_secret_value()
        history = f"listens since {first:%Y-%m-%d}" if first else "no listen yet"
        return f"ListenBrainz answers; {history}; the mix {'can be kept there' if writes else 'goes into files'}"

    _until_it_works(env, ask, check)


def _spotify(ctx: click.Context, env: Path) -> None:
    address = Workspace.open().settings.spotify.redirect_uri
    console.print(
        f"Make an app at https://developer.spotify.com/dashboard with the redirect address {address}", soft_wrap=True
    )

    def ask() -> dict[str, str]:
        return {
            "SPOTIFY_CLIENT_ID": click.prompt("Client ID"),
            "SPOTIFY_CLIENT_SECRET": click.prompt("Client secret"),
        }

    def check() -> str:
        ctx.invoke(login)
        return "Spotify is connected"

    _until_it_works(env, ask, check)
