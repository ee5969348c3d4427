"""Habit: who hears albums gets room for albums, who shuffles gets variety, and a new listener a fixed share."""

from __future__ import annotations

import numpy as np
import pytest

from spotify_ai_pipeline.durations import DAY, WEEK
from spotify_ai_pipeline.music.mix.habit import artist_cap
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.settings import Settings

NOW = 1_700_000_000.0
ARTISTS = 100
ARTIST = np.arange(2_000) % ARTISTS


def listening(of_one: int, weeks: int = 20, songs: int = 50) -> Plays:
    """Each week 50 songs, so many of them by one artist, another one each week."""
    rng = np.random.default_rng(1)
    rows: list[tuple[float, int]] = []
    for week in range(weeks):
        one = [week + ARTISTS * place for place in range(of_one)]
        others = [(week + 1 + place) % ARTISTS + ARTISTS * 15 for place in range(songs - of_one)]
        start = NOW - (week + 1) * WEEK
        rows += [(start + 1 + rng.uniform(0, 6.9 * DAY), song) for song in [*one, *others]]
    rows.sort()
    return Plays(np.array([song for _, song in rows]), np.array([at for at, _ in rows]), len(ARTIST))


def cap(settings: Settings, plays: Plays, now: float = NOW, **changed: int) -> int:
    return artist_cap(plays, ARTIST, now, settings.playlist.model_copy(update=changed))


def test_who_hears_albums_gets_room_for_albums(defaults: Settings) -> None:
    albums, some, shuffle = (cap(defaults, listening(of_one)) for of_one in (15, 5, 1))
    assert albums > some > shuffle
    assert (some, shuffle) == (20, 4), "twice the share of the week; at least four of a hundred"


def test_the_wished_spacing_bounds_the_cap(defaults: Settings) -> None:
    assert cap(defaults, listening(15)) == 34, "half of the wished spacing of four leaves 34 places of a hundred"
    assert cap(defaults, listening(15), min_artist_spacing=20) == 10
    assert cap(defaults, listening(15), min_artist_spacing=0) == 60


def test_who_plays_one_artist_alone_gets_that_artist_whatever_the_spacing(defaults: Settings) -> None:
    week = np.concatenate([np.arange(15) * ARTISTS, np.arange(1, 6)])  # 15 songs of one artist, 5 of others
    at = NOW - np.arange(20 * len(week))[::-1] / len(week) * WEEK - 1
    assert cap(defaults, Plays(np.tile(week, 20), at, len(ARTIST))) == 75
    assert cap(defaults, listening(16, songs=20)) == 34, "another artist each week"


@pytest.mark.parametrize(("size", "most"), [(100, 20), (50, 10), (10, 2)])
def test_where_no_habit_is_known_it_is_a_fifth_of_the_list(defaults: Settings, size: int, most: int) -> None:
    nothing = Plays(np.zeros(0, np.int64), np.zeros(0), len(ARTIST))
    few, thin = listening(15, weeks=3), listening(9, songs=19)
    assert [cap(defaults, plays, target_size=size) for plays in (nothing, few, thin)] == [most] * 3


def test_one_week_of_a_binge_is_no_habit(defaults: Settings) -> None:
    calm, binge = listening(2), listening(19, weeks=1, songs=20)
    at, song = np.concatenate([calm.at, binge.at]), np.concatenate([calm.song, binge.song])
    order = np.argsort(at)
    assert cap(defaults, Plays(song[order], at[order], len(ARTIST))) == cap(defaults, calm)


def test_later_plays_change_no_cap(defaults: Settings) -> None:
    plays = listening(10)
    then = NOW - 6 * WEEK
    past = plays.at < then
    assert cap(defaults, plays, then) == cap(defaults, Plays(plays.song[past], plays.at[past], plays.songs), then)
