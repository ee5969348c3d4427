"""`spotify-ai setup`: from nothing to the first mix, with a question for what you have and one for each service."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
from dotenv import set_key, unset_key

from spotify_ai_pipeline import settings
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.errors import ExpectedError, UserError
from spotify_ai_pipeline.importers.detect import find, is_regular
from spotify_ai_pipeline.interfaces.cli.console import console, plain
from spotify_ai_pipeline.interfaces.cli.demo import demo
from spotify_ai_pipeline.interfaces.cli.import_ import import_
from spotify_ai_pipeline.interfaces.cli.login import login
from spotify_ai_pipeline.interfaces.cli.refresh import refresh
from spotify_ai_pipeline.interfaces.views.wording import count_of
from spotify_ai_pipeline.storage.workspace import Workspace

SPOTIFY, LASTFM, LISTENBRAINZ, EXPORT, NOTHING = range(1, 6)
CHOICES = {
    SPOTIFY: "Spotify, with Premium (you make an app there, in two minutes)",
    LASTFM: "Last.fm",
    LISTENBRAINZ: "ListenBrainz",
    EXPORT: "an export file of Spotify, Last.fm or ListenBrainz",
    NOTHING: "nothing yet: look at a made-up listener first",
}
TRIES = 3
KEY = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
"""A key of Last.fm: by its form it is told from a name, whichever comes first."""
EXPORTS = (
    *("my_spotify_data*.zip", "Streaming*History*.json", "listenbrainz*.zip", "listenbrainz*.json*"),
    *("lastfmstats-*", "recenttracks-*", "scrobbles-*", "maloja*.json", "koito*.json"),
)
"""What services call the files that they hand out."""


@click.command()
@click.option("--no-mix", is_flag=True, help="Keep the keys, and make no mix yet.")
@click.pass_context
def setup(ctx: click.Context, no_mix: bool) -> None:
    """Begin: say what you have, give its key, and see your first mix.

    Each key is tried as you give it and kept in .env, which only you can read. Any one of Spotify, Last.fm, ListenBrainz or an
    export is enough; run it again to add another.
    """
    lying = _exports_at_hand()
    console.print("What do you have?", style="bold")
    for number, what in CHOICES.items():
        console.print(f"  {number}  {what}")
        if number == EXPORT and lying:
            more = f" and {len(lying) - 1} more" if len(lying) > 1 else ""
            console.print(plain(f"     (there is {lying[0]}{more})"), soft_wrap=True)
    chosen = click.prompt("One number, or several such as 2,3", value_proc=_numbers)
    if chosen == [NOTHING]:
        console.print("`spotify-ai setup` waits for you.")
        ctx.invoke(demo)
        return
    root = _own_home()
    env = _env_file(root)
    steps: Mapping[int, Callable[[], bool]] = {
        SPOTIFY: lambda: _spotify(ctx, env, root),
        LASTFM: lambda: _lastfm(env, root),
        LISTENBRAINZ: lambda: _listenbrainz(env, root),
        EXPORT: lambda: _export(ctx, lying),
    }
    lacking = [number for number in chosen if number in steps and not steps[number]()]
    names = ", ".join(CHOICES[number].split(", with")[0] for number in lacking)
    if len(lacking) == len(set(chosen) & set(steps)):
        raise UserError(f"nothing is connected yet ({names}), and no key was kept; `spotify-ai setup` asks again")
    if names:
        console.print(f"! Not yet: {names}. `spotify-ai setup` asks again.", style="yellow")
    if no_mix:
        console.print("Next: spotify-ai refresh")
        return
    console.print(
        "Now the first mix. Your history is read, which takes some minutes. Ctrl-C ends it, and `spotify-ai refresh` goes on."
    )
    ctx.invoke(refresh)
    console.print(
        "Next: spotify-ai mix shows it song by song, and spotify-ai up keeps it fresh.\n"
        "Later, if you like: keys for Telegram (the bot) and Claude (names, moods in words); they go into"
    )
    console.print(plain(env), soft_wrap=True)


def _numbers(text: str) -> list[int]:
    said = [part for part in text.replace(",", " ").split() if part]
    if not said or not all(part.isdecimal() and int(part) in CHOICES for part in said):
        raise click.BadParameter(f"name numbers from 1 to {len(CHOICES)}, such as 2 or 2,3")
    return sorted({int(part) for part in said})


def _exports_at_hand() -> list[Path]:
    """The exports in this folder, else among the downloads: what has the name of one and is one."""
    for folder in (Path.cwd(), Path.home() / "Downloads"):
        named = {file for pattern in EXPORTS for file in folder.glob(pattern) if is_regular(file)}
        if found := [file for file in sorted(named) if _is_export(file)]:
            return found
    return []


def _is_export(file: Path) -> bool:
    try:
        return bool(find([file]))
    except UserError:
        return False


def _own_home() -> Path:
    """The listener's own home from now on: the last demo is no stand-in any more."""
    (settings.demos() / "last").unlink(missing_ok=True)
    return Workspace.open().root


def _env_file(root: Path) -> Path:
    """The file of the keys, made for its owner's eyes alone."""
    file = root / ".env" if "SPOTIFY_AI_DATA" in os.environ else settings.ENV_FILE
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    return file


def _words(question: str, fewest: int = 1, most: int = 2) -> list[str]:
    """The words of the answer; none where nothing is said, which passes the service over."""

    def read(text: str) -> list[str]:
        words = text.replace(",", " ").split()
        if words and not fewest <= len(words) <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} or {most}"
            raise click.BadParameter(f"these are {count_of(len(words), 'word')}, and {wanted} on one line is wanted")
        return words

    return click.prompt(f"{question} (Enter alone: not now)", default="", show_default=False, value_proc=read)


def _connected(env: Path, ask: Callable[[], Mapping[str, str]], check: Callable[[], str], *, known: bool) -> bool:
    """Tells whether a service is connected: by the keys that are ``known``, else by those that are asked for until
    ``check`` says that they work. Wrong ones are not kept, and an empty answer passes the service over."""
    for at in range(0 if known else 1, TRIES + 1):
        keys = ask() if at else {}
        if at and not keys:
            return False
        works = False
        try:
            for name, value in keys.items():
                set_key(env, name, value, quote_mode="auto")
            env.chmod(0o600)
            console.print(plain(f"✓ {check()}"), style="green")
            works = True
        except ExpectedError as error:
            console.print(plain(f"✗ {error}"), style="yellow")
        finally:  # and where Ctrl-C ends it
            for name in keys if not works else ():
                unset_key(env, name)
        if works:
            return True
    return False


def _lastfm(env: Path, root: Path) -> bool:
    def ask() -> Mapping[str, str]:
        console.print("Last.fm: a key is made at https://www.last.fm/api/account/create (any name for it is enough).")
        match sorted(_words("Your name there and the API key", 2), key=lambda word: bool(KEY.fullmatch(word))):
            case [name, key]:
                return {"LASTFM_USER": name, "LASTFM_API_KEY": key}
            case _:
                return {}

    def check() -> str:
        workspace = Workspace.open(root)
        newest, user = LastFm.of(workspace).newest_scrobble(), workspace.secrets.lastfm_user
        return f"Last.fm answers for {user}; " + (f"newest scrobble {newest:%Y-%m-%d}" if newest else "no scrobble yet")

    return _connected(env, ask, check, known=Workspace.open(root).secrets.has_lastfm)


def _listenbrainz(env: Path, root: Path) -> bool:
    def ask() -> Mapping[str, str]:
        console.print("ListenBrainz: https://listenbrainz.org/settings/ shows your token; your name is enough to read.")
        said = "".join(_words("Your token, or your name", most=1))
        owner = ListenBrainz.of(Workspace.open(root)).owner_of(said) if said else None
        if owner:
            return {"LISTENBRAINZ_USER": owner, "LISTENBRAINZ_TOKEN": said}
        return {"LISTENBRAINZ_USER": said} if said else {}

    def check() -> str:
        workspace = Workspace.open(root)
        first = ListenBrainz.of(workspace).first_listen()
        writes = workspace.secrets.listenbrainz_token.get_secret_value()
        history = f"listens since {first:%Y-%m-%d}" if first else "no listen yet"
        user = workspace.secrets.listenbrainz_user
        return f"ListenBrainz answers for {user}; {history}; the mix {'can be kept there' if writes else 'goes into files'}"

    return _connected(env, ask, check, known=Workspace.open(root).secrets.has_listenbrainz)


def _spotify(ctx: click.Context, env: Path, root: Path) -> bool:
    def signed_in() -> bool:
        workspace = Workspace.open(root)
        return workspace.secrets.has_spotify and workspace.token_file.exists()

    def ask() -> Mapping[str, str]:
        address = Workspace.open(root).settings.spotify.redirect_uri
        console.print("Spotify: make an app at https://developer.spotify.com/dashboard", soft_wrap=True)
        console.print(f"with the redirect address {address}", soft_wrap=True)
        words = _words("Its client ID and client secret")
        return dict(zip(("SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET"), words, strict=False))

    def check() -> str:
        if signed_in():
            return f"Spotify is connected as {Spotify.of(Workspace.open(root)).user_id()}"
        ctx.invoke(login)
        return "Spotify is connected"

    return _connected(env, ask, check, known=signed_in())


def _export(ctx: click.Context, lying: Sequence[Path]) -> bool:
    """Tells whether an export was taken in: what lies at hand, else what is named."""
    for at in range(0 if lying else 1, TRIES + 1):
        said = click.prompt("Where is the export? (Enter alone: not now)", default="", show_default=False) if at else ""
        if at and not said.strip():
            return False
        try:
            ctx.invoke(import_, files=(Path(said.strip().strip("'\"")).expanduser(),) if at else tuple(lying))
            return True
        except (UserError, OSError) as error:
            console.print(plain(f"✗ {error}"), style="yellow")
    return False
