"""Exclusion: what is left out has no effect, on the past too, and comes back."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.music.plays.exclusion import Rule, excluded
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.activation import Memory
from spotify_ai_pipeline.music.taste.song_statistics import statistics
from spotify_ai_pipeline.settings import Cycling
from spotify_ai_pipeline.storage import datasets, exclusions
from spotify_ai_pipeline.storage.workspace import Workspace

NO_LIBRARY = pl.DataFrame(schema={"list_id": pl.String, "list_name": pl.String, "track_id": pl.String})


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def out(listens, songs, *rules, library=NO_LIBRARY):
    return listens.with_columns(excluded(rules, songs, library))["excluded"].to_list()


def test_a_span_holds_its_start_and_not_its_end(played, songs):
    listens = played(("a", 99, {}), ("a", 100, {}), ("a", 199, {}), ("a", 200, {}))
    assert out(listens, songs(), Rule("span", since=moment(100), until=moment(200))) == [False, True, True, False]


def test_B10_an_excluded_artist_stays_out_by_whichever_source_it_comes(played, songs):
    table = songs(("a", "The Wiggles", None, ["1"], True), ("b", "Low", None, ["2"], True))
    every = ("spotify_history", "lastfm", "listenbrainz", "spotify_recent", "lastfm_export_minutes")
    listens = played(*[("a", 100 * n, {"source": source}) for n, source in enumerate(every)], ("b", 999, {}))
    assert out(listens, table, Rule("artist", "wiggles")) == [True] * len(every) + [False]


def test_a_playlist_leaves_out_what_was_played_from_it_and_songs_on_no_other_list(played, songs):
    table = songs(("a", "x", None, ["1"], True), ("b", "x", None, ["2"], True), ("c", "x", None, ["3"], True))
    library = pl.DataFrame({"list_id": ["kids", "kids", "liked"], "list_name": "", "track_id": ["1", "2", "2"]})
    listens = played(
        ("a", 0, {}), ("b", 1, {}), ("b", 2, {"playlist_id": "kids"}), ("a", 3, {"playlist_id": "mine"}), ("c", 4, {})
    )
    assert out(listens, table, Rule("playlist", "kids"), library=library) == [True, False, True, False, False]


def test_a_device_leaves_out_what_is_known_to_have_come_from_it(played, songs):
    listens = played(("a", 0, {"device": "Echo Dot (Kitchen)"}), ("a", 1, {"device": "ios"}), ("a", 2, {}))
    assert out(listens, songs(), Rule("device", "echo")) == [True, False, False]


@given(
    plays=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**6)), max_size=60),
    cut=st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
)
def test_B11_an_excluded_window_has_no_effect_on_statistics(plays, cut):
    since, until = sorted(cut)
    cycling = Cycling(
        aggressiveness=5,
        staleness_lambda=0.05,
        staleness_window_days=30,
        cooldown_days=60,
        dormant_days=60,
        min_plays_for_staleness=2,
        blacklist_threshold=5,
    )
    listens = pl.DataFrame(plays, schema={"song": pl.Int64, "at": pl.Int64}, orient="row").select(
        song_id=pl.col("song").cast(pl.String),
        played_at=(pl.col("at") * 1000).cast(pl.Datetime("ms", "UTC")),
        device=pl.lit(None, pl.String),
        playlist_id=pl.lit(None, pl.String),
    )
    ids = pl.Series([str(song) for song in range(4)])
    names = pl.DataFrame({"song_id": ids, "artist": "x"})
    left = listens.filter(~excluded([Rule("span", since=moment(since), until=moment(until))], names, NO_LIBRARY))
    never = listens.filter(~pl.Series([since <= at < until for _, at in plays], dtype=pl.Boolean))
    known = [Plays.of(table, ids) for table in (left, never)]
    made = [statistics(plays, Memory.empty(len(ids)).until(2e6, plays), cycling) for plays in known]
    assert made[0].equals(made[1])


def test_a_rule_is_kept_once_and_can_be_taken_back(workspace):
    rule = Rule("span", since=moment(0), until=moment(10))
    first = exclusions.exclude(workspace.state, rule, "a party")
    assert exclusions.exclude(workspace.state, rule, "a party") == first
    assert [found.rule for found in exclusions.in_force(workspace.state)] == [rule]
    assert exclusions.undo(workspace.state, first) and not exclusions.undo(workspace.state, first)
    assert not exclusions.in_force(workspace.state)
    assert exclusions.exclude(workspace.state, rule, "a party") != first


@pytest.fixture
def with_listens(workspace, played, songs):
    listens = played(("a", 1_700_000_000, {}), ("a", 1_700_003_600, {})).with_columns(
        excluded=pl.lit(False), counts=pl.lit(True)
    )
    workspace.lake.write(listens, datasets.LISTENS)
    workspace.lake.write(songs(("a", "Low", 200_000, ["1"], True)), datasets.SONGS)
    workspace.lake.write(NO_LIBRARY, datasets.SPOTIFY_LIBRARY)
    begin = clock.utc_now() - timedelta(days=20)
    rows = [
        ("span", "", begin, begin + timedelta(hours=3), 40, "a party?", True),
        ("artist", "Low", begin, begin, 9, "sleep sounds", True),
        ("span", "", begin - timedelta(days=5), begin - timedelta(days=4), 12, "in a row", False),
        ("artist", "Old", begin - timedelta(days=400), begin - timedelta(days=300), 9, "sleep sounds", True),
    ]
    workspace.lake.write(pl.DataFrame(rows, schema=datasets.SUSPECTS.schema, orient="row"), datasets.SUSPECTS)
    return workspace


def run(*words):
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize("zone", ["Pacific/Apia", "Pacific/Pago_Pago", "Europe/Lisbon"])
def test_B8_days_are_the_listeners_own(with_listens, zone):
    with_listens.state.set_override("listener.timezone", zone)
    assert run("exclude", "span", "2024-03-31", "2024-03-31").exit_code == 0
    (found,) = exclusions.in_force(with_listens.state)
    local = [time.astimezone(Workspace.open().settings.listener.zone) for time in (found.rule.since, found.rule.until)]
    assert [(time.day, time.hour) for time in local] == [(31, 0), (1, 0)]
    assert found.rule.until - found.rule.since == timedelta(hours=23 if zone == "Europe/Lisbon" else 24)


def test_the_command_says_what_it_does_and_undo_takes_it_back(with_listens):
    said = run("exclude", "artist", "the low")
    assert said.exit_code == 0 and "2 listens" in said.output
    assert "Low" in run("exclude", "list").output
    assert run("exclude", "undo", "1").exit_code == 0
    assert "nothing" in run("exclude", "list").output


def test_a_span_that_ends_at_midnight_ends_there(with_listens):
    run("exclude", "span", "2024-03-01T20:00", "2024-03-02T00:00")
    (found,) = exclusions.in_force(with_listens.state)
    assert found.rule.until - found.rule.since == timedelta(hours=4)


@pytest.mark.parametrize(
    "words",
    [
        ("artist", "Lou"),
        ("playlist", "Kids"),
        ("device", "Echo"),
        ("undo", "7"),
        ("span", "2024-03-02T10:00", "2024-03-01T10:00"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(with_listens, words):
    said = run("exclude", *words)
    assert said.exit_code == 2 and said.stderr.count("\n") == 1
    assert not exclusions.in_force(with_listens.state)


def test_a_suggestion_excludes_nothing(with_listens):
    listed = run("exclude", "suggest")
    assert listed.exit_code == 0 and "spotify-ai exclude artist Low" in " ".join(listed.output.split())
    assert not exclusions.in_force(with_listens.state)


def test_what_is_likely_and_of_late_is_asked_about_and_each_answer_settles_it(with_listens):
    def asked():
        return [(one["place"], one["why"]) for one in json.loads(run("notme", "--json").output)]

    assert asked() == [(1, "a party?"), (2, "sleep sounds")]
    assert not exclusions.in_force(with_listens.state), "nothing is left out unasked"
    assert "40 plays count for nothing" in " ".join(run("notme", "1").output.split())
    (party,) = exclusions.in_force(with_listens.state)
    assert party.rule.until - party.rule.since == timedelta(hours=3)
    assert asked() == [(1, "sleep sounds")]
    assert run("exclude", "undo", str(party.exclusion_id)).exit_code == 0
    assert asked() == [(1, "sleep sounds")], "what was judged once is not asked about again"
    assert "yours, then" in run("notme", "1", "--mine").output
    assert asked() == []
    assert not exclusions.in_force(with_listens.state)
    for words in (("notme", "1"), ("notme", "--mine")):
        assert run(*words).exit_code == 2
