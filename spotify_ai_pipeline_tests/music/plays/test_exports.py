"""Files: every format is read, each row once, and a broken one breaks nothing but itself."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotify_ai_pipeline.importers import detect, ingest
from spotify_ai_pipeline.importers.objects import json_rows
from spotify_ai_pipeline.storage import datasets


def take_in(workspace, *files):
    return list(ingest.take_in(workspace, detect.find(files)))


def taken(workspace):
    return workspace.lake.read(datasets.HISTORY_IMPORTS).sort("stamped_at", "title")


def counts(report):
    return report.read, report.new, report.duplicate, report.quarantined


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_end_stamp_of_the_extended_history_becomes_the_start(workspace, write, history_row):
    rows = [
        history_row("2024-03-01T10:03:20Z"),
        history_row("2024-03-01T10:20:00Z", "Paused", 200_000, offline_timestamp=1709287200),  # began at 10:00:00
        history_row(
            "2024-03-01T23:00:00Z", "Synced", 200_000, offline=True, offline_timestamp=1709200800
        ),  # a day before
        history_row("2024-03-02T10:00:00Z", "Zero", 60_000, offline_timestamp=0),
        history_row("2024-03-02T11:00:00Z", "Later", 60_000, offline_timestamp=1893456000),
    ]
    take_in(workspace, write("Streaming_History_Audio_2024_1.json", rows))
    starts = dict(taken(workspace).select("title", "played_at").iter_rows())
    assert starts == {
        "Teardrop": at("2024-03-01T10:00:00"),
        "Paused": at("2024-03-01T10:00:00"),
        "Synced": at("2024-02-29T10:00:00"),
        "Zero": at("2024-03-02T09:59:00"),
        "Later": at("2024-03-02T10:59:00"),
    }


def test_the_old_generation_stamps_in_milliseconds(workspace, write, history_row):
    old = {"username": "some-user", "ip_addr_decrypted": "203.0.113.77", "user_agent_decrypted": "Some phone"}
    offline = {"offline": True, "offline_timestamp": 1546336800000}  # 2019-01-01T10:00:00Z
    rows = [
        history_row("2019-01-01T12:03:20Z", **old, offline_timestamp=1546336800000),
        history_row("2019-01-02T12:03:20Z", "Offline", **old | offline),
    ]
    take_in(workspace, write("endsong_0.json", rows))
    starts = dict(taken(workspace).select("title", "played_at").iter_rows())
    assert starts == {"Teardrop": at("2019-01-01T12:00:00"), "Offline": at("2019-01-01T10:00:00")}


def test_no_address_user_name_or_user_agent_reaches_the_disk(workspace, write, history_row):
    secret = {"username": "some-user", "ip_addr_decrypted": "203.0.113.99", "user_agent_decrypted": "Some-Phone"}
    rows = [history_row("2024-03-01T10:03:20Z", **secret), history_row("broken", **secret), {"ts": 7} | secret]
    take_in(workspace, write("endsong_0.json", rows))
    for file in workspace.root.rglob("*"):
        if file.is_file():
            frame = pl.read_parquet(file).write_json().encode() if file.suffix == ".parquet" else b""
            for word in (b"some-user", b"203.0.113", b"Some-Phone"):
                assert word not in file.read_bytes() + frame


def test_account_data_is_read_to_the_minute_and_podcasts_are_no_music(workspace, write):
    rows = [
        {"endTime": "2024-03-01 10:03", "artistName": "Björk", "trackName": "Jóga", "msPlayed": 305_000},
        {"endTime": "2024-03-01 10:04", "artistName": "Björk", "trackName": "Interlude", "msPlayed": 20_000},
        {"endTime": "2024-03-01 10:04", "artistName": "Björk", "trackName": "Interlude", "msPlayed": 20_000},
        {"endTime": "2024-03-01 11:00", "podcastName": "Talk", "episodeName": "One", "msPlayed": 9_000},
    ]
    file = write("StreamingHistory_music_0.json", rows)
    (report,) = take_in(workspace, file)
    assert counts(report) == (4, 3, 0, 0) and report.no_music == 1
    assert taken(workspace)["played_at"].to_list()[0] == at("2024-03-01T09:57:55")
    assert counts(take_in(workspace, file)[0]) == (4, 0, 3, 0)


MBID = "6d6a1f2e-0b7c-4c55-9a7e-1f2d3c4b5a69"

LASTFM_HEADER = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"


def test_B1_what_is_playing_now_is_no_play_however_often_it_is_read(workspace, write):
    playing = "Portishead,Dummy,Roads,\n"
    first = playing + "Portishead,Dummy,Mysterons,01 Mar 2024 10:03\n"
    take_in(workspace, write("user.csv", first))
    take_in(workspace, write("user2.csv", playing + first))
    assert taken(workspace)["title"].to_list() == ["Mysterons"]


def test_last_fm_csv_in_both_layouts(workspace, write):
    take_in(workspace, write("user.csv", '"Earth, Wind & Fire",,September,01 Mar 2024 10:03\n'))
    quoted = f'"1709287380","01 Mar 2024, 10:03","Sigur Rós","","( )","","Untitled #1","{MBID}"\n'
    take_in(workspace, write("recenttracks.csv", "\ufeff" + LASTFM_HEADER + quoted))
    minutes, seconds = taken(workspace).sort("source", descending=True).iter_rows(named=True)
    assert (minutes["source"], minutes["artist"], minutes["album"]) == (
        "lastfm_export_minutes",
        "Earth, Wind & Fire",
        None,
    )
    assert (seconds["source"], seconds["artist"], seconds["track_mbid"]) == ("lastfm_export", "Sigur Rós", MBID)
    assert minutes["played_at"] == seconds["played_at"] == at("2024-03-01T10:03:00")


def listen(moment, title, **about):
    metadata = {"artist_name": "Low", "track_name": title, "additional_info": about, "mbid_mapping": None}
    return {"inserted_at": 1, "listened_at": moment, "user_name": "some-user", "track_metadata": metadata}


def test_a_listenbrainz_export_as_archive_and_as_array(workspace, write, tmp_path):
    mapped = listen(
        1709287380, "Sunflower", duration_ms=272_000, spotify_id="https://open.spotify.com/track/" + "4" * 22
    )
    mapped["track_metadata"]["mbid_mapping"] = {"recording_mbid": MBID, "artists": [{"artist_mbid": "x"}, {}]}
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("user.json", '{"username": "some-user"}')
        file.writestr(
            "listens/2024/3.jsonl", json.dumps(mapped) + "\n" + json.dumps(listen(1709287980, "Dinosaur Act"))
        )
    (report,) = take_in(workspace, archive)
    assert counts(report) == (2, 2, 0, 0)
    row = taken(workspace).row(0, named=True)
    assert (row["track_id"], row["track_mbid"], row["duration_ms"]) == ("4" * 22, MBID, 272_000)
    assert counts(take_in(workspace, write("listens.json", [mapped, listen(1709290000, "Monkey")]))[0]) == (2, 1, 1, 0)


def test_ratings_are_albums_and_no_listens(workspace, write):
    header = (
        "RYM Album, First Name,Last Name,First Name localized, Last Name localized,"
        "Title,Release_Date,Rating,Ownership,Purchase Date,Media Type,Review\n"
    )
    rows = (
        '"1","Nick","Drake","","","Pink Moon","1972","10","o","","CD","so\nquiet, ""really"""\n'
        '"2","","Low","","","Trust","2002-09-24","0","n","","",""\n"3","","Can","","","Tago Mago","1971","eleven","n","","",""\n'
    )
    (report,) = take_in(workspace, write("ratings.csv", header + rows))
    assert counts(report) == (3, 2, 0, 1)
    assert report.broken[0].line == 5
    assert not workspace.lake.partitions(datasets.HISTORY_IMPORTS)
    take_in(workspace, write("later.csv", header + rows.replace('"2002-09-24","0"', '"2002-09-24","7"')))
    assert ingest.ratings(workspace.lake).select("artist", "album", "year", "rating", "best").rows() == [
        ("Low", "Trust", 2002, 7, 10),
        ("Nick Drake", "Pink Moon", 1972, 10, 10),
    ]


def test_B7_overlapping_files_strange_stamps_and_equal_times(workspace, write, history_row):
    same_end = [history_row("2024-03-01T10:03:20Z", "One"), history_row("2024-03-01T10:03:20Z", "Two", 900)]
    later = history_row("2024-03-01T11:00:00Z", "Three", offline_timestamp=0)
    first = write("Streaming_History_Audio_2024_1.json", [*same_end, later])
    second = write("Streaming_History_Audio_2024_2.json", [later, history_row("1970-01-01T00:00:00Z", "Never")])
    assert counts(take_in(workspace, first)[0]) == (3, 3, 0, 0)
    assert counts(take_in(workspace, second)[0]) == (2, 0, 1, 1)
    assert counts(take_in(workspace, first, second)[0]) == (3, 0, 3, 0)
    assert taken(workspace)["title"].to_list() == ["One", "Two", "Three"]


def test_B9_one_broken_row_is_named_and_the_rest_goes_on(workspace, write, history_row):
    good = [history_row(f"2024-03-01T10:{minute:02}:20Z", f"Song {minute}") for minute in range(50)]
    lines = json.dumps(good, indent=2).split("\n")
    spoilt = [number for number, line in enumerate(lines) if '"ms_played"' in line][17]
    lines[spoilt] = '    "ms_played": oops,'
    cut = "\n".join(lines)[: -len('"incognito_mode": false\n  }\n]')]
    (report,) = take_in(workspace, write("Streaming_History_Audio_2024_1.json", cut))
    assert counts(report) == (50, 48, 0, 2)
    begins = [number for number, line in enumerate(lines, 1) if line.strip() == "{"]
    assert [row.line for row in report.broken] == [begins[17], begins[49]]
    kept = workspace.lake.read(datasets.QUARANTINE).sort("line")
    assert kept["line"].to_list() == [begins[17], begins[49]] and kept["file"][0].endswith("_1.json")


def test_B9_a_stray_quote_in_a_csv_spoils_its_own_line_alone(workspace, write):
    rows = [f'"{1709287380 + n}","","Can","","","","Song {n}",""\n' for n in range(3)]
    rows[1] = '"1709287381","","Can","","","","Song 1,""\n'
    (report,) = take_in(
        workspace, write("x.csv", LASTFM_HEADER.encode() + "".join(rows).encode() + b'"1","","\xff","","","","",""\n')
    )
    assert counts(report) == (4, 2, 0, 2)
    assert [row.line for row in report.broken] == [3, 5]


def test_B6_what_the_report_counts_is_what_is_stored(workspace, write, history_row):
    rows = [history_row(f"2024-03-01T10:{minute:02}:20Z", f"Song {minute % 7}") for minute in range(60)]
    (report,) = take_in(workspace, write("Streaming_History_Audio_2024_1.json", rows))
    assert report.new == taken(workspace).height == 60
    assert (report.first, report.last) == (at("2024-03-01T09:57:00"), at("2024-03-01T10:56:00"))


def test_an_unknown_format_is_refused_before_anything_is_written(workspace, write, history_row):
    good = write("Streaming_History_Audio_2024_1.json", [history_row("2024-03-01T10:03:20Z")])
    with pytest.raises(detect.UnknownFormat, match=r"notes\.txt.*Spotify"):
        take_in(workspace, good, write("notes.txt", "hello"))
    assert not workspace.lake.datasets()


def test_a_folder_is_searched_and_other_files_are_passed_over(workspace, write, history_row):
    write("my/ReadMe.pdf", b"%PDF")
    write("my/deep/Streaming_History_Audio_2024_1.json", [history_row("2024-03-01T10:03:20Z")])
    assert [report.new for report in take_in(workspace, write("my/empty.json", "[]").parent)] == [1]


def test_the_inbox_is_taken_in_and_its_files_move(workspace, write, history_row):
    workspace.inbox.mkdir()
    (workspace.inbox / "a.json").write_text(json.dumps([history_row("2024-03-01T10:03:20Z")]))
    (workspace.inbox / "b.txt").write_text("hello")
    assert [report.new for report in ingest.take_in_inbox(workspace)] == [1]
    assert not ingest.waiting(workspace)
    assert {file.parent.name for file in workspace.inbox.rglob("*.*")} == {"imported", "refused"}
    assert "b.txt" in workspace.state.rows("SELECT message FROM alerts")[0]["message"]


def test_an_import_that_is_killed_loses_nothing_and_doubles_nothing(workspace, write, history_row, monkeypatch):
    rows = [
        history_row(f"2024-03-{1 + n // 1440:02}T{n // 60 % 24:02}:{n % 60:02}:20Z", f"Song {n}") for n in range(2000)
    ]
    file = write("Streaming_History_Audio_2024_1.json", rows)
    program = (
        "import sys, os, signal\nfrom pathlib import Path\n"
        "from spotify_ai_pipeline.importers import detect, ingest, objects\n"
        "from spotify_ai_pipeline.storage.workspace import Workspace\n"
        "from spotify_ai_pipeline.storage.lake import Lake\n"
        "objects.BATCH_BYTES, ingest.PART_ROWS = 20_000, 200\nwrite, left = Lake.write, [int(sys.argv[2])]\n"
        "def dying(*args, **options):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return write(*args, **options)\n"
        "Lake.write = dying\nlist(ingest.take_in(Workspace.open(), detect.find([Path(sys.argv[1])])))\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", program, str(file), "4"], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert died.returncode == -signal.SIGKILL
    before = taken(workspace).height
    assert 0 < before < 2000
    (report,) = take_in(workspace, file)
    assert counts(report) == (2000, 2000 - before, before, 0)
    assert taken(workspace)["title"].n_unique() == taken(workspace).height == 2000


def test_objects_whose_keys_stand_in_another_order_are_read(workspace, write, history_row):
    first, *others = [history_row(f"2024-03-01T10:{minute:02}:20Z", f"Song {minute}") for minute in range(5)]
    turned = [first, *(dict(reversed(list(row.items()))) for row in others)]
    (report,) = take_in(workspace, write("Streaming_History_Audio_2024_1.json", turned))
    assert counts(report) == (5, 5, 0, 0)
    lines = [listen(1709287380 + n, f"Song {n}") for n in range(3)]
    lines[1] = dict(reversed(list(lines[1].items())))
    assert counts(take_in(workspace, write("3.jsonl", "\n".join(map(json.dumps, lines))))[0]) == (3, 3, 0, 0)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(0, 10**6), texts), min_size=1),
    indent=st.sampled_from([None, 1]),
    size=st.integers(1, 300),
)
def test_any_text_comes_through_in_batches_of_any_size(rows, indent, size, monkeypatch):
    import io

    from spotify_ai_pipeline.importers import objects as parsed

    objects = [{"n": number, "text": text + '"},{"n": 1}'} for number, text in rows]
    with monkeypatch.context() as patch:
        patch.setattr(parsed, "BATCH_BYTES", max(size, 12))
        stream: Any = io.BufferedReader(io.BytesIO(json.dumps(objects, indent=indent).encode()))
        read = list(json_rows(stream, {"n": pl.Int64(), "text": pl.String()}))
    assert not any(broken for _, broken in read)
    assert pl.concat([frame for frame, _ in read]).select("n", "text").to_dicts() == objects


def test_real_exports_of_the_same_history_agree(workspace):
    """A real history comes out of a file as it went in."""
    source = Path(__file__).parents[4] / "shared" / "data" / "listener_b_streaming.parquet"
    if not source.exists():
        pytest.skip("needs ../shared/data/listener_b_streaming.parquet")
    frame = pl.read_parquet(source)
    rows = frame.select(
        ts=pl.from_epoch("ts_end").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        ms_played="ms_played",
        master_metadata_track_name="track",
        master_metadata_album_artist_name="artist",
    )
    file = workspace.root / "endsong_0.json"
    file.write_text(rows.write_json())
    (report,) = take_in(workspace, file)
    assert report.new + report.duplicate + report.no_music + report.quarantined == frame.height
    assert report.quarantined == 0
