"""The last refresh, taken back."""

from __future__ import annotations

from spotify_ai_pipeline.interfaces.cli import sandboxes, show
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.words import when
from spotify_ai_pipeline.services.our_playlists import take_back
from spotify_ai_pipeline.storage.home import Home


def undo_refresh(home: Home, *, as_json: bool) -> None:
    with sandboxes.beside(home):
        refresh, done = take_back(home)
    if as_json:
        print_json(
            {
                "refreshed_at": when(home, refresh.refreshed_at),
                "taken_back": done is not None,
                "changes": refresh.changes,
            }
        )
    elif done is None:
        console.print(
            f"the refresh of {when(home, refresh.refreshed_at)} was taken back already; an older one cannot be"
        )
    else:
        console.print(
            plain(
                f"the refresh of {when(home, refresh.refreshed_at)} is taken back: +{done.added} −{done.removed}, "
                f"{len(done.after)} songs  {show.playlist_link(home)}"
            ),
            soft_wrap=True,
        )
