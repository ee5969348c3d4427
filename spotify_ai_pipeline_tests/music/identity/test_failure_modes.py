"""The ways in which identity fails elsewhere, each a test named after its row."""

import polars as pl
import pytest

from spotify_ai_pipeline.music.identity.groups import Member
from spotify_ai_pipeline.music.identity.linking import LINKS, Offer, best_offer
from spotify_ai_pipeline.music.identity.members import Override, decide
from spotify_ai_pipeline.music.identity.songs import assign_songs, build_songs, library_tracks, spellings_of

LISTS = {
    "list_id": "liked",
    "list_name": "Liked Songs",
    "album": "Album",
    "release_date": "2001",
    "added_at": None,
}


@pytest.fixture
def library(tracks):
    """Tracks as the rows of the liked songs."""

    def make(*rows):
        return (
            tracks(*rows)
            .with_columns(**{name: pl.lit(value) for name, value in LISTS.items()})
            .with_columns(pl.col("added_at").cast(pl.Datetime("ms", "UTC")))
        )

    return make


def scrobbles(*names):
    return pl.DataFrame(
        [(artist, title, "Album", None) for artist, title in names],
        schema={"artist": pl.String, "title": pl.String, "album": pl.String, "track_mbid": pl.String},
        orient="row",
    )


def songs_of(library, plays, **options):
    members = decide(library_tracks(library.lazy()), spellings_of(plays.lazy()), **options)
    links = pl.DataFrame(schema=LINKS)
    return build_songs(library, plays.lazy(), members, links, our_lists=(), best_name="Best")


def test_A1_three_ids_of_one_recording_are_one_song_with_all_plays(library):
    owned = library(
        ("single", "The Hollows", "Northbound", "GBAAA0100001", 200),
        ("album", "The Hollows", "Northbound", "GBAAA0100001", 201),
        ("deluxe", "The Hollows", "Northbound - 2015 Remaster", "GBAAA0100001", 203),
    )
    plays = scrobbles(
        ("The Hollows", "Northbound"), ("Hollows", "Northbound (Remastered)"), ("The Hollows", "NORTHBOUND")
    )
    songs = songs_of(owned, plays)
    assert songs["track_ids"].to_list() == [["album", "deluxe", "single"]]
    assert assign_songs(plays, songs)["song_id"].to_list() == songs["song_id"].to_list() * 3


@pytest.mark.parametrize(
    ("title", "same"),
    [
        ("Iron Man - 2012 - Remaster", True),
        ("Iron Man (Mono)", True),
        ("Iron Man - Live in Paris", False),
        ("Iron Man (Demo)", False),
        ("Iron Man - Single Edit", False),
    ],
)
def test_A2_a_remaster_is_the_same_and_another_take_is_not(tracks, song_of, title, same):
    song = song_of(tracks(("a", "Black Sabbath", "Iron Man", None, 355), ("b", "Black Sabbath", title, None, 355)))
    assert (song["a"] == song["b"]) is same


def test_A3_an_acoustic_take_of_the_same_length_stays_apart(tracks, song_of):
    song = song_of(
        tracks(
            ("a", "Ada Fern", "Lanterns", "GBAAA0100001", 200),
            ("b", "Ada Fern", "Lanterns (Acoustic)", "GBAAA0100002", 200),
        )
    )
    assert song["a"] != song["b"]


def test_A4_wrong_isrc_splits(tracks, song_of):
    song = song_of(
        tracks(
            ("a", "Ada Fern", "Lanterns", "GBAAA0100001", 200),
            ("long", "Ada Fern", "Lanterns", "GBAAA0100001", 207.1),
            ("near", "Ada Fern", "Lanterns", "GBAAA0100001", 206.9),
            ("stranger", "Boris Klee", "Ninety Nine Doors", "GBAAA0100001", 200),
        )
    )
    assert song["a"] == song["near"]
    assert len({song["a"], song["long"], song["stranger"]}) == 3


def test_A4_lengths_do_not_drift_along_a_chain(tracks, song_of):
    song = song_of(tracks(*((name, "Ada Fern", "Lanterns", None, 200 + 6 * place) for place, name in enumerate("abc"))))
    assert song["a"] == song["b"] != song["c"]


@pytest.mark.parametrize(
    "offer",
    [
        Offer("cover", "Sweet Dreams", ["Marilyn Manson"]),
        Offer("karaoke", "Sweet Dreams (Karaoke Version)", ["Eurythmics"]),
        Offer("tribute", "Sweet Dreams", ["Eurythmics Tribute Band"]),
        Offer("live", "Sweet Dreams - Live", ["Eurythmics"]),
        Offer("other", "Sweet Surrender", ["Eurythmics"]),
    ],
    ids=lambda offer: offer.track_id,
)
def test_A5_a_cover_or_another_version_is_no_answer(offer):
    assert best_offer("Eurythmics", "Sweet Dreams", [offer]) is None
    right = Offer("right", "Sweet Dreams - Remastered", ["Eurythmics"])
    found = best_offer("Eurythmics", "Sweet Dreams", [offer, right])
    assert found is not None
    assert found[0] is right


def test_A5_below_the_threshold_is_unresolved_and_says_what_it_is_like(tracks, spellings):
    members = decide(
        tracks(("a", "Ada Fern", "A Sleepy Harbour Light", None, 200)),
        spellings(("Ada Fern", "A Sleepy Harbour Night")),
    )
    row = members.filter(pl.col("title") == "A Sleepy Harbour Night").row(0, named=True)
    known = members.filter(pl.col("member") == "a")["song_id"][0]
    assert row["song_id"] != known
    assert row["near"] == known
    assert row["near_evidence"]


def test_A6_folded_names_and_swapped_credits_are_found(library):
    plays = scrobbles(("Lukasz and Pena", "senora nino"))
    songs = songs_of(library(("a", "Peña & Łukasz", "Señora — Niño!", None, 200)), plays)
    assert assign_songs(plays, songs)["song_id"].to_list() == songs["song_id"].to_list()


@pytest.mark.parametrize(
    ("band", "part"), [("Earth, Wind & Fire", "Earth"), ("Tyler, The Creator", "Tyler"), ("Simon & Garfunkel", "Simon")]
)
def test_A7_a_protected_name_is_never_parted(tracks, spellings, song_of, band, part):
    known = tracks(("band", band, "One Title", None, 200), ("x", "Wind", "X", None, 1), ("y", "Fire", "Y", None, 1))
    song = song_of(known, spellings((part, "One Title"), (part, "Another"), ("The Creator", "Z"), ("Garfunkel", "Z")))
    assert song[f"{part} — One Title"] != song["band"]


def test_A8_two_artists_of_one_name_are_told_apart_by_length(tracks, song_of):
    song = song_of(
        tracks(("a", "Nirvana", "Lithium", "USAAA0100001", 257), ("b", "Nirvana", "Lithium", "GBBBB6800001", 180))
    )
    assert song["a"] != song["b"]


def test_A10_what_the_listener_said_survives_ingestion_anew(tracks, spellings):
    known = tracks(
        ("a", "Ada Fern", "Lanterns", "I1", 200),
        ("b", "Ada Fern", "Lanterns", "I1", 200),
        ("c", "Bo", "Rain", None, 90),
    )
    heard = spellings(("A. Fern", "The Lantern Song"), ("Bo", "Rainfall"))
    said = [
        Override("split", Member.track("b"), None),
        Override("same", Member.spelling("Bo", "Rainfall"), Member.track("c")),
        Override("set", Member.spelling("A. Fern", "The Lantern Song"), Member.track("a")),
    ]
    before = None
    for library in (known, known.reverse(), known.filter(pl.col("track_id") != "a"), known):
        before = decide(library, heard, said, before=before)
    song = dict(before.select("member", "song_id").iter_rows())
    assert song["a"] != song["b"]
    assert song["c"] == song[Member.spelling("Bo", "Rainfall").member]
    assert song["a"] == song[Member.spelling("A. Fern", "The Lantern Song").member]
    assert before.filter(pl.col("rule") == "override").height == 3


def test_A11_a_relinked_id_is_the_song_it_was_linked_from(library):
    songs = songs_of(
        library(
            ("ours", "Ada Fern", "Lanterns", "GBAAA0100001", 200),
            ("returned", "Ada Fern", "Lanterns", "GBAAA0100001", 200.4),
        ),
        scrobbles(("Ada Fern", "Lanterns")),
    )
    plays = pl.DataFrame({"artist": ["x", "x"], "title": ["y", "y"], "track_id": ["returned", "ours"]})
    assert songs.height == 1
    assert assign_songs(plays, songs)["song_id"].n_unique() == 1
