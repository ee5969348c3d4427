"""The assets of taste on a small lake: the memory is carried on, removal is asked about, and a score is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner

from spotify_ai_pipeline.defs.playlist.questions import removals
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.defs.taste.song_scores import _said, activations, listening_stats
from spotify_ai_pipeline.interfaces.cli.why import why
from spotify_ai_pipeline.music.taste import said
from spotify_ai_pipeline.storage import datasets, queue
from spotify_ai_pipeline.storage.workspace import Workspace

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SONGS = pl.DataFrame(
    {
        "song_id": ["s0", "s1", "s2"],
        "track_id": ["t0", "t1", "t2"],
        "title": ["Zero", "One", "Two"],
        "artist": ["A", "A", "B"],
        "artist_key": ["a", "a", "b"],
        "in_library": [True, True, True],
    }
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkspaceResource:
    monkeypatch.setattr(WorkspaceResource, "now", lambda self: NOW.timestamp())
    return WorkspaceResource(root=str(tmp_path / "home"))


def listens(*days_ago: tuple[str, float]) -> pl.DataFrame:
    rows = sorted(((song, NOW - timedelta(days=day)) for song, day in days_ago), key=lambda row: row[1])
    schema = {"song_id": pl.String, "played_at": pl.Datetime("ms", "UTC")}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        excluded=pl.lit(False), counts=pl.lit(True), completion=pl.lit(None, pl.Float64),
        skipped=pl.lit(None, pl.Boolean), skip_confidence=pl.lit(None, pl.Float64),
    )  # fmt: skip


LONG_AGO = [("s0", 300.0), ("s1", 200.0), ("s0", 100.0), ("s2", 20.0)]


def learned(place: WorkspaceResource, heard: pl.DataFrame) -> int:
    """Plays learned by ``activations`` for these listens, after what it kept was written as a run writes it."""
    made = activations(place, SONGS, heard)
    assert isinstance(made, dg.MaterializeResult)
    place.lake.write(made.value.frame, datasets.ACTIVATIONS, blobs=made.value.blobs)
    place.lake.write(heard, datasets.LISTENS)
    assert made.metadata is not None
    return int(str(made.metadata["plays learned in this run"]))


def test_a_refresh_learns_the_new_plays_alone(place: WorkspaceResource) -> None:
    assert learned(place, listens(*LONG_AGO)) == 4
    assert learned(place, listens(*LONG_AGO)) == 0
    assert learned(place, listens(*LONG_AGO, ("s1", 9.0))) == 5, "a play in the settled past: all is learned again"
    assert learned(place, listens(*LONG_AGO, ("s1", 9.0), ("s1", 1.0))) == 0, "a scrobble of yesterday may yet change"


def test_the_stats_are_of_all_plays_whatever_was_kept(place: WorkspaceResource) -> None:
    heard = listens(*LONG_AGO, ("s1", 1.0), ("s2", 0.5))
    learned(place, heard)
    made = listening_stats(place, SONGS, heard, place.lake.read(datasets.ACTIVATIONS))
    assert isinstance(made, dg.MaterializeResult)
    assert made.value["plays"].to_list() == [2, 2, 2]
    assert made.value["days_quiet"].to_list() == pytest.approx([100.0, 1.0, 0.5])


def test_a_song_turned_down_time_and_again_is_asked_about_once(place: WorkspaceResource) -> None:
    threshold = place.settings.cycling.blacklist_threshold
    for time in range(threshold):
        assert ask(place) == 0
        with place.state.transaction() as connection:  # said and expired since
            connection.execute(
                "INSERT INTO verdicts (song_id, verdict, said_through, said_at, expires_at, nonce) VALUES (?, ?, ?, ?, ?, ?)",
                ("s0", "later", "cli", 1_700_000_000 + time, 1_700_000_100, f"said {time}"),
            )
    assert ask(place) == 1
    assert ask(place) == 0, "it waits already"
    question = queue.next_question(place.state)
    assert question is not None
    assert (question.kind, question.song_id) == ("remove", "s0")
    assert "in a row" in question.reason


def ask(place: WorkspaceResource) -> int:
    last = pl.lit(datetime(2020, 1, 1, tzinfo=UTC)).dt.cast_time_unit("ms")
    made = removals(place, SONGS, SONGS.select("song_id", last_played=last))
    assert isinstance(made, dg.MaterializeResult)
    assert made.metadata is not None
    return int(str(made.metadata["new questions"]))


def test_why_tells_the_story_and_the_parts(place: WorkspaceResource) -> None:
    row = {"song_id": "s0", "title": "Zero", "artist": "A", "artist_key": "a", "slot": "core", "score": 0.5} | {
        "taste": 0.5, "mood": 0.0, "freshness": 1.0, "expected": 2.0, "by_plays": 3.0, "by_artist": 1.5,
        "by_company": 0.9, "by_age": 1.0, "from_taste": 0.45, "from_mood": 0.0, "from_freshness": 0.05, "from_chance": 0.0,
    }  # fmt: skip
    place.lake.write(pl.DataFrame([row]), datasets.SONG_SCORES)
    place.lake.write(pl.DataFrame([{"song_id": "s0", "rank": 7}]), datasets.MIX)
    place.lake.write(listens(("s0", 300.0), ("s0", 290.0)), datasets.LISTENS)
    place.lake.write(SONGS, datasets.SONGS)
    named = {"song_id": "s0", "kind": "track", "member": "t0", "artist": "A", "title": "Zero"}
    place.lake.write(pl.DataFrame([named]), datasets.SONG_MEMBERS)
    root = {"SPOTIFY_AI_DATA": str(Workspace.open(Path(place.root)).root)}
    asked = CliRunner().invoke(why, ["zero", "--json"], env=root)
    assert asked.exit_code == 0, asked.output
    told = json.loads(asked.output)
    assert told["place"] == "number 7 of the mix"
    assert sum(part["worth"] for part in told["parts"]) == pytest.approx(0.5)
    assert told["story"].startswith("played twice in")
    shown = CliRunner().invoke(why, ["a zero"], env=root).output
    assert "█" in shown
    assert "░" in shown, "its company takes"


def test_a_rating_moves_what_is_expected_of_a_song_and_is_told(place: WorkspaceResource) -> None:
    added = pl.lit(None, pl.Datetime("us", "UTC"))
    known = SONGS.with_columns(
        best=pl.lit(False), liked=pl.lit(False), lists=pl.lit([], pl.List(pl.String)), in_library=True, added_at=added
    )
    assert _said(place, known)["by_said"].to_list() == [1.0, 1.0, 1.0], "nobody need have rated anything"
    rows = [("s0", 4.5, "album", "Tides"), ("s1", 1.0, "song", "One")]
    place.lake.write(pl.DataFrame(rows, schema=datasets.SONG_RATINGS.schema, orient="row"), datasets.SONG_RATINGS)
    told = _said(place, known).sort("song_id")
    high, low, unrated = told["by_said"]
    assert high > unrated == 1.0 > low
    assert told["said"].to_list() == ["its album rated 4.5 of 5", "rated 1.0 of 5", None]
    today = known.with_columns(added_at=pl.from_epoch(pl.lit(place.now())).dt.replace_time_zone("UTC"), liked=True)
    assert _said(place, today).sort("song_id")["by_said"][2] > said.LIKED, "liked today"
