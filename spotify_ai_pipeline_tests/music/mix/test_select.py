"""The mix: size, cap, pins, bans and spacing, whatever the songs are."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.mix import change_cap, quotas, select, sequence
from spotify_ai_pipeline.music.mix.select import LEEWAY, MARGIN
from spotify_ai_pipeline.settings import Playlist

SLOTS = ["core", "exploration", "discovery"]
PLAYLIST = Playlist(
    target_size=10,
    core_fraction=0.7,
    exploration_fraction=0.2,
    discovery_fraction=0.1,
    adventurousness=5,
    max_change_per_refresh=0.3,
    max_change_per_week=1.0,
    min_artist_spacing=2,
    snapshot_interval_days=30,
)


@st.composite
def ranked_songs(draw: st.DrawFn, least: int = 0, most: int = 40) -> pl.DataFrame:
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(SLOTS), st.none() | st.floats(-5, 5, allow_nan=False)),
            min_size=least,
            max_size=most,
        )
    )
    names = [f"s{index:02}" for index in range(len(rows))]
    return pl.DataFrame(
        {"song_id": names, "slot": [slot for slot, _ in rows], "score": [score for _, score in rows]},
        schema={"song_id": pl.String, "slot": pl.String, "score": pl.Float64},
    )


def some(data: st.DataObject, songs: list[str], most: int) -> list[str]:
    return data.draw(st.lists(st.sampled_from(songs), unique=True, max_size=most)) if songs else []


def supply(ranked: pl.DataFrame) -> dict[str, int]:
    return dict(ranked.group_by("slot").len().iter_rows())


@given(ranked_songs())
def test_the_first_fill_is_whole(ranked: pl.DataFrame) -> None:
    chosen = select(ranked, [], PLAYLIST)
    assert chosen.height == sum(quotas(supply(ranked), PLAYLIST).values())
    assert chosen["song_id"].is_unique().all()
    assert chosen["is_new"].all()


@given(ranked_songs())
def test_the_first_fill_has_come_to_rest(ranked: pl.DataFrame) -> None:
    chosen = select(ranked, [], PLAYLIST)
    if chosen.height:
        assert select(ranked, chosen["song_id"].to_list(), PLAYLIST)["song_id"].to_list() == chosen["song_id"].to_list()


@given(st.data())
def test_a_refresh_holds_size_cap_pins_and_bans(data: st.DataObject) -> None:
    ranked = data.draw(ranked_songs(least=1))
    songs = ranked["song_id"].to_list()
    current = some(data, [*songs, "gone-1", "gone-2"], PLAYLIST.target_size)
    pinned = some(data, songs, 4)
    banned = [song for song in some(data, songs, 8) if song not in pinned]
    chosen = select(ranked, current, PLAYLIST, pinned=pinned, banned=banned)
    listed = chosen["song_id"].to_list()
    assert len(set(listed)) == len(listed) <= PLAYLIST.target_size
    assert not set(listed) & set(banned)
    assert set(pinned) & set(current) <= set(listed)
    assert chosen["is_new"].to_list() == [song not in current for song in listed]
    allowed = [song for song in songs if song not in banned]
    if current:
        coming = [song for song in listed if song not in current]
        room = min(PLAYLIST.target_size, len(allowed))
        staying = [song for song in allowed if song in current]
        assert len(coming) <= change_cap(PLAYLIST)
        assert len(listed) >= min(room, len(staying)), "nothing leaves but to make room, or because it was banned"


@given(st.data())
def test_a_full_list_stays_full_and_gives_as_many_as_it_takes(data: st.DataObject) -> None:
    ranked = data.draw(ranked_songs(least=PLAYLIST.target_size))
    current = data.draw(st.permutations(ranked["song_id"].to_list()))[: PLAYLIST.target_size]
    chosen = select(ranked, current, PLAYLIST)
    left = set(current) - set(chosen["song_id"])
    assert chosen.height == PLAYLIST.target_size
    assert chosen["is_new"].sum() == len(left) <= change_cap(PLAYLIST)


@given(st.data())
def test_refreshes_come_to_rest_where_no_swap_gains_and_each_slot_is_near_its_quota(data: st.DataObject) -> None:
    ranked = data.draw(ranked_songs(least=PLAYLIST.target_size))
    current = data.draw(st.permutations(ranked["song_id"].to_list()))[: PLAYLIST.target_size]
    for _ in range(12):
        current = select(ranked, current, PLAYLIST)["song_id"].to_list()
    again = select(ranked, current, PLAYLIST)
    assert again["song_id"].to_list() == current
    assert not again["is_new"].any()
    known = ranked.drop_nulls("score")
    counts, wanted = Counter(again["slot"]), quotas(supply(known), PLAYLIST)
    for slot in SLOTS:
        waiting = known.filter((pl.col("slot") == slot) & ~pl.col("song_id").is_in(current))["score"].max()
        worst = again.filter(slot=slot)["score"].fill_null(float("-inf")).min()
        if isinstance(waiting, float) and isinstance(worst, float):
            assert waiting - worst <= MARGIN
    if known.height == ranked.height and sum(wanted.values()) == PLAYLIST.target_size:
        assert all(abs(counts[slot] - wanted[slot]) <= LEEWAY for slot in SLOTS)
        assert counts["discovery"] == wanted["discovery"]


@given(ranked_songs(least=1), st.integers(0, 3))
def test_a_pinned_song_is_the_first_to_come(ranked: pl.DataFrame, number: int) -> None:
    songs = ranked["song_id"].to_list()
    wanted = songs[number % len(songs)]
    current = [song for song in songs if song != wanted][: PLAYLIST.target_size]
    assert wanted in select(ranked, current, PLAYLIST, pinned=[wanted])["song_id"].to_list()


@given(ranked_songs(least=PLAYLIST.target_size), st.integers(1, 4), st.data())
def test_no_artist_has_more_than_the_cap_where_others_wait(ranked: pl.DataFrame, cap: int, data: st.DataObject) -> None:
    """Artists over the cap give way, whatever their songs are worth, and none comes beyond it."""
    names = st.lists(st.integers(0, 12), min_size=1, max_size=2, unique=True)
    artists = data.draw(st.lists(names, min_size=ranked.height, max_size=ranked.height))
    known = ranked.with_columns(
        credits=pl.Series(artists, dtype=pl.List(pl.Int64)), score=pl.col("score").fill_null(0.0), slot=pl.lit("core")
    )

    def counts(songs: list[str]) -> Counter[int]:
        return Counter(known.filter(pl.col("song_id").is_in(songs))["credits"].explode())

    current = known["song_id"].head(PLAYLIST.target_size).to_list()
    for _ in range(12):
        before = counts(current)
        current = select(known, current, PLAYLIST, artist_cap=cap)["song_id"].to_list()
        assert len(current) == PLAYLIST.target_size
        assert all(many <= max(cap, before[artist]) for artist, many in counts(current).items())
    after = counts(current)
    waiting = known.filter(~pl.col("song_id").is_in(current))["credits"].to_list()
    free = [song for song in waiting if all(after[artist] < cap for artist in song)]
    assert not free or max(after.values()) <= cap


@given(st.dictionaries(st.sampled_from(SLOTS), st.integers(0, 30)))
def test_quotas_fill_the_list_from_what_there_is(available: dict[str, int]) -> None:
    shares = quotas(available, PLAYLIST)
    assert all(0 <= share <= available.get(slot, 0) for slot, share in shares.items())
    own = available.get("core", 0) + available.get("exploration", 0)
    total = sum(shares.values())
    assert shares["discovery"] <= round(0.1 * total + 1e-9) <= 1, "no more strangers than their share of what there is"
    assert total == min(PLAYLIST.target_size, own + shares["discovery"])


def test_quotas_are_the_fractions_where_there_is_plenty() -> None:
    assert quotas(dict.fromkeys(SLOTS, 100), PLAYLIST) == {"core": 7, "exploration": 2, "discovery": 1}
    assert quotas({"core": 100, "exploration": 100}, PLAYLIST) == {"core": 8, "exploration": 2, "discovery": 0}


def test_the_best_of_each_slot_make_the_list() -> None:
    rows = [(f"{slot}{rank:02}", slot, 1 - rank / 100) for slot in SLOTS for rank in range(20)]
    chosen = select(pl.DataFrame(rows, schema=["song_id", "slot", "score"], orient="row"), [], PLAYLIST)
    assert Counter(chosen["slot"]) == {"core": 7, "exploration": 2, "discovery": 1}
    wanted = {f"core{rank:02}" for rank in range(7)} | {"exploration00", "exploration01", "discovery00"}
    assert set(chosen["song_id"]) == wanted


@pytest.mark.parametrize(
    ("share", "size", "cap"), [(0.15, 100, 15), (0.29, 100, 29), (0.15, 10, 1), (0, 100, 0), (1, 10, 10)]
)
def test_the_cap_is_the_share_rounded_down(share: float, size: int, cap: int) -> None:
    playlist = PLAYLIST.model_copy(update={"max_change_per_refresh": share, "target_size": size})
    assert change_cap(playlist) == cap


def gaps(artists: list[str]) -> list[int]:
    """Songs between each song and the last one of its artist."""
    last: dict[str, int] = {}
    found = []
    for place, artist in enumerate(artists):
        if artist in last:
            found.append(place - last[artist] - 1)
        last[artist] = place
    return found


def feasible(artists: list[str], spacing: int) -> bool:
    """Tells whether some order keeps the spacing: the most frequent artists leave (f-1) gaps of spacing+1 and a last
    round."""
    counts = Counter(artists).values()
    most = max(counts, default=0)
    return (most - 1) * (spacing + 1) + sum(count == most for count in counts) <= len(artists)


crowds = st.lists(st.sampled_from("ABCDEFGH"), max_size=25)


@given(crowds, st.integers(0, 6))
def test_a_sequence_is_a_permutation(artists: list[str], spacing: int) -> None:
    assert sorted(sequence(artists, spacing)) == list(range(len(artists)))


@given(st.lists(st.sampled_from("ABCDEFGH"), max_size=25, unique=True), st.integers(0, 6))
def test_songs_keep_their_order_where_no_artist_repeats(artists: list[str], spacing: int) -> None:
    assert sequence(artists, spacing) == list(range(len(artists)))


def test_songs_of_one_artist_are_spaced_where_there_is_choice() -> None:
    order = sequence(list("AABBCCDD"), 3)
    assert min(gaps(["AABBCCDD"[song] for song in order])) >= 3


@example(list("BCAAA"), 1)
@given(crowds, st.integers(0, 6))
def test_spacing_is_kept_wherever_it_can_be(artists: list[str], spacing: int) -> None:
    if feasible(artists, spacing):
        assert all(gap >= spacing for gap in gaps([artists[song] for song in sequence(artists, spacing)]))
