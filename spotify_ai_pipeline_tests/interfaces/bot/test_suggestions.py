"""Messages that come by themselves: when they may, what they say, and how few calls they make."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import requests

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import friends, notification_policy
from spotify_ai_pipeline.clients import sign_in
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.defs.automation import notifications
from spotify_ai_pipeline.music.mix.scorecard import CARD
from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.storage import alerts, datasets, notification_outbox, queue
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import Pipeline, wire

from .conftest import connect

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC).timestamp()
HOUR = 3_600.0
WATCH = {watch.kind: watch for watch in notifications.WATCHES}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return connect(Workspace.open(tmp_path / "home"), "http://127.0.0.1:9")


def propose(workspace: Workspace, count: int, chance: float) -> None:
    songs = [
        {"song_id": f"s{number}", "track_id": f"t{number}", "title": "T", "artist": "A", "score": 1, "reason": "r",
         "chance": chance}
        for number in range(count)
    ]  # fmt: skip
    queue.propose(workspace.state, queue.DISCOVERY, songs, 100)


def said(workspace: Workspace) -> list[dict[str, Any]]:
    return [json.loads(row["body"]) for row in workspace.state.rows("SELECT body FROM messages ORDER BY message_id")]


def test_a_sure_candidate_is_said_once_and_no_more_than_the_caps(workspace: Workspace) -> None:
    propose(workspace, 5, 0.85)
    day = 24 * HOUR
    looks = [notifications.look_once(WATCH["candidate"], workspace, NOON + hours) for hours in (0, 600, day, 2 * day)]
    assert looks[0].startswith("1 said; 1 of these were said today")
    assert looks[1] == "1 of these were said today"
    assert looks[2].startswith("1 said")
    assert looks[3] == "2 of these were said this week"
    assert len({body["item_id"] for body in said(workspace)}) == 2


def test_the_best_one_in_twenty_is_said_be_it_on_trial_and_no_other(tmp_path: Path) -> None:
    loose = {"candidate": {"one_in": 20, "per_day": 50, "per_week": 50}, "per_week": 50}
    workspace = connect(Workspace.open(tmp_path / "home"), "http://127.0.0.1:9", proactive=loose)
    for number in range(40):
        song = {
            "song_id": f"s{number}",
            "track_id": f"t{number}",
            "title": "T",
            "artist": "A",
            "score": 1,
            "reason": "r",
        }
        queue.propose(workspace.state, queue.DISCOVERY, [song | {"chance": number / 100}], 100)
    best = max(queue.items(workspace.state), key=lambda one: one.chance or 0)
    queue.advance(workspace.state, best.item_id, "trial", "on the playlist")
    for minute in range(6):
        notifications.look_once(WATCH["candidate"], workspace, NOON + minute * 600)
    told = [queue.item(workspace.state, body["item_id"]) for body in said(workspace)]
    assert [one.chance for one in told if one] == [0.39, 0.38]


@pytest.mark.parametrize("kind", notification_policy.KINDS)
@pytest.mark.parametrize(
    ("settings", "at", "why"),
    [
        ({"{}": {"enabled": False}}, NOON, "switched off"),
        ({}, NOON + 11 * HOUR, "quiet hours"),
        ({}, NOON - 5 * HOUR, "quiet hours"),
        ({"quiet_from": 11, "quiet_until": 13}, NOON, "quiet hours"),
    ],
)
def test_each_kind_has_a_switch_and_quiet_hours(
    kind: str, settings: dict[str, Any], at: float, why: str, tmp_path: Path
) -> None:
    mine = {name.format(kind): value for name, value in settings.items()}
    workspace = connect(Workspace.open(tmp_path / "home"), "http://127.0.0.1:9", proactive=mine)
    assert why in notifications.look_once(WATCH[kind], workspace, at)


def test_a_pause_silences_all_and_ends(workspace: Workspace) -> None:
    now = clock.utc_now().timestamp()
    notification_policy.pause(workspace, 3 * HOUR)
    assert notification_policy.silent_because(workspace, now) == "the listener asked for silence"
    assert notification_policy.silent_because(workspace, now + 4 * HOUR) != "the listener asked for silence"
    notification_policy.pause(workspace, None)
    assert notification_policy.silent_because(workspace, now) != "the listener asked for silence"


def test_without_a_bot_nothing_is_laid_down(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    propose(workspace, 1, 0.99)
    assert "no bot is connected" in notifications.look_once(WATCH["candidate"], workspace, NOON)


def test_a_sign_in_that_ends_is_said_once_a_week(workspace: Workspace) -> None:
    workspace.state.set_fact(sign_in.SIGNED_IN, clock.utc_now().timestamp() - 160 * 24 * HOUR)
    workspace.token_file.write_text('{"refresh_token": "r"}')
    assert notifications.look_once(WATCH["sign_in"], workspace, NOON).startswith("1 said")
    assert notifications.look_once(WATCH["sign_in"], workspace, NOON + 8 * 24 * HOUR) == "no news"
    assert "ends in" in said(workspace)[0]["text"]


def test_a_source_without_yield_is_said_at_once_and_a_deferral_after_a_day(workspace: Workspace) -> None:
    alerts.raise_alert(workspace.state, "yield listenbrain", "the source listenbrain puts nothing forward")
    alerts.raise_alert(workspace.state, "deferred tags", "tags is not up to date")
    alerts.raise_alert(workspace.state, "job refresh_the_mix", "it failed")
    now = clock.utc_now().timestamp()
    day_and_noon = now - now % (24 * HOUR) + 48 * HOUR + 12 * HOUR
    assert [one.body["text"] for one in notifications.silent_source(workspace, now)] == [
        "the source listenbrain puts nothing forward"
    ]
    assert notifications.look_once(WATCH["silent_source"], workspace, day_and_noon) == "2 said"
    assert notifications.look_once(WATCH["silent_source"], workspace, day_and_noon + HOUR) == "no news"


def test_the_score_card_is_sent_once_a_week_when_there_is_one(workspace: Workspace) -> None:
    assert notifications.look_once(WATCH["score_card"], workspace, NOON) == "no news"
    card = pl.DataFrame([dict.fromkeys(CARD, 1) | {"week": date(2026, 11, 9)}], schema=CARD)
    workspace.lake.write(card, datasets.SCORE_CARD)
    assert notifications.look_once(WATCH["score_card"], workspace, NOON).startswith("1 said")
    assert notifications.look_once(WATCH["score_card"], workspace, NOON + 8 * 24 * HOUR) == "no news"
    assert said(workspace)[0]["text"].startswith("Your week\nWeek of 09 November: 1 of 1 plays were on the mix")


@pytest.fixture
def social(small_world: Path, tmp_path: Path) -> Iterator[tuple[Workspace, str]]:
    with testing.running(small_world) as url:
        workspace = Workspace.open(tmp_path / "home")
        wire(workspace, small_world, url)
        yield connect(workspace, url), url


def calls(url: str) -> int:
    return requests.get(f"{url}/sandbox", timeout=120).json()["calls"]["lastfm"]


def test_friends_are_asked_in_turn_and_private_ones_left_alone(
    social: tuple[Workspace, str], small_world: Path
) -> None:
    workspace, url = social
    table = pl.read_parquet(small_world / "friends.parquet")
    open_ = table.filter(~pl.col("private"))
    found = [one for _ in range(4) for one in friends.playing(workspace, LastFm.of(workspace), 2)]
    assert {one.friend for one in found} == set(open_.drop_nulls("now_playing")["user"])
    assert calls(url) == 1 + 4 * 2  # the list once, and two friends each time
    before = calls(url)
    list(friends.playing(workspace, LastFm.of(workspace), 50))
    assert calls(url) - before == open_.height  # who is private is not asked again


def test_a_failing_friend_costs_the_others_nothing(social: tuple[Workspace, str]) -> None:
    workspace, _ = social
    list(friends.playing(workspace, LastFm.of(workspace), 1))
    workspace.answers.put(
        friends.LIST, {workspace.secrets.lastfm_user: ["nobody-of-that-name", *friends_of(workspace)]}, days=1
    )
    workspace.state.set_fact(friends.TURN, 0)
    assert list(friends.playing(workspace, LastFm.of(workspace), 50))


def friends_of(workspace: Workspace) -> list[str]:
    return workspace.answers.get(friends.LIST, [workspace.secrets.lastfm_user])[workspace.secrets.lastfm_user]


def test_what_a_friend_plays_is_said_once_where_it_fits(pipeline: Pipeline) -> None:
    workspace = connect(
        pipeline.workspace,
        pipeline.url,
        proactive={"friend": {"one_in": 1, "per_day": 50, "per_week": 50, "calls_per_tick": 50}, "per_week": 50},
    )
    notifications.look_once(WATCH["friend"], workspace, NOON)
    found = said(workspace)
    known = set(pipeline.read(datasets.SONGS)["song_id"])
    assert found
    for body in found:
        assert body["song"]["track_id"]
        assert body["song"]["song_id"] not in known
        assert f"{body['song']['chance']:.0%}" in body["text"]
    assert notifications.look_once(WATCH["friend"], workspace, NOON + 600) == "no news"
    chances = {body["song"]["artist"]: body["song"]["chance"] for body in found}
    assert len(chances) == 1 or len(set(chances.values())) > 1, "tags and neighbours of unknown artists are looked up"


def test_a_quarter_at_defaults_says_two_to_six_things_a_week_and_none_in_quiet_hours(pipeline: Pipeline) -> None:
    workspace = connect(pipeline.workspace, pipeline.url)
    scored, rng = pipeline.read(datasets.CANDIDATE_SCORES), np.random.default_rng(3)
    for tick in range(13 * 7 * 6):  # a look every four hours
        now = NOON + tick * 4 * HOUR
        if tick % 42 == 0:  # a week: its score card, and what discovery found
            card = pl.DataFrame(
                [dict.fromkeys(CARD, 1) | {"week": datetime.fromtimestamp(now, UTC).date()}], schema=CARD
            )
            workspace.lake.write(card, datasets.SCORE_CARD)
            songs = [
                {"song_id": f"{tick} {n}", "track_id": f"{tick} {n}", "title": "T", "artist": "A", "score": 1,
                 "reason": "r", "chance": float(chance)}
                for n, chance in enumerate(rng.choice(scored["chance"].to_numpy(), 30))
            ]  # fmt: skip
            queue.propose(workspace.state, queue.DISCOVERY, songs, 10_000)
        for kind in ("candidate", "score_card", "silent_source"):
            notifications.look_once(WATCH[kind], workspace, now)
        if tick % 6 == 0:
            notifications.look_once(WATCH["friend"], workspace, now)
    rows = workspace.state.rows("SELECT kind, queued_at FROM messages")
    at = [datetime.fromtimestamp(row["queued_at"], workspace.settings.listener.zone) for row in rows]
    whole_weeks = sorted(Counter(moment.isocalendar()[:2] for moment in at).items())[1:-1]
    assert len(whole_weeks) == 12
    assert {count for _, count in whole_weeks} <= {2, 3, 4, 5, 6}
    assert {row["kind"] for row in rows} >= {"candidate", "score_card"}
    assert not {moment.hour for moment in at} & {22, 23, *range(8)}


def test_a_change_of_mood_is_said_once(pipeline: Pipeline) -> None:
    workspace = connect(pipeline.workspace, pipeline.url)
    vectors = pipeline.read(datasets.SONG_EMBEDDINGS)
    listens = pipeline.read(datasets.LISTENS)
    strange = vectors.with_columns(near=pl.Series(vectors["vector"].to_numpy() @ vectors["vector"].to_numpy()[0])).sort(
        "near"
    )
    one, other = strange["song_id"].tail(20).to_list(), strange["song_id"].head(20).to_list()
    assert not np.allclose(vectors["vector"].to_numpy()[0], vectors["vector"].to_numpy()[1])
    rows = []
    for session in range(60):
        songs = other if session >= 54 else one
        rows += [
            (datetime.fromtimestamp(NOON - (60 - session) * 8 * HOUR + song * 200, UTC), songs[(session + song) % 20])
            for song in range(6)
        ]
    frame = pl.DataFrame(rows, schema={"played_at": pl.Datetime("ms", "UTC"), "song_id": pl.String}, orient="row")
    made = frame.with_columns(
        pl.lit(None, kind).alias(name) for name, kind in listens.schema.items() if name not in frame.columns
    )
    table = made.with_columns(counts=pl.lit(value=True)).select(listens.columns)
    workspace.lake.write(table, datasets.LISTENS)
    assert notifications.look_once(WATCH["mood_shift"], workspace, NOON).startswith("1 said")
    assert "What you play has changed" in said(workspace)[0]["text"]
    assert notifications.look_once(WATCH["mood_shift"], workspace, NOON + 8 * 24 * HOUR) == "no news"
    assert notification_outbox.count_since(workspace.state, ["mood_shift"], 0) == 1
