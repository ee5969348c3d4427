"""The decision, whatever the library, the edits and the configuration: its invariants, and the rules one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from spotify_ai_pipeline.durations import WEEK
from spotify_ai_pipeline.music.mix import change_cap
from spotify_ai_pipeline.music.mix.decide import Rules, Standing, Trial, decide
from spotify_ai_pipeline.music.mix.edits import hand_edits
from spotify_ai_pipeline.music.mix.habit import artist_cap
from spotify_ai_pipeline.music.mix.shares import fractions, quotas
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.settings import Playlist, Settings

SLOTS = ["core", "exploration", "discovery"]


def library(rows: Sequence[tuple[str, float | None, int, bool]]) -> pl.DataFrame:
    """Songs s0, s1, ... of (slot, score, artist, in the library)."""
    numbers = range(len(rows))
    columns = {
        "song_id": [f"s{number}" for number in numbers],
        "track_id": [f"t{number}" for number in numbers],
        "track_ids": [[f"t{number}", f"u{number}"] for number in numbers],
        "title": [f"Song {number}" for number in numbers],
        "artist": [f"Artist {row[2]}" for row in rows],
        "artist_key": [f"artist{row[2]}" for row in rows],
        "slot": [row[0] for row in rows],
        "score": [row[1] for row in rows],
        "in_library": [row[3] for row in rows],
        "plays": [1 for _ in rows],
        "reason": ["a play" for _ in rows],
        "credits": [[f"artist{row[2]}"] for row in rows],
        "energy": [number % 7 / 7 if number % 3 else None for number in numbers],
    }
    schema = dict.fromkeys(columns, pl.String) | {
        "track_ids": pl.List(pl.String), "score": pl.Float64, "in_library": pl.Boolean, "plays": pl.Int64,
        "credits": pl.List(pl.String), "energy": pl.Float64,
    }  # fmt: skip
    unknown = [pl.lit(None, pl.Float64).alias(part) for part in ("taste", "mood", "freshness", "expected")]
    never = pl.lit(None, pl.Datetime("ms", "UTC"))
    return pl.DataFrame(columns, schema=schema).with_columns(unknown, tired=pl.lit(value=False), last_played=never)


row = st.tuples(
    st.sampled_from(SLOTS), st.none() | st.floats(-3, 3), st.integers(0, 6), st.sampled_from([True, True, False])
)


@st.composite
def playlists(draw: st.DrawFn) -> Playlist:
    exploration = draw(st.integers(0, 5)) / 10
    discovery = draw(st.integers(0, 5)) / 10
    return Playlist(
        target_size=draw(st.integers(10, 20)),
        core_fraction=1 - exploration - discovery,
        exploration_fraction=exploration,
        discovery_fraction=discovery,
        adventurousness=draw(st.integers(0, 10)),
        max_change_per_refresh=draw(st.integers(0, 10)) / 10,
        max_change_per_week=1.0,
        min_artist_spacing=draw(st.integers(0, 5)),
        snapshot_interval_days=30,
    )


@hypothesis_settings(max_examples=100)
@given(st.lists(row, max_size=40), playlists(), st.data())
def test_invariants_hold_for_every_library_edit_and_configuration(
    rows: list[tuple[str, float | None, int, bool]], playlist: Playlist, data: st.DataObject
) -> None:
    songs = [f"s{number}" for number in range(len(rows))]
    some = st.lists(st.sampled_from([*songs, "gone"]), unique=True, max_size=30)
    current = {song: [song.replace("s", "t")] for song in data.draw(some)}
    held = set(data.draw(st.lists(st.sampled_from([*songs, "gone"]), unique=True, max_size=4)))
    barred = dict.fromkeys(set(data.draw(st.lists(st.sampled_from([*songs, "gone"]), max_size=6))) - held, "reject")
    unavailable = set(
        data.draw(st.lists(st.sampled_from([song.replace("s", "t") for song in songs] or ["x"]), max_size=4))
    )
    cap = data.draw(st.none() | st.integers(1, 5))
    now = Standing(current, dict.fromkeys(held, "pinned by you"), barred, unavailable)
    decision = decide(library(rows), now, Rules(playlist, artist_cap=cap))
    listed, out = decision.listed, decision.table.filter(change="out")
    chosen, new = set(listed["song_id"]), set(listed.filter(change="new")["song_id"])
    candidates = {song for song, (_, _, _, at_home) in zip(songs, rows, strict=True) if at_home or song in held} | {
        song for song, (slot, *_) in zip(songs, rows, strict=True) if slot == "discovery"
    }
    assert len(chosen) == listed.height == listed["track_id"].n_unique(), "no song twice"
    assert listed["rank"].to_list() == list(range(1, listed.height + 1))
    assert not chosen & set(barred)
    assert not set(listed["track_id"]) & unavailable
    assert held & set(current) & set(songs) <= chosen, "pinned songs stay"
    assert new <= candidates - set(current)
    assert set(out["song_id"]) == set(current) - chosen, "every song that left is accounted for"
    assert decision.table["reason"].null_count() == 0, "and every change has a reason"
    known = [song for song in current if song in songs and song not in barred]
    if not current:
        assert listed.height <= max(playlist.target_size, 0)
        return
    assert len(new) <= change_cap(playlist)
    free = [song for song in known if song not in chosen]
    assert len(free) <= max(len(new), min(len(known) - playlist.target_size, change_cap(playlist))) + len(new)
    if len(known) <= playlist.target_size:
        assert len(known) <= listed.height <= playlist.target_size, "the length is held"
    else:
        assert listed.height >= max(len(known) - change_cap(playlist), playlist.target_size), "cut within the cap"


@given(st.lists(row, min_size=15, max_size=40), st.integers(1, 4))
def test_no_artist_has_more_than_the_cap_where_others_can_fill_the_list(
    rows: list[tuple[str, float | None, int, bool]], cap: int
) -> None:
    songs = library(rows).with_columns(in_library=True)
    playlist = PLAYLIST.model_copy(update={"max_change_per_refresh": 1.0})
    listed = decide(songs, Standing(), Rules(playlist, artist_cap=cap)).listed
    room = sum(min(count, cap) for count in Counter(row[2] for row in rows if row[0] != "discovery").values())
    if room >= 2 * playlist.target_size:
        assert max(Counter(listed["artist"]).values()) <= cap
    assert listed.height >= min(playlist.target_size, sum(row[0] != "discovery" for row in rows))


PLAYLIST = Playlist(
    target_size=10,
    core_fraction=0.7,
    exploration_fraction=0.2,
    discovery_fraction=0.1,
    adventurousness=5,
    max_change_per_refresh=0.3,
    min_artist_spacing=2,
    max_change_per_week=1.0,
    snapshot_interval_days=30,
)


def test_an_artist_over_the_cap_goes_first() -> None:
    rows = [("core", 1 - number / 100, 0 if number < 6 else number, True) for number in range(30)]
    current = {f"s{number}": [f"t{number}"] for number in range(10)}
    listed = decide(library(rows), Standing(current), Rules(PLAYLIST, artist_cap=3)).listed
    assert Counter(listed["artist"])["Artist 0"] == 3
    assert listed.height == 10


@pytest.mark.parametrize(("dial", "shares"), [(0, (1, 0, 0)), (5, (0.7, 0.2, 0.1)), (10, (0.4, 0.4, 0.2))])
def test_the_dial_moves_the_slots(dial: int, shares: tuple[float, ...]) -> None:
    playlist = PLAYLIST.model_copy(update={"adventurousness": dial})
    assert fractions(playlist) == pytest.approx(shares)
    granted = quotas(dict.fromkeys(SLOTS, 100), playlist)
    assert [granted[slot] for slot in SLOTS] == [round(10 * share) for share in shares]


@given(playlists(), st.dictionaries(st.sampled_from(SLOTS), st.integers(0, 30)))
def test_more_daring_is_never_more_core(playlist: Playlist, available: dict[str, int]) -> None:
    turned = [fractions(playlist.model_copy(update={"adventurousness": dial})) for dial in range(11)]
    assert all(abs(sum(shares) - 1) < 1e-9 and min(shares) >= 0 for shares in turned)
    assert all(after[0] <= before[0] + 1e-9 for before, after in pairwise(turned))
    assert sum(quotas(available, playlist).values()) <= playlist.target_size


@given(st.lists(st.integers(0, 4), min_size=8, max_size=20), st.integers(0, 4), st.data())
def test_an_order_once_made_stands_until_a_song_comes_or_goes(
    artists: list[int], spacing: int, data: st.DataObject
) -> None:
    size = len(artists)
    energy = pl.Series(data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)))
    songs = library([("core", float(number), artist, True) for number, artist in enumerate(artists)])
    rules = Rules(PLAYLIST.model_copy(update={"target_size": size, "min_artist_spacing": spacing}))
    first = decide(songs.with_columns(energy=energy), Standing({}), rules).listed
    current = {song: [track] for song, track in first.select("song_id", "track_id").iter_rows()}
    again = decide(songs.with_columns(energy=energy.reverse()), Standing(current), rules).listed
    assert again["song_id"].to_list() == first["song_id"].to_list()


def test_a_list_longer_than_a_call_keeps_its_order_and_takes_what_is_new_on_top(rules: Settings) -> None:
    playlist = rules.playlist.model_copy(
        update={"target_size": 150, "min_artist_spacing": 0, "max_change_per_refresh": 0.1}
    )
    rows = [("core", float(number % 97), number, True) for number in range(300)]
    songs = library(rows).with_columns(energy=pl.lit(None, pl.Float64))
    current = {f"s{number}": [f"t{number}"] for number in range(150)}
    listed = decide(songs, Standing(current), Rules(playlist)).listed
    kept = listed.filter(change="kept")["song_id"].to_list()
    assert listed["change"].to_list() == ["new"] * 15 + ["kept"] * 135
    assert kept == [song for song in current if song in set(kept)]


def plays(weeks: list[list[int]]) -> Plays:
    """Songs played in each week, one a minute."""
    at = [(week * WEEK + 60 * number, song) for week, songs in enumerate(weeks) for number, song in enumerate(songs)]
    return Plays(np.array([song for _, song in at]), np.array([float(when) for when, _ in at]), 400)


ARTISTS = np.arange(400) // 20


HUNDRED = PLAYLIST.model_copy(update={"target_size": 100, "min_artist_spacing": 0})


def test_who_hears_albums_may_have_albums_and_who_shuffles_gets_variety() -> None:
    albums = [list(range(20 * week, 20 * week + 20)) + list(range(380, 390)) for week in range(10)]
    shuffles = [[(7 * number + week) % 400 for number in range(0, 400, 13)] for week in range(10)]
    now = 10 * WEEK
    many, few = artist_cap(plays(albums), ARTISTS, now, HUNDRED), artist_cap(plays(shuffles), ARTISTS, now, HUNDRED)
    assert many > 60 > 25 > few >= 4


def test_a_habit_is_of_the_past_alone_and_unknown_at_first() -> None:
    weeks = [list(range(20 * week, 20 * week + 20)) for week in range(12)]
    heard = plays(weeks)
    assert artist_cap(heard, ARTISTS, 3 * WEEK, HUNDRED) == 20, "no habit yet"
    now = 6 * WEEK
    assert artist_cap(heard, ARTISTS, now, HUNDRED) == artist_cap(heard.before(now), ARTISTS, now, HUNDRED)


def test_no_artist_gets_more_songs_than_half_of_the_spacing_leaves_places_for() -> None:
    weeks = [list(range(20 * week, 20 * week + 20)) for week in range(12)]
    spaced = HUNDRED.model_copy(update={"min_artist_spacing": 4})
    assert artist_cap(plays(weeks), ARTISTS, 10 * WEEK, spaced) == 34


lists = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=8)


@given(lists.filter(bool), lists.filter(bool))
def test_a_cut_write_is_no_edit(old: list[str], new: list[str]) -> None:
    for now in (old, new):
        assert hand_edits(now, old, new).added == hand_edits(now, old, new).removed == []


@given(lists, lists)
def test_edits_are_the_difference(now: list[str], ours: list[str]) -> None:
    found = hand_edits(now, ours, None)
    if now and ours:
        assert set(found.added) == set(now) - set(ours)
        assert set(found.removed) == set(ours) - set(now)
    else:
        assert found.added == found.removed == [], "a list that is gone is no edit"


def test_an_edit_after_a_cut_write_is_an_edit() -> None:
    old, new = list("abcdefgh"), list("abcdefxy")
    assert hand_edits(list("abcdefx"), old, new).removed == [], "a part of what was written was never seen there"
    assert hand_edits(list("abcdex"), old, new).removed == ["f"], "more is as in the new list than as in the old"
    assert hand_edits(list("abcdefg"), old, new).removed == ["h"]
    assert hand_edits([*"bcdefxy", "z"], old, new).added == ["z"]
    assert hand_edits([*"bcdefxy", "z"], old, new).removed == ["a"]


def test_a_song_that_was_skipped_away_on_trial_leaves_with_that_reason_and_its_name(defaults: Settings) -> None:
    playlist = defaults.playlist.model_copy(update={"target_size": 10, "max_change_per_refresh": 0.5})
    scores = library([("core", 1.0, number, True) for number in range(20)] + [("core", 0.1, 30, False)])
    current = {f"s{number}": [f"t{number}"] for number in range(8)} | {"gone": ["tgone"], "s20": ["t20"]}
    over = {
        "gone": Trial("Lost Song", "Owl", "skipped away: 2 of 2 times"),
        "s20": Trial("Song 20", "Artist 30", "not heard in 21 days"),
    }
    table = decide(scores, Standing(current, ended=over), Rules(playlist)).table
    left = table.filter(pl.col("rank").is_null()).select("song_id", "title", "artist", "reason")
    assert set(left.rows()) == {
        ("gone", "Lost Song", "Owl", "skipped away: 2 of 2 times"),
        ("s20", "Song 20", "Artist 30", "not heard in 21 days"),
    }
