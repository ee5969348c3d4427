"""Listens are recovered exactly from what the sources tell of them."""

import random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_ai_pipeline.music.plays.merging import merge_parts
from spotify_ai_pipeline.music.plays.records import find_songs, gather

DURATIONS = {"a": 200_000, "b": 183_000, "c": 45_000, "d": 420_000, "e": 95_000}
DAY = 1_600_000_000

Truth = list[tuple[str, int, int]]
"""(song, start in seconds, ms played), in order of time."""


def record(source, song, seconds, ms_played=None, duration_ms=None, ended_by=None):
    return (source, song, round(seconds * 1000), ms_played, duration_ms, ended_by)


def table(records):
    frame = pl.DataFrame(
        records,
        schema={
            "source": pl.String,
            "song_id": pl.String,
            "played_at": pl.Int64,
            "ms_played": pl.Int64,
            "duration_ms": pl.Int64,
            "ended_by": pl.String,
        },
        orient="row",
    )
    return frame.with_columns(
        pl.col("played_at").cast(pl.Datetime("ms", "UTC")),
        *[pl.lit(None, pl.String).alias(name) for name in ("track_id", "track_mbid", "device", "playlist_id")],
        private=pl.lit(None, pl.Boolean),
        by_id=pl.lit(False),
        kin=pl.col("song_id").str.strip_suffix(" - Live"),
    )


def heard(truth):
    return [play for play in truth if play[2] >= 30_000]


def history(truth, **_):
    return [record("spotify_history", song, at, ms, ended_by="trackdone") for song, at, ms in truth]


def account(truth, **_):
    return [record("spotify_account", song, (at + ms // 1000) // 60 * 60 - ms / 1000, ms) for song, at, ms in truth]


def scrobbles(source):
    def render(truth, drift=0, **_):
        return [record(source, song, at + drift) for song, at, _ in heard(truth)]

    return render


def minutes(truth, **_):
    return [record("lastfm_export_minutes", song, at // 60 * 60) for song, at, _ in heard(truth)]


def recent(truth, ends=True, **_):
    return [
        record("spotify_recent", song, at + ms / 1000 if ends else at, duration_ms=DURATIONS[song])
        for song, at, ms in heard(truth)[-50:]
    ]


VIEWS = {
    "spotify_history": history,
    "spotify_account": account,
    "lastfm": scrobbles("lastfm"),
    "listenbrainz": scrobbles("listenbrainz"),
    "lastfm_export_minutes": minutes,
    "spotify_recent": recent,
}


@st.composite
def histories(draw, loops=True):
    """Sittings of plays one after the other; whole, broken off or skipped at once; songs on loop where ``loops``."""
    truth, now, last_start = [], DAY + draw(st.integers(0, 3600)), {}
    for _ in range(draw(st.integers(1, 30))):
        song = draw(st.sampled_from(sorted(DURATIONS)))
        share = draw(st.sampled_from([1.0, 1.0, 1.0, 0.6, 0.05]))
        for _ in range(draw(st.sampled_from([1, 1, 1, 5])) if loops else 1):
            if not loops:
                now = max(now, last_start.get(song, 0) + 2_700)
            ms = int(DURATIONS[song] * share)
            truth.append((song, now, ms))
            last_start[song] = now
            now += -(-ms // 1000) + draw(st.integers(0, 3))
        now += draw(st.sampled_from([0, 0, 0, 700, 40_000]))
    return truth


def merge(plays):
    return pl.concat([merged for merged, _ in merge_parts([plays.lazy()])])


def told(merged):
    return sorted(
        (song, at // 1000) for song, at in merged.select("song_id", pl.col("played_at").dt.epoch("ms")).iter_rows()
    )


sources = st.sets(st.sampled_from(sorted(VIEWS)), min_size=1)
drifts = st.fixed_dictionaries({name: st.integers(-90, 90) for name in ("lastfm", "listenbrainz")})


@settings(max_examples=150, deadline=None)
@given(truth=histories(), chosen=sources, drift=drifts, ends=st.booleans(), seed=st.integers())
def test_every_play_is_recovered_once_from_any_sources(truth, chosen, drift, ends, seed):
    records = [row for name in chosen for row in VIEWS[name](truth, drift=drift.get(name, 0), ends=ends)]
    random.Random(seed).shuffle(records)
    merged = merge(table(records))

    def of_song(song):
        per_source = [sum(row[1] == song for row in VIEWS[name](truth, ends=ends)) for name in chosen]
        return max(per_source)

    counts = dict(merged.group_by("song_id").len().iter_rows())
    assert counts == {song: of_song(song) for song in DURATIONS if of_song(song)}
    if "spotify_history" in chosen:
        assert told(merged) == sorted((song, at) for song, at, _ in truth)
        assert sorted(merged["ms_played"].to_list()) == sorted(ms for _, _, ms in truth)
    elif "lastfm" in chosen and "listenbrainz" not in chosen and "spotify_account" not in chosen:
        assert told(merged) == sorted((song, at + drift["lastfm"]) for song, at, _ in heard(truth))


@settings(max_examples=150, deadline=None)
@given(truth=histories(loops=False), data=st.data(), drift=drifts, ends=st.booleans())
def test_sources_that_each_know_a_part_make_the_whole(truth, data, drift, ends):
    records, known = [], set()
    for name in data.draw(sources):
        first = data.draw(st.integers(0, len(truth)))
        part = truth[first : data.draw(st.integers(first, len(truth)))]
        part = [play for play in part if data.draw(st.booleans())]
        seen = VIEWS[name](part, drift=drift.get(name, 0), ends=ends)
        records += seen
        with_skips = name in ("spotify_history", "spotify_account")
        known |= set(part if with_skips else heard(part)[-50:] if name == "spotify_recent" else heard(part))
    merged = merge(table(records))
    assert sorted(merged["song_id"].to_list()) == sorted(song for song, _, _ in known)


@settings(max_examples=40, deadline=None)
@given(truth=histories(), drift=st.integers(-90, 90), seed=st.integers())
def test_the_order_of_the_rows_and_a_second_telling_change_nothing(truth, drift, seed):
    records = history(truth) + scrobbles("lastfm")(truth, drift=drift) + recent(truth)
    once = merge(table(records))
    again = records + history(truth) + scrobbles("lastfm")(truth, drift=drift)
    random.Random(seed).shuffle(again)
    assert merge(table(again)).equals(once)


@settings(max_examples=100, deadline=None)
@given(truth=histories(), chosen=sources, drift=drifts, ends=st.booleans(), cuts=st.lists(st.floats(0, 1), max_size=4))
def test_a_history_in_parts_gives_the_same_rows_in_the_same_order(truth, chosen, drift, ends, cuts):
    records = [row for name in chosen for row in VIEWS[name](truth, drift=drift.get(name, 0), ends=ends)]
    whole = table(records).lazy()
    times = sorted(row[2] for row in records) or [0]
    edges = [pl.lit(cut * times[-1] + (1 - cut) * times[0]).cast(pl.Datetime("ms", "UTC")) for cut in sorted(cuts)]
    since = [pl.lit(True), *(pl.col("played_at") >= edge for edge in edges)]
    until = [*(pl.col("played_at") < edge for edge in edges), pl.lit(True)]
    parts = list(merge_parts([whole.filter(low & high) for low, high in zip(since, until, strict=True)]))
    assert pl.concat([part for part, _ in parts]).equals(merge(table(records)))
    later = [part["played_at"].min() for part, _ in parts[1:]]
    assert [after for _, after in parts] == [
        next((start for start in later[place:] if start), None) for place in range(len(parts))
    ]


def test_B2_live_and_history_stamps_that_disagree_are_one_play():
    truth = [("a", DAY, 200_000), ("b", DAY + 205, 183_000)]
    for ends in (True, False):
        for drift in (-90, 0, 90):
            seen = scrobbles("lastfm")(truth, drift=drift) + recent(truth, ends=ends) + history(truth)
            merged = merge(table(seen))
            assert merged.height == 2
            assert merged["sources"].list.len().to_list() == [3, 3]


def test_a_version_that_a_scrobbler_corrected_away_is_no_second_play():
    truth = [("a", DAY, 200_000), ("a - Live", DAY + 205, 200_000), ("a", DAY + 410, 200_000)]
    corrected = [("a", at, ms) for _, at, ms in truth]
    merged = merge(table(history(truth) + scrobbles("lastfm")(corrected, drift=60)))
    assert told(merged) == sorted((song, at) for song, at, _ in truth)
    assert merge(table(history(truth))).height == 3


def test_B3_true_repeats_kept():
    for song in ("a", "c"):  # of 45 s: shorter than the drift
        step = DURATIONS[song] // 1000 + 1
        truth = [(song, DAY + turn * step, DURATIONS[song]) for turn in range(5)]
        seen = history(truth) + scrobbles("lastfm")(truth, drift=80) + recent(truth) + minutes(truth)
        assert merge(table(seen)).height == 5
        assert merge(table(recent(truth))).height == 5
        assert merge(table(minutes(truth))).height == 5


def test_plays_handed_in_days_later_meet_the_times_at_which_they_were_heard():
    truth = [("a", DAY, 200_000), ("b", DAY + 210, 183_000), ("d", DAY + 400, 420_000), ("a", DAY + 900, 200_000)]
    synced = [
        record("spotify_history", song, DAY + 50_000 + place - ms / 1000, ms)
        for place, (song, _, ms) in enumerate(truth)
    ]
    merged = merge(table(synced + scrobbles("lastfm")(truth)))
    assert told(merged) == sorted((song, at) for song, at, _ in truth)
    assert merged["ms_played"].to_list() == [ms for _, _, ms in truth]
    late = [record("lastfm", song, DAY + 50_000 + place) for place, (song, _, _) in enumerate(truth)]
    assert told(merge(table(history(truth) + late))) == sorted((song, at) for song, at, _ in truth)


def test_B7_rows_that_end_at_one_moment_are_plays_of_their_own():
    seen = [record("spotify_history", "a", DAY - 200, 200_000), record("spotify_history", "b", DAY - 2, 2_000)]
    assert merge(table(seen)).height == 2


def test_a_record_of_an_unknown_source_and_an_empty_table_are_nothing():
    assert merge(table([])).is_empty()
    assert merge(table([record("cassette", "a", DAY)])).is_empty()


def test_a_long_history_told_by_three_sources_is_itself():
    plays = 25_000
    draw = random.Random(1)
    truth, now = [], DAY
    for _ in range(plays):
        song = draw.choice("abcde")
        truth.append((f"{song}{draw.randrange(1000)}", now, DURATIONS[song]))
        now += DURATIONS[song] // 1000 + draw.randrange(3)
    seen = [record("spotify_history", song, at, ms) for song, at, ms in truth]
    seen += [record("lastfm", song, at + 40) for song, at, _ in truth]
    seen += [record("listenbrainz", song, at - 30) for song, at, _ in truth]
    assert merge(table(seen)).height == plays


def test_the_exact_id_of_a_second_recording_beats_the_spelling_in_every_source():
    """Two recordings have one name: 12 plays of the second are told by an export with its id and by scrobbles without."""
    songs = pl.DataFrame(
        {"song_id": ["studio", "long"], "track_ids": [["1" * 22], ["2" * 22]], "keys": [["ada\train\t"], None]},
        schema_overrides={"keys": pl.List(pl.String)},
    )
    at = [pl.datetime(2024, 3, day, 10, 0, 0, time_unit="ms", time_zone="UTC") for day in range(1, 13)]
    told = pl.select(played_at=pl.concat_list(at)).explode("played_at")
    named = told.with_columns(artist=pl.lit("Ada"), title=pl.lit("Rain"))
    recent = named.with_columns(source=pl.lit("spotify_recent"), track_id=pl.lit("2" * 22))
    for tables in ([recent], [recent, named.with_columns(source=pl.lit("lastfm"))]):
        merged = merge(find_songs(gather(tables).lazy(), songs).collect())
        assert merged["song_id"].to_list() == ["long"] * 12
