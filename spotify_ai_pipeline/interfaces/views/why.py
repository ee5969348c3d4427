"""The reasons for a song's rank: its place, the story of its plays, and the parts of its score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces.views.song_lookup import resolve_song, scores_of
from spotify_ai_pipeline.music.plays.play_counts import seconds
from spotify_ai_pipeline.music.taste import explain
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace


@dataclass(frozen=True)
class Explanation:
    """``song`` is the song's row of the scores. ``parts`` sum to its score."""

    song: dict[str, Any]
    place: str
    story: str
    parts: list[explain.Part]

    def as_data(self) -> dict[str, Any]:
        """The explanation for a script or an assistant."""
        about = {key: self.song[key] for key in ("song_id", "artist", "title", "slot", "score")}
        return about | {"place": self.place, "story": self.story, "parts": [vars(part) for part in self.parts]}


def explain_song(workspace: Workspace, words: str) -> Explanation:
    """Explains the song that ``words`` name. Raises ``UserError`` where they name none, or several."""
    song = scores_of(workspace, resolve_song(workspace, words))
    listed = workspace.lake.read(datasets.MIX).drop_nulls("rank").filter(song_id=song["song_id"])
    place = f"number {listed['rank'][0]} of the mix" if listed.height else "not on the mix"
    return Explanation(song, place, _tell_story(workspace, song), explain.parts(song, _asked_mood(workspace)))


def _asked_mood(workspace: Workspace) -> str:
    """The words of the mood that the scores follow; empty where nobody asked for one."""
    made = workspace.lake.read_or_none(datasets.MOOD)
    row = [] if made is None else made.filter(source="said")["said"].to_list()
    return str(row[0] or "") if row else ""


def _tell_story(workspace: Workspace, song: dict[str, Any]) -> str:
    artist = workspace.lake.read(datasets.SONGS).filter(artist_key=song["artist_key"])["song_id"].to_list()
    listens = workspace.lake.scan(datasets.LISTENS).filter("counts").select("song_id", "played_at")
    of_artist = listens.filter(pl.col("song_id").is_in(artist)).collect().sort("played_at")
    of_song = of_artist.filter(song_id=song["song_id"])
    song_times, artist_times = seconds(of_song["played_at"]), seconds(of_artist["played_at"])
    return explain.story(song_times, artist_times, clock.now(), workspace.settings.listener.zone)
