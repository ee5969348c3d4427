"""Layouts: every file that a service hands out is known by what it holds, and read to the row. The files are made up."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.app.library_reader import with_files
from spotify_ai_pipeline.importers import detect, ingest
from spotify_ai_pipeline.music.identity.ratings import other_names
from spotify_ai_pipeline.storage import datasets

LAYOUTS = Path(__file__).with_name("layouts")
TEN = datetime(2024, 4, 1, 10, 3, tzinfo=UTC).timestamp()
SOLLUX = [
    (TEN, "Mira Vale", "Harbour", "Tides"),
    (TEN + 240, "Otto Renn", 'Say "Hello"; Wave', None),
    (TEN + 480, "葵ゆき", "雪", "冬"),
]
BRACKWATER = [(TEN, "Mira Vale", "Lanterns", "Tides"), (TEN + 240, "Renn, Otto", "Harbour", "Elsewhere")]
PLAYS = {
    "lastfmstats-sollux.csv": ("lastfm_export", SOLLUX, 0),
    "lastfmstats-brackwater.csv": ("lastfm_export", BRACKWATER, 0),
    "lastfmstats-sollux.json": ("lastfm_export", SOLLUX, 0),
    "lastfmstats-brackwater.json": ("lastfm_export", BRACKWATER, 0),
    "recenttracks-sollux-1711970000.json": ("lastfm_export", SOLLUX, 0),
    "scrobbles-brackwater-1711970000.json": ("lastfm_export", BRACKWATER, 1),
    "recenttracks-sollux-1711970000.xml": ("lastfm_export", SOLLUX, 0),
    "scrobbles-brackwater.xml": ("lastfm_export", BRACKWATER, 1),
    "librefm-sollux.txt": ("librefm_export", SOLLUX, 0),
    "librefm-brackwater.csv": ("scrobble_table", BRACKWATER, 0),
    "pano-sollux.csv": ("pano_scrobbler", SOLLUX, 1),
    "pano-brackwater.jsonl": ("pano_scrobbler", BRACKWATER, 1),
    "maloja-sollux.json": ("maloja", SOLLUX, 0),
    "maloja-brackwater.json": ("maloja", BRACKWATER, 0),
    "koito_export_sollux.json": ("koito", SOLLUX, 0),
    "koito_export_brackwater.json": ("koito", BRACKWATER, 0),
}


def take_in(workspace, *files):
    return list(ingest.take_in(workspace, detect.find(files)))


@pytest.mark.parametrize("name", PLAYS)
def test_a_history_is_read_to_the_row(workspace, name):
    source, plays, no_music = PLAYS[name]
    (report,) = take_in(workspace, LAYOUTS / name)
    assert (report.read, report.new, report.quarantined) == (len(plays) + no_music, len(plays), 0)
    assert report.no_music == no_music
    kept = workspace.lake.read(datasets.HISTORY_IMPORTS).sort("played_at")
    told = kept.with_columns(pl.col("played_at").dt.epoch("s").cast(pl.Float64))
    assert told.select("played_at", "artist", "title", "album").rows() == plays
    assert set(kept["source"]) == {source}


def test_what_a_file_knows_beyond_names_is_kept(workspace):
    for name in ("koito_export_sollux.json", "pano-sollux.csv", "recenttracks-sollux-1711970000.xml"):
        take_in(workspace, LAYOUTS / name)
    first = workspace.lake.read(datasets.HISTORY_IMPORTS).filter(title="Harbour").sort("source")
    recording = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
    assert first.select("source", "track_mbid", "duration_ms", "device").rows() == [
        ("koito", recording, 201_000, "navidrome"),
        ("lastfm_export", recording, None, None),
        ("pano_scrobbler", None, 201_000, "Spotify"),
    ]


@pytest.mark.parametrize("name", PLAYS)
def test_a_file_that_is_written_again_from_what_was_read_says_the_same(workspace, tmp_path, name):
    """Round trip through the plainest of the layouts: nothing of a name is lost on the way."""
    take_in(workspace, LAYOUTS / name)
    kept = workspace.lake.read(datasets.HISTORY_IMPORTS).sort("played_at")
    again = tmp_path / "again.csv"
    kept.select(uts=pl.col("played_at").dt.epoch("s"), artist="artist", track="title", album="album").write_csv(again)
    (export,) = detect.find([again])
    (batch,) = export.kind.read(again.open("rb"))
    assert (
        batch.rows.select("played_at", "artist", "title", "album").rows()
        == kept.select("played_at", "artist", "title", "album").rows()
    )


def test_a_library_joins_the_lists_and_a_newer_file_takes_the_place_of_an_older(workspace):
    (report,) = take_in(workspace, LAYOUTS / "YourLibrary.json")
    assert (report.read, report.new, report.quarantined) == (2, 2, 0)
    listed = ingest.library(workspace.lake)
    assert listed.select("list_id", "title", "artists", "track_id").rows() == [
        ("liked", "Harbour", ["Mira Vale"], "0aAbBcCdDeEfFgGhHiIjJ1"),
        ("liked", "Dusk", ["Earth, Wind & Fire"], "0aAbBcCdDeEfFgGhHiIjJ2"),
    ]
    (report,) = take_in(workspace, LAYOUTS / "second" / "YourLibrary.json")
    assert [row.reason for row in report.broken] == ["no Spotify id (a local file, an episode)"]
    assert ingest.library(workspace.lake)["title"].to_list() == ["雪"]


def test_playlists_of_exportify_in_any_language(workspace):
    take_in(workspace, LAYOUTS / "liked_songs.csv", LAYOUTS / "abendmusik.csv")
    listed = ingest.library(workspace.lake).sort("track_id")
    assert listed.select("list_name", "title", "artists", "album").rows() == [
        ("Liked Songs", "Harbour", ["Mira Vale", "Otto Renn"], "Tides"),
        ("Liked Songs", 'Dusk, "Part" 2', ["Earth, Wind & Fire"], "Days"),
        ("abendmusik", "雪", ["葵ゆき"], "冬"),
    ]
    assert listed["duration_ms"].to_list() == [201_000, None, 188_000]
    assert listed["isrc"].to_list() == ["QZES72012345", None, "JPZ921900001"]
    assert listed["added_at"].dt.year().to_list() == [2022, 2022, 2023]


def test_ratings_are_read_as_they_were_meant(workspace):
    reports = take_in(workspace, LAYOUTS / "rym-sollux.csv", LAYOUTS / "rym-brackwater.csv")
    assert [(report.new, report.quarantined) for report in reports] == [(3, 0), (2, 0)]
    rated = ingest.ratings(workspace.lake)
    assert sorted(rated.select("artist", "album", "rating", "best").rows(), key=str) == sorted(
        [
            ("Mira Vale", "Tides & Moons", 9.0, 10),
            ("Yuki Aoi", "Fuyu", 8.0, 10),
            ('The Owl "Hoot"', "Nest", None, 10),
            ("葵ゆき", "Fuyu", 7.0, 10),
            ("Otto Renn", "Else'where", 3.0, 10),
        ],
        key=str,
    )
    assert sorted(other_names(rated)) == [("Yuki Aoi", "ゆき 葵"), ("葵ゆき", "Yuki Aoi")]


@pytest.mark.parametrize(
    ("header", "row", "stars"),
    [
        ("Artist,Title,Rating", "Mira Vale,Harbour,4.5", (4.5, 5)),
        ("artist;song;stars", "Mira Vale;Harbour;4", (4.0, 5)),
        ("Artist,Track,Score", "Mira Vale,Harbour,87", (87.0, 100)),
        ("Artist\tTitle\tMy Rating", "Mira Vale\tHarbour\t★★★★", (4.0, 5)),
        ("Artist,Title,Rating", "Mira Vale,Harbour,4/5", (4.0, 5)),
        ("Artist,Title,Rating", "Mira Vale,Harbour,7/10", (7.0, 10)),
    ],
)
def test_a_table_of_stars_is_ratings_of_songs(workspace, tmp_path, header, row, stars):
    file = tmp_path / "my ratings.csv"
    file.write_text(f"{header}\n{row}\n")
    take_in(workspace, file)
    assert ingest.ratings(workspace.lake).select("artist", "title", "rating", "best").rows() == [
        ("Mira Vale", "Harbour", *stars)
    ]


def test_a_list_that_spotify_tells_of_itself_beats_a_file(workspace):
    take_in(workspace, LAYOUTS / "liked_songs.csv", LAYOUTS / "abendmusik.csv")
    listed = ingest.library(workspace.lake)
    live = listed.filter(list_name="abendmusik").with_columns(
        list_id=pl.lit("x"), list_name=pl.lit("Abend-Musik"), title=pl.lit("Other")
    )
    whole = with_files(live.lazy(), listed).collect()
    assert whole.select("list_id", "title").rows() == [
        ("x", "Other"),
        ("liked", "Harbour"),
        ("liked", 'Dusk, "Part" 2'),
    ]
    assert with_files(datasets.SPOTIFY_LIBRARY.empty().lazy(), listed).collect().equals(listed)
