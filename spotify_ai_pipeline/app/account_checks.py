"""Check-up of what is outside: does each account answer, with what it needs, and does the clock agree with the world's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.playlist_places import CALLED, target_name
from spotify_ai_pipeline.clients import sign_in, spotify_auth
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.clients.transport import Transport
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.mix.target_ids import SPOTIFY
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

GOOD, ODD, BAD = "good", "odd", "bad"
MOST_SKEW_SECONDS = 60.0
"""Spotify refuses tokens of clocks that are minutes off, and days begin at the wrong time."""


@dataclass(frozen=True)
class Finding:
    """A check's outcome: its subject, how that is (good, odd, bad), what was seen, and what to do about it (empty for
    good)."""

    what: str
    how: str
    seen: str
    do: str = ""


def accounts(workspace: Workspace) -> Iterator[Finding]:
    """One finding for each account and for the clock; at most four calls. Each is looked at alone."""
    checks = {"Spotify": spotify, "listening history": _history, "clock": machine_clock}
    if workspace.secrets.has_spotify:
        checks["permissions"] = permissions
    for what, check in checks.items():
        yield from alone(what, lambda check=check: check(workspace))


def alone(what: str, check: Callable[[], Finding | Iterable[Finding]]) -> Iterator[Finding]:
    """Gives what ``check`` finds; a finding of its own where it cannot even look, so that the others go on."""
    try:
        found = check()
        yield from [found] if isinstance(found, Finding) else found
    except ExpectedError as error:
        yield Finding(what, BAD, str(error), "put this right first, then run `spotify-ai doctor` again")
    except Exception as error:
        yield Finding(
            what,
            BAD,
            f"could not be looked at ({type(error).__name__}: {str(error).partition(chr(10))[0]})",
            "`spotify-ai doctor --fix` puts right what is safe; otherwise bring your last backup back",
        )


def _history(workspace: Workspace) -> Iterator[Finding]:
    if workspace.secrets.has_lastfm:
        yield _answers(
            "Last.fm",
            lambda: f"newest scrobble {_moment(workspace, LastFm.of(workspace).newest_scrobble())}",
            "LASTFM_API_KEY and LASTFM_USER",
        )
    if workspace.secrets.has_listenbrainz:
        yield _answers(
            "ListenBrainz",
            lambda: f"first listen {_moment(workspace, ListenBrainz.of(workspace).first_listen())}",
            "LISTENBRAINZ_USER",
        )
    if not workspace.secrets.has_lastfm and not workspace.secrets.has_listenbrainz:
        yield Finding(
            "listening history",
            ODD,
            "neither Last.fm nor ListenBrainz is named",
            "spotify-ai setup asks for them; spotify-ai import FILE takes in an export",
        )


def _moment(workspace: Workspace, at: datetime | None) -> str:
    """A time as the listener's clock has it."""
    return f"{at.astimezone(workspace.settings.listener.zone):%Y-%m-%d %H:%M}" if at else "none yet"


def spotify(workspace: Workspace) -> Finding:
    if not workspace.secrets.has_spotify:
        return _without_spotify(workspace)
    if trouble := sign_in.sign_in_trouble(workspace):
        return Finding("Spotify", BAD, trouble, "spotify-ai login")
    if sign_in.sign_in_state(workspace) != "signed in":
        return Finding("Spotify", BAD, "nobody is signed in", "spotify-ai login")
    found = _answers(
        "Spotify", lambda: f"signed in, {_playlists(workspace)} playlists", "the sign-in: spotify-ai login"
    )
    warning = sign_in.sign_in_warning(workspace)
    return Finding("Spotify", ODD, warning, "spotify-ai login") if warning and found.how == GOOD else found


def _without_spotify(workspace: Workspace) -> Finding:
    """Nothing is wrong with a listener whose plays come from elsewhere."""
    target = target_name(workspace)
    if target == SPOTIFY:
        return Finding("Spotify", BAD, "playlist.target is spotify, and no app is named", "spotify-ai setup")
    sources = workspace.secrets.has_lastfm or workspace.secrets.has_listenbrainz
    if sources or any(workspace.lake.partition_rows(datasets.HISTORY_IMPORTS).values()):
        return Finding("Spotify", GOOD, f"not connected; your lists are kept in {CALLED[target]}")
    return Finding("Spotify", ODD, "not connected, and no other source is", "spotify-ai setup")


def _playlists(workspace: Workspace) -> int:
    client = Spotify.of(workspace)
    return len(client.playlists(client.user_id()))


def permissions(workspace: Workspace) -> Finding:
    """Tells whether the sign-in was granted every scope that is asked for now."""
    if not workspace.token_file.exists():
        return Finding("permissions", ODD, "nobody is signed in", "spotify-ai login")
    if sign_in.sign_in_trouble(workspace):
        return Finding("permissions", BAD, "not known: the sign-in cannot be read", "spotify-ai login")
    if lacking := sign_in.lacking_scopes(workspace):
        return Finding("permissions", BAD, f"the sign-in lacks {', '.join(lacking)}", "spotify-ai login")
    return Finding("permissions", GOOD, f"all {len(spotify_auth.SCOPES)} scopes are granted")


def machine_clock(workspace: Workspace) -> Finding:
    """The machine's clock against the date of Spotify's answer."""
    transport = Transport("spotify_accounts", workspace.settings.services.spotify_accounts, workspace.state)
    try:
        skew = clock.now() - transport.ask_time()
    except ExpectedError as error:
        return Finding("clock", ODD, f"nobody to compare with ({error})", "look whether this machine is online")
    if abs(skew) > MOST_SKEW_SECONDS:
        return Finding("clock", BAD, f"off by {skew:+,.0f} s", "set the clock: timedatectl set-ntp true")
    return Finding(
        "clock", GOOD, f"right to {max(abs(skew), 1):.0f} s; days are those of {workspace.settings.listener.timezone}"
    )


def _answers(what: str, ask: Callable[[], str], look_at: str) -> Finding:
    try:
        return Finding(what, GOOD, ask())
    except ExpectedError as error:
        return Finding(what, BAD, str(error), f"look at {look_at}; where the service is in trouble, wait")
