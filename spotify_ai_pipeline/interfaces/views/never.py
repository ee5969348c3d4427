"""Never again: the same word on every face."""

from __future__ import annotations

from typing import Any

from spotify_ai_pipeline.interfaces.views.song_lookup import scores_of
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.workspace import Workspace


def never_again(workspace: Workspace, song_id: str, through: str) -> tuple[dict[str, Any], int]:
    """Bars the song from every list, as said ``through`` a face; gives the song, and the number that takes this back."""
    row = scores_of(workspace, song_id)
    about = {name: row[name] for name in ("song_id", "track_id", "title", "artist", "artist_key")}
    said = about | {"score": 0.0, "reason": "said unasked"}
    return about, queue.record_unprompted(workspace.state, said, "reject", through)
