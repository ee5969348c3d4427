"""Was this you? What looks like another person's listening, and what does not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from spotify_ai_pipeline.music.plays.foreign import foreign, suspects

DAY, WEEK, HOUR = timedelta(days=1), timedelta(weeks=1), timedelta(hours=1)
BEGIN = datetime(2026, 1, 5, 18, tzinfo=UTC)
NOW = BEGIN + 40 * WEEK
PARTY = BEGIN + 20 * WEEK + 2 * DAY
UTC_ZONE = ZoneInfo("UTC")
ROW = {"artist": pl.String, "title": pl.String, "played_at": pl.Datetime("us", "UTC"), "private": pl.Boolean}


def sitting(start, plays, names, step=timedelta(minutes=4), **more):
    """(artist, title, played_at) of one sitting, in turn by ``names``."""
    return [
        (names[n % len(names)], f"song {n % 40}", start + n * step, more.get("private", False)) for n in range(plays)
    ]


def life():
    """Forty weeks of the listener: every evening, thirty artists, a new one each week that stays."""
    known = [f"band {n}" for n in range(30)]
    return [
        row for day in range(280) for row in sitting(BEGIN + day * DAY, 12, [*known[day % 20 :], f"new {day // 7}"])
    ]


def tables(rows, kept=(), tags=()):
    listens = pl.DataFrame(rows, schema=ROW, orient="row").select(
        song_id=pl.col("artist") + "|" + pl.col("title"),
        played_at=pl.col("played_at").cast(pl.Datetime("ms", "UTC")),
        ms_played=pl.lit(None, pl.Int64),
        private="private",
        excluded=pl.lit(False),
        artist="artist",
        title="title",
    )
    songs = listens.select("song_id", "artist", "title", artist_key="artist", duration_ms=pl.lit(200_000)).unique(
        "song_id"
    )
    songs = songs.with_columns(in_library=pl.col("artist").is_in(list(kept)))
    tagged = pl.DataFrame(list(tags), schema={"artist": pl.String, "tag": pl.String}, orient="row")
    words = songs.join(tagged, on="artist").select("song_id", "tag")
    return listens.drop("artist", "title"), songs, words


def proposed(rows, at=NOW, **more):
    found = suspects(*tables(rows, **more), UTC_ZONE, at).filter("proposed")
    return found.select("kind", "value", "since", "plays", "why").rows(named=True)


@pytest.mark.parametrize(
    ("start", "artists", "plays", "says"),
    [
        (PARTY + 4 * HOUR, 30, 60, "a party?"),
        (PARTY + 16 * HOUR, 6, 12, "seldom"),
        (PARTY - 2 * HOUR, 1, 20, "of guest 0"),
    ],
)
def test_a_burst_of_artists_never_played_before_or_after_is_proposed_and_says_why(start, artists, plays, says):
    ours = life()
    guests = sitting(start, plays, [f"guest {n}" for n in range(artists)])
    (found,) = proposed([*ours, *guests])
    assert (found["kind"], found["since"], found["plays"]) == ("span", start, plays)
    assert says in found["why"]
    assert proposed(ours) == []


def test_a_new_love_a_first_month_and_what_is_too_fresh_to_judge_are_not_proposed():
    ours, guests = life(), [f"guest {n}" for n in range(8)]
    again = [row for week in range(3) for row in sitting(PARTY + 3 * HOUR + week * WEEK, 16, guests)]
    assert proposed([*ours, *again]) == []
    assert proposed([*ours, *sitting(BEGIN + 20 * DAY + 4 * HOUR, 16, guests)]) == []
    fresh = [*ours, *sitting(NOW - 5 * DAY + 4 * HOUR, 16, guests)]
    assert proposed(fresh) == []
    assert len(proposed(fresh, NOW + 12 * DAY)) == 1


def test_what_the_listener_keeps_is_theirs_and_a_weekend_of_a_guest_is_one_visit():
    ours, guests = life(), [f"guest {n}" for n in range(8)]
    weekend = [row for day in range(2) for row in sitting(PARTY + 4 * HOUR + day * DAY, 16, guests)]
    assert len(proposed([*ours, *weekend])) == 2
    assert proposed([*ours, *weekend], kept=guests) == []


@pytest.mark.parametrize(
    ("title", "artist", "tag", "what"),
    [
        ("White Noise 500 Hz", "Sleepy Fan", None, "sleep sounds"),
        ("Rauschen", "Traumfabrik", "white noise", "sleep sounds"),
        ("Baby Shark", "Pinkfong", None, "children's songs"),
        ("Alle meine Entchen", "Die Spatzen", "kinderlieder", "children's songs"),
    ],
)
def test_sleep_sounds_and_childrens_songs_are_proposed_by_artist_and_once(title, artist, tag, what):
    every_night = [
        (artist, title, PARTY + 4 * HOUR + n * 2 * DAY + m * HOUR / 10, False) for n in range(9) for m in range(3)
    ]
    tags = [(artist, tag)] if tag else []
    (found,) = proposed([*life(), *every_night], tags=tags)
    assert (found["kind"], found["value"]) == ("artist", artist)
    assert what in found["why"]
    assert proposed([*life(), *every_night], tags=tags, kept=[artist]) == []


@pytest.mark.parametrize(
    ("artist", "title"),
    [
        ("Cold War Kids", "Kids"), ("Sleep", "Dragonaut"), ("The Noise", "White"), ("Rainbow Kitten Surprise", "It's Called"),
        ("Fan Club", "Sounds"), ("Sleep Token", "Rain"), ("A Static Lullaby", "Toxic"), ("Pirouettes", "Lullabies"),
    ],
)  # fmt: skip
def test_bands_with_such_words_in_their_names_are_bands(artist, title):
    assert proposed([*life(), *[(artist, f"{title} {n}", PARTY + n * 3 * DAY, False) for n in range(20)]]) == []


def test_private_sessions_loops_and_marathons_are_listed_and_not_asked_about():
    ours = life()
    private = sitting(PARTY + 4 * HOUR, 3, ["band 1"], private=True)
    loop = [("band 2", "song 1", PARTY + 2 * DAY + 4 * HOUR + n * HOUR / 15, False) for n in range(12)]
    night = sitting(PARTY + 3 * DAY + 4 * HOUR, 200, [f"band {n}" for n in range(30)])
    found = suspects(*tables([*ours, *private, *loop, *night]), UTC_ZONE, NOW)
    words = ("without a break", "in a row", "private")
    assert [next(word for word in words if word in why) for why in found["why"]] == list(words)
    assert not found["proposed"].any()


def test_nothing_heard_is_nothing_suspected():
    assert suspects(*tables([]), UTC_ZONE, NOW).is_empty()
    listens, songs, _ = tables([])
    empty = listens.join(songs.select("song_id", "artist", "artist_key"), on="song_id")
    assert foreign(empty, UTC_ZONE, NOW).is_empty()
