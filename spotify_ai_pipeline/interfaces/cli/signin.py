"""`spotify-ai login`: connect a Spotify account."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import click
from spotipy.oauth2 import SpotifyOauthError

from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.problems import Problem
from spotify_ai_pipeline.services import spotify_auth
from spotify_ai_pipeline.services.spotify import Spotify
from spotify_ai_pipeline.storage.home import Home


@click.command()
def login() -> None:
    """Connect your Spotify account: open an address, agree, paste back where you were sent.

    Needs an app of your own (see .env.example). The token stays in a file that only you can read.
    """
    home = Home.open()
    console.print("Open this address in a browser and agree:\n")
    console.print(spotify_auth.oauth(home).get_authorize_url(), soft_wrap=True)
    console.print("\nThe browser is then sent to an address that shows nothing; that is as it should be.")
    accept(home, click.prompt("Paste that address here"))
    console.print(f"Connected as {Spotify.of(home).user_id()}. Next: spotify-ai refresh")


def accept(home: Home, redirected_to: str) -> None:
    """Trades the code in the address that Spotify redirected to for a token, and keeps it."""
    answer = parse_qs(urlsplit(redirected_to.strip()).query)
    if "code" not in answer:
        raise Problem(
            f"no code in that address ({', '.join(answer.get('error', ['nothing after the ?']))}); run `spotify-ai login` again"
        )
    try:
        spotify_auth.oauth(home).get_access_token(answer["code"][0], as_dict=False, check_cache=False)
    except SpotifyOauthError as error:
        raise Problem(
            f"Spotify refused the code ({error.error_description or error.error}); run `spotify-ai login` again"
        ) from None
