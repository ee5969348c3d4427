"""Bounds: whatever lies in the inbox ends, says what it is, and keeps nothing else from being taken in."""

import json
import os
import struct
import time
import zipfile
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.importers import detect, ingest, objects, tables
from spotify_ai_pipeline.storage import alerts, datasets
from spotify_ai_pipeline.storage.workspace import Workspace


def play(number: int = 0, **changes: object) -> dict[str, object]:
    at = f"2024-03-01T{number // 60 % 24:02}:{number % 60:02}:20Z"
    names = {"master_metadata_track_name": f"Song {number}", "master_metadata_album_artist_name": "Mira Vale"}
    return {"ts": at, "ms_played": 200_000, "spotify_track_uri": None, **names, **changes}


def history(*rows: object) -> bytes:
    return json.dumps(list(rows or [play()])).encode()


def titles(workspace: Workspace) -> list[str]:
    return workspace.lake.read(datasets.HISTORY_IMPORTS)["title"].sort().to_list()


def taken_in(workspace: Workspace) -> list[ingest.Report]:
    started = time.monotonic()
    reports = list(ingest.take_in_inbox(workspace))
    assert time.monotonic() - started < 30
    return reports


@pytest.fixture
def inbox(workspace: Workspace) -> Path:
    workspace.inbox.mkdir()
    (workspace.inbox / "zzz.json").write_bytes(history())
    return workspace.inbox


def encrypted(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("endsong_0.json", history())
    content = bytearray(file.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag that says so, in both headers
        at = content.index(mark) + place
        content[at : at + 2] = struct.pack("<H", struct.unpack("<H", content[at : at + 2])[0] | 1)
    file.write_bytes(content)


def corrupt(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("endsong_0.json", history(*map(play, range(2_000))))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def cut(file: Path) -> None:
    corrupt(file)
    file.write_bytes(file.read_bytes()[:-300])


def odd_method(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("endsong_0.json", history())
    content = bytearray(file.read_bytes())
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.index(mark) + place
        content[at : at + 2] = struct.pack("<H", 98)
    file.write_bytes(content)


def unreadable(file: Path) -> None:
    file.write_bytes(b"\x00\x01\x02 no export")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def pipe(file: Path) -> None:
    os.mkfifo(file)


def device(file: Path) -> None:
    file.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [encrypted, corrupt, cut, odd_method, unreadable, empty, pipe, device])
def test_one_bad_file_moves_aside_with_a_note_and_an_alert_and_the_rest_goes_on(workspace, inbox, make):
    make(inbox / "bad.zip")
    taken_in(workspace)
    assert "Song 0" in titles(workspace)
    assert not ingest.waiting(workspace)
    assert (inbox / "imported" / "zzz.json").exists()
    moved, note = inbox / "refused" / "bad.zip", inbox / "refused" / "bad.zip.note.txt"
    assert os.path.lexists(moved)
    assert "bad.zip" in note.read_text()
    (alert,) = alerts.open_alerts(workspace.state)
    assert "bad.zip" in alert.message and "refused" in alert.message


def test_a_file_of_the_same_name_that_can_be_read_ends_the_alert(workspace, inbox):
    unreadable(inbox / "my.json")
    taken_in(workspace)
    assert alerts.open_alerts(workspace.state)
    (inbox / "my.json").write_bytes(history(play(7)))
    taken_in(workspace)
    assert not alerts.open_alerts(workspace.state)
    assert titles(workspace) == ["Song 0", "Song 7"]


def test_what_of_an_archive_can_be_read_is_kept_and_the_archive_is_refused(workspace, inbox):
    whole = inbox / "half.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("endsong_0.json", history(play(1)))
        archive.writestr("endsong_1.json", history(*map(play, range(2, 2_000))))
    content = bytearray(whole.read_bytes())
    content[-len(content) // 3] ^= 0xFF
    whole.write_bytes(content)
    taken_in(workspace)
    assert {"Song 0", "Song 1"} <= set(titles(workspace))
    assert (inbox / "refused" / "half.zip").exists()


def test_two_members_of_one_name_are_both_read(workspace, inbox):
    with zipfile.ZipFile(inbox / "twice.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("endsong_0.json", history(play(1)))
        archive.writestr("endsong_0.json", history(play(2)))
    reports = taken_in(workspace)
    assert titles(workspace) == ["Song 0", "Song 1", "Song 2"]
    assert len({report.file for report in reports}) == 3


def test_a_pipe_and_a_device_named_on_the_command_line_are_refused_at_once(tmp_path):
    pipe(tmp_path / "pipe.json")
    device(tmp_path / "device.csv")
    for name in ("pipe.json", "device.csv"):
        with pytest.raises(detect.Unreadable, match="no regular file"):
            detect.find([tmp_path / name])
    (tmp_path / "good.json").write_bytes(history())
    assert [export.path.name for export in detect.find([tmp_path])] == ["good.json"]


@pytest.mark.parametrize("cut_at", range(65_536 - 60, 65_536 + 1, 12))
def test_a_line_that_is_cut_at_the_end_of_the_head_decides_nothing(workspace, tmp_path, cut_at):
    """The first 64 KiB are looked at; wherever in a row they end, the file is known by its whole lines."""
    lines = ['"user","track","artist","date","timestamp"\n']
    row = '"u","Song {n}","Mira Vale","11 Aug 2012, 19:{n:02}","{stamp}"\n'
    while sum(map(len, lines)) < cut_at - 200:
        number = len(lines)
        lines.append(row.format(n=number % 60, stamp=1_344_714_060 + 60 * number))
    lines.append('"' + "u" * (cut_at - sum(map(len, lines)) - 57) + row.format(n=41, stamp=1_400_000_000)[2:])
    lines += [row.format(n=number, stamp=1_400_001_000 + number) for number in range(50)]
    file = tmp_path / "history.csv"
    file.write_text("".join(lines))
    (report,) = ingest.take_in(workspace, detect.find([file]))
    assert (report.read, report.new, report.quarantined) == (len(lines) - 1, len(lines) - 1, 0)


@pytest.mark.parametrize("cut_at", [0, 1, 3, 17])
@pytest.mark.parametrize("name", ["endsong_0.json", "pages.json", "1.jsonl"])
def test_an_object_longer_than_the_head_is_known_all_the_same(workspace, tmp_path, name, cut_at):
    long = "x" * (70_000 + cut_at)
    named = {"artist_name": "Mira Vale", "track_name": "Harbour"}
    listen = {"listened_at": 1_709_287_380, "track_metadata": named, "about": long}
    page = {"artist": {"#text": "Mira Vale"}, "name": "Harbour", "date": {"uts": "1709287380"}, "url": ""}
    content = {
        "endsong_0.json": [play(1), play(2, note=long), play(3)],
        "pages.json": [{"track": [page, page | {"url": long, "name": "Two"}]}],
        "1.jsonl": [listen],
    }[name]
    file = tmp_path / name
    file.write_text("\n".join(map(json.dumps, content)) if name.endswith("l") else json.dumps(content))
    (report,) = ingest.take_in(workspace, detect.find([file]))
    assert report.new == {"endsong_0.json": 3, "pages.json": 2, "1.jsonl": 1}[name]
    assert report.quarantined == 0


@pytest.mark.parametrize(
    "header",
    ["Artist,Track,Album,Time", "artist,title,date", "Artist,Song,Played At", "Artist,Track,When", "Artist,Track,Timestamp"],
)  # fmt: skip
@pytest.mark.parametrize("at", ["1690347960", "1690347960000", "2023-07-26 05:06:00", "2023-07-26T05:06:00Z"])
def test_a_column_of_times_makes_a_history_and_no_chart(workspace, tmp_path, header, at):
    row = ["Mira Vale", "Harbour", *(["Tides"] if "Album" in header else []), at]
    file = tmp_path / "list.csv"
    file.write_text(f"{header}\n{','.join(row)}\n")
    (report,) = ingest.take_in(workspace, detect.find([file]))
    assert report.new == 1 and ingest.charts(workspace.lake).is_empty()
    played = workspace.lake.read(datasets.HISTORY_IMPORTS)["played_at"].dt.epoch("s")
    assert played.to_list() == [1_690_347_960]


@pytest.mark.parametrize("values", ["soon,later", "26/07/2023 05:06,26/07/2023 05:10", "July 26th,July 27th"])
def test_a_history_whose_times_cannot_be_read_is_unknown_and_no_chart(tmp_path, values):
    file = tmp_path / "list.csv"
    rows = [f"Mira Vale,Song {number},{value}\n" for number, value in enumerate(values.split(","))]
    file.write_text("Artist,Track,Time\n" + "".join(rows))
    with pytest.raises(UserError, match=r"list\.csv"):
        detect.find([file])


@pytest.mark.parametrize("length", ["3:45", "225", "3:45:00"])
def test_a_chart_with_the_lengths_of_songs_is_a_chart(workspace, tmp_path, length):
    file = tmp_path / "best.csv"
    file.write_text(f"Artist,Track,Time\nMira Vale,Harbour,{length}\nOtto Renn,Dusk,2:59\n")
    list(ingest.take_in(workspace, detect.find([file])))
    assert ingest.charts(workspace.lake)["title"].to_list() == ["Harbour", "Dusk"]


ODD = [None, [], ["a"], {}, {"a": 1}, "", "never", "3:45", True, -1, 1.5, 10**30, "1e999", "NaN", "\ud800", "\x00"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_an_odd_optional_field_is_null_and_the_row_stays(workspace, tmp_path, odd):
    named = {"artist_name": "Mira Vale", "track_name": "Harbour"}
    about = {"duration_ms": odd, "spotify_id": odd, "media_player": odd}
    listens = [
        {"listened_at": 1_709_287_380, "track_metadata": {**named, "release_name": odd, "additional_info": about}},
        {"listened_at": 1_709_287_980, "track_metadata": {**named, "additional_info": odd, "mbid_mapping": odd}},
    ]
    names = ("platform", "master_metadata_album_album_name", "spotify_track_uri", "reason_end", "offline")
    row = play(1) | dict.fromkeys((*names, "offline_timestamp", "incognito_mode"), odd)
    for name, rows in (("1.jsonl", listens), ("endsong_0.json", [row])):
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)) if name.endswith("l") else json.dumps(rows))
    first, second = ingest.take_in(workspace, detect.find([tmp_path / "1.jsonl", tmp_path / "endsong_0.json"]))
    assert (first.new, first.quarantined, second.new, second.quarantined) == (2, 0, 1, 0)
    kept = workspace.lake.read(datasets.HISTORY_IMPORTS)
    assert kept["track_id"].null_count() == kept["track_mbid"].null_count() == 3
    assert kept["duration_ms"].drop_nulls().is_between(1, 86_400_000).all()


@pytest.mark.parametrize("odd", ["", " ", None, [], {}, True, "\ud800", "a\ud800"], ids=repr)
def test_a_row_without_a_name_is_put_aside_and_its_neighbours_stay(workspace, tmp_path, odd):
    named = {"artist_name": "Mira Vale", "track_name": "Harbour"}
    rows = [{"listened_at": 1_709_287_380 + n, "track_metadata": dict(named)} for n in range(3)]
    rows[1]["track_metadata"]["track_name"] = odd
    (tmp_path / "1.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (report,) = ingest.take_in(workspace, detect.find([tmp_path / "1.jsonl"]))
    assert (report.new, report.quarantined) == (2, 1)
    assert [(row.line, row.reason) for row in report.broken] == [(2, "no title")]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"ms_played": 200000', '"ms_played": oops'),
        lambda text: text.replace('"ms_played": 200000', '"ms_played": "3:45"'),
        lambda text: text.replace('{"ts"', '{"ts'),
        lambda text: text.replace("}, {", "} {"),
        lambda text: text.replace('"Mira Vale"}', '"Mira Vale}'),
        lambda text: text.replace("2024-03-01T", "soon"),
        lambda text: text.replace("}", ""),
    ],
    ids=["no JSON", "no length", "open key", "no comma", "open name", "no time", "no ends"],
)
def test_broken_rows_cost_no_more_than_a_moment_each(tmp_path, spoil):
    """A million of them within a minute; the machine of a test may be busy."""
    rows = 4_000
    file = tmp_path / "endsong_0.json"
    file.write_text(spoil(json.dumps([play(n, text="x" * 300) for n in range(rows)])))
    started, read = time.process_time(), 0
    for export in [detect.Export(file, None, detect.spotify_history, file.stat().st_size)]:
        with detect.opened(export, lambda _: None) as stream:
            read += sum(batch.read for batch in export.kind.read(stream))
    assert time.process_time() - started < 60 * rows / 1_000_000 * 4 + 0.5
    assert read == rows or spoil(json.dumps([play(), play()])).count("}") < 2


def test_broken_lines_of_a_table_cost_no_more_than_a_moment_each(workspace, tmp_path):
    head = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
    file = tmp_path / "recenttracks.csv"
    file.write_text(head + "".join(f'"{1_700_000_000 + n}","x,"y","z\n' for n in range(20_000)))
    started = time.process_time()
    (report,) = ingest.take_in(workspace, [detect.Export(file, None, detect.scrobble_tables, 1)])
    assert (report.read, report.quarantined) == (20_000, 20_000)
    assert len(report.broken) == ingest.MOST_BROKEN, "the rest is counted, not kept"
    assert time.process_time() - started < 5


def test_a_track_of_xml_that_is_none_costs_no_other(workspace, tmp_path):
    track = '<track><artist>Mira Vale</artist><name>Song {n}</name><date uts="{at}"/></track>\n'
    lines = [track.format(n=n, at=1_709_287_380 + n) for n in range(5)]
    lines[1] = lines[1].replace("Mira Vale", "Mira & Vale")
    lines[3] = lines[3].replace("</name>", "")
    file = tmp_path / "scrobbles.xml"
    file.write_text("<recenttracks>\n" + "".join(lines) + lines[0][:30])
    (report,) = ingest.take_in(workspace, detect.find([file]))
    assert (report.new, report.quarantined) == (3, 3)
    assert [row.line for row in report.broken] == [3, 5, 7]


def test_entities_of_xml_do_not_grow(tmp_path):
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    file = tmp_path / "scrobbles.xml"
    file.write_text(
        f'<?xml version="1.0"?><!DOCTYPE lfm [<!ENTITY l0 "ha">{lol}]><lfm><recenttracks>'
        '<track><artist>&l11;</artist><name>x</name><date uts="1709287380"/></track></recenttracks></lfm>'
    )
    (export,) = detect.find([file])
    with detect.opened(export, lambda _: None) as stream:
        (batch,) = export.kind.read(stream)
    assert batch.rows.is_empty() and len(batch.broken) == 1


def test_a_text_that_is_a_list_in_truth_is_no_text():
    rows = b'[{"n": 1, "t": ["a"]}, {"n": 2, "t": "[untitled]"}, {"n": 3, "t": true}, {"n": 4, "t": {"x": 1}}]'
    schema = {"n": pl.Int64(), "t": pl.String()}
    with_odd = objects._parse(objects.Text([rows[1:-1].replace(b"}, {", b"},{")], [1]), schema, "")[0]
    assert with_odd["t"].to_list() == [None, "[untitled]", None, None]


def test_fields_in_quotes_keep_what_parts_fields():
    table = tables.table_of(b'artist;title;time\n"A; B";"C, D";2024-01-01 10:00\n')
    assert table is not None and (table.delimiter, table.rows[0][0]) == (";", "A; B")
