"""`spotify-ai login`: connect a Spotify account."""

from __future__ import annotations

import click

from spotify_ai_pipeline.app.spotify_capabilities import learn_capabilities
from spotify_ai_pipeline.clients import sign_in, spotify_auth
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.storage.workspace import Workspace


@click.command()
@click.option(
    "--paste",
    is_flag=True,
    help="Print the address, and ask you to paste the one you are sent to: for machines without a browser.",
)
def login(paste: bool) -> None:
    """Connect your Spotify account: agree in the browser, then come back here.

    It needs an app of your own (see .env.example). The token stays in a file that only you can read. It lasts six months.
    """
    workspace = Workspace.open()
    auth = spotify_auth.oauth(workspace)
    if not paste:
        console.print("Opening your browser; if none appears, press Ctrl-C and run `spotify-ai login --paste`.")
        try:
            _take(auth, auth.from_browser())
        except spotify_auth.NoBrowser:
            console.print("There is no browser here.")
            paste = True
    if paste:
        console.print("Open this address in a browser and agree:\n")
        console.print(auth.get_authorize_url(), soft_wrap=True)
        console.print("\nThen the browser goes to an address that shows nothing. This is right.")
        accept(auth, click.prompt("Paste that address here"))
    if lacking := sign_in.lacking_scopes(workspace):
        console.print(f"Spotify did not grant {', '.join(lacking)}: what needs it will not work.")
    console.print(f"Connected as {Spotify.of(workspace).user_id()}. Next: spotify-ai refresh")


def accept(auth: spotify_auth.Auth, redirected_to: str) -> None:
    """Trades the code in the address that Spotify redirected to for a token, keeps it, and learns what the app may do."""
    _take(auth, auth.parse_response_code(redirected_to))


def _take(auth: spotify_auth.Auth, code: str) -> None:
    auth.sign_in(code)
    learn_capabilities(auth.workspace, Spotify.of(auth.workspace))
