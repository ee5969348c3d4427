"""The last refresh, taken back."""

from __future__ import annotations

from spotify_ai_pipeline.app.managed_playlists import take_back
from spotify_ai_pipeline.interfaces.cli import sandbox
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.wording import when
from spotify_ai_pipeline.storage.workspace import Workspace


def undo_refresh(workspace: Workspace, *, as_json: bool) -> None:
    with sandbox.beside(workspace):
        refresh, done = take_back(workspace)
    if as_json:
        print_json(
            {
                "refreshed_at": when(workspace, refresh.refreshed_at),
                "taken_back": done is not None,
                "changes": refresh.changes,
            }
        )
    elif done is None:
        console.print(
            f"the refresh of {when(workspace, refresh.refreshed_at)} was taken back already; an older one cannot be"
        )
    else:
        console.print(
            plain(
                f"the refresh of {when(workspace, refresh.refreshed_at)} is taken back: +{done.added} −{done.removed}, "
                f"{len(done.after)} songs  {mix_view.playlist_link(workspace)}"
            ),
            soft_wrap=True,
        )
