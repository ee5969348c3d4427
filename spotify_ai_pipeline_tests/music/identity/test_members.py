"""Songs keep their ids, whatever joins them, and every member says why it is there."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.identity.groups import Member
from spotify_ai_pipeline.music.identity.members import TRACKS, Override, decide

ARTISTS = ["Ada Fern", "The Hollows", "Boris Klee & Ada Fern"]
TITLES = [
    "Lanterns",
    "Lanterns - Live",
    "Northbound Again Tonight",
    "Northbound Again Tonigth",
    "08 - Lanterns",
    "Rain",
]
TRACK = st.tuples(
    st.sampled_from(ARTISTS),
    st.sampled_from(TITLES),
    st.sampled_from([None, "I1", "I2"]),
    st.sampled_from([None, 100_000, 106_000, 190_000]),
)


def table(rows):
    return pl.DataFrame(
        [(f"t{place}", artist, title, [artist], isrc, length) for place, (artist, title, isrc, length) in rows],
        schema=TRACKS,
        orient="row",
    )


def heard(names):
    return pl.DataFrame(
        [(artist, title, place + 1) for place, (artist, title) in enumerate(sorted(names))],
        schema={"artist": pl.String, "title": pl.String, "plays": pl.Int64},
        orient="row",
    )


NAMES = st.sets(st.tuples(st.sampled_from(ARTISTS), st.sampled_from(TITLES)), max_size=8)


@given(st.lists(TRACK, max_size=8), st.lists(TRACK, max_size=4), NAMES, NAMES, st.booleans())
def test_song_ids_stay_when_members_join(first, more, names, later, earlier_added):
    """A song of before is still there under its id with its first member, unless it was joined to another song of before."""
    numbered = list(enumerate(first))
    added = list(enumerate(more, len(first)))
    before = decide(table(numbered), heard(names))
    order = added + numbered if earlier_added else numbered + added
    after = decide(table(order), heard(names | later), before=before)
    was, now = (dict(zip(zip(m["kind"], m["member"], strict=True), m["song_id"], strict=True)) for m in (before, after))
    for song in set(was.values()):
        homes = {now[key] for key, old in was.items() if old == song}
        joined = {old for key, old in was.items() if now[key] in homes}
        assert song in homes or len(joined) > 1
    assert set(was) <= set(now)


@given(st.lists(TRACK, max_size=8), NAMES)
def test_the_same_input_gives_the_same_table(rows, names):
    tracks, spellings = table(enumerate(rows)), heard(names)
    once = decide(tracks, spellings)
    assert decide(tracks, spellings).equals(once)
    assert decide(tracks, spellings.reverse(), before=once).sort("kind", "member").equals(once.sort("kind", "member"))


@given(st.lists(TRACK, max_size=8), NAMES)
def test_every_member_is_in_one_song_and_says_why(rows, names):
    members = decide(table(enumerate(rows)), heard(names))
    assert members.select("kind", "member").is_duplicated().sum() == 0
    assert members.filter(pl.col("kind") == "track").height == len(rows)
    joined = members.filter(pl.col("song_id").is_duplicated())
    unexplained = joined.filter(pl.col("evidence") == "").group_by("song_id").len()
    assert (unexplained["len"] <= 1).all()  # the one that the others joined
    assert members.filter(pl.col("near") == pl.col("song_id")).is_empty()


def test_a_split_gives_the_parted_track_another_id_and_undo_gives_it_back(tracks, spellings):
    known, names = tracks(("a", "Ada", "Rain", "I", 9), ("b", "Ada", "Rain", "I", 9)), spellings(("Ada", "Rain", 3))
    whole = decide(known, names)
    parted = decide(known, names, [Override("split", Member.track("a"), None)], before=whole)
    song = dict(parted.select("member", "song_id").iter_rows())
    assert song["b"] == whole["song_id"][0] == song[Member.spelling("Ada", "Rain").member]
    assert song["a"] != song["b"]
    undone = decide(known, names, before=parted)
    assert set(undone["song_id"]) == {song["b"]}


def test_two_names_of_one_spotify_id_are_one_song(tracks, spellings):
    names = spellings(("Howard", "Horns of Dawn", 5), ("The Saga Orchestra", "Horns Of Dawn", 2))
    keys = [Member.spelling(artist, title).member for artist, title, _ in names.rows()]
    apart = decide(tracks(), names)
    joined = decide(tracks(), names, links=[(keys[0], "found"), (keys[1], "found")])
    assert apart["song_id"].n_unique() == 2
    assert joined["song_id"].n_unique() == 1


def test_a_found_id_that_joins_the_library_stays_with_its_song(tracks, spellings):
    names = spellings(("Howard", "Horns of Dawn", 5))
    before = decide(tracks(), names)
    key = before["member"][0]
    after = decide(
        tracks(("found", "Howard S.", "Horns Of Dawn (Main Theme)", None, 200)),
        names,
        links=[(key, "found")],
        before=before,
    )
    assert dict(after.select("member", "song_id").iter_rows())["found"] == before["song_id"][0]


def test_a_found_id_does_not_overrule_the_listener(tracks, spellings):
    names = spellings(("Howard", "Horns of Dawn", 5))
    known = tracks(("found", "Howard S.", "Horns", None, 200))
    members = decide(
        known,
        names,
        [Override("split", Member.track("found"), None)],
        links=[(Member.spelling("Howard", "Horns of Dawn").member, "found")],
    )
    assert (
        members.filter(pl.col("member") == "found")["song_id"][0]
        not in members.filter(pl.col("title") == "Horns of Dawn")["song_id"].to_list()
    )


def test_a_later_split_undoes_an_earlier_same(tracks, spellings):
    known = tracks(("a", "Ada", "Rain", None, 9), ("b", "Bo", "Snow", None, 9))
    same = Override("same", Member.track("b"), Member.track("a"))
    split = Override("split", Member.track("b"), None)
    assert decide(known, spellings(), [same])["song_id"].n_unique() == 1
    assert decide(known, spellings(), [same, split])["song_id"].n_unique() == 2
    assert decide(known, spellings(), [split, same])["song_id"].n_unique() == 1


def test_song_ids_outlive_keys_that_an_older_version_read_otherwise(tracks, spellings):
    names = spellings(("Кино", "Группа крови", 9), ("Ada y Bo", "Rain", 3))
    now = decide(tracks(), names)
    older = now.with_columns(member=pl.lit("older\t") + pl.col("title"), song_id=pl.lit("id of ") + pl.col("title"))
    kept = decide(tracks(), names, before=older)
    assert set(kept["song_id"]) == {"id of Группа крови", "id of Rain"}


def test_two_guests_make_two_recordings_and_none_contradicts_nothing(tracks, song_of):
    song = song_of(
        tracks(
            ("a", "Ada", "Rain (feat. Bo Reed)", None, 200),
            ("b", "Ada", "Rain (feat. Cy Lund)", None, 200),
            ("c", "Ada", "Rain", None, 200),
        )
    )
    assert song["a"] == song["c"] != song["b"]
