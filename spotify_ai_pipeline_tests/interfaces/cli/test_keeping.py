"""doctor, backup, restore, export and forget."""

import csv
import io
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace


@pytest.fixture
def data(demo: Any, tmp_path: Path) -> Path:
    """The demo's data, this test's own."""
    return Path(shutil.copytree(demo.data, tmp_path / "home"))


def test_the_doctor_looks_at_everything_and_says_what_to_do(demo: Any, data: Path) -> None:
    well = demo.project("doctor", "--json", SPOTIFY_AI_DATA=data)
    found = {row["what"]: row for row in json.loads(well.stdout)}
    assert well.returncode == 0, well.stdout
    assert set(found) >= {
        "versions", "state", "settings", "lake", "file modes", "disk", "quotas", "Spotify", "permissions", "Last.fm",
        "clock", "daemon",
    }  # fmt: skip
    assert all(row["do"] for row in found.values() if row["how"] != "good")
    token = data / "spotify_token.json"
    token.write_text(json.dumps(json.loads(token.read_text()) | {"scope": "user-library-read"}))
    token.chmod(0o644)
    (pointer,) = (data / "lake").rglob("song_scores/current.json")  # older versions lie beside the one in use
    (pointer.parent / json.loads(pointer.read_text())["files"][0]).unlink()
    ill = demo.here("doctor", SPOTIFY_AI_DATA=data)
    assert ill.returncode == 1
    for words in ("chmod 600", "the sign-in lacks", "spotify-ai login", "files are missing of taste/song_scores"):
        assert words in ill.stdout


def zeros(path: Path, at: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(bytes(4096))


def harm_pointer(data: Path) -> Path:
    (pointer,) = (data / "lake").rglob("taste/song_scores/current.json")
    pointer.write_text("{")
    return pointer


def harm_table(data: Path) -> Path:
    lake = Workspace.open(data).lake
    lake.write(lake.read(datasets.MIX).reverse(), datasets.MIX)
    (pointer,) = (data / "lake").rglob("playlist/mix/current.json")
    table = pointer.parent / json.loads(pointer.read_text())["files"][0]
    table.write_bytes(table.read_bytes()[:-50])
    return table


def harm_answers(data: Path) -> Path:
    zeros(data / "answers.sqlite", 4096)
    return data / "answers.sqlite"


def harm_runs(data: Path) -> Path:
    with closing(sqlite3.connect(data / "dagster" / "history" / "runs.db")) as runs:
        runs.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the page lies whole in the log beside it
    zeros(data / "dagster" / "history" / "runs.db", 0)
    return data / "dagster" / "history" / "runs.db"


@pytest.mark.parametrize("harm", [harm_pointer, harm_table, harm_answers, harm_runs])
def test_damage_is_named_by_the_doctor_put_right_by_it_and_no_traceback_anywhere(
    demo: Any, data: Path, tmp_path: Path, harm: Callable[[Path], Path]
) -> None:
    file = harm(data)
    ill = demo.here("doctor", "--json", SPOTIFY_AI_DATA=data)
    named = [row for row in json.loads(ill.stdout) if row["how"] == "bad"]
    assert ill.returncode == 1
    assert [str(file) in row["seen"] or file.parent.name in row["seen"] for row in named] == [True], named
    assert "doctor --fix" in named[0]["do"]
    for command in (["mix"], ["backup", tmp_path / "b.zip"]):
        ran = demo.here(*command, SPOTIFY_AI_DATA=data)
        assert "Traceback" not in ran.stderr + ran.stdout
        assert ran.returncode == 0, ran.stderr
    fixed = demo.here("doctor", "--fix", SPOTIFY_AI_DATA=data)
    assert fixed.returncode == 0, fixed.stdout
    again = demo.here("doctor", SPOTIFY_AI_DATA=data)
    assert (again.returncode, "fixed" in again.stdout, again.stderr) == (0, False, "")


def test_a_table_without_a_whole_version_is_said_and_counts_as_never_made_once_fixed(demo: Any, data: Path) -> None:
    for table in (data / "lake").rglob("playlist/mix/v=*/part-0.parquet"):
        table.write_bytes(b"")
    ran = demo.here("mix", SPOTIFY_AI_DATA=data)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "no whole version" in ran.stderr and "doctor --fix" in ran.stderr
    fixed = demo.here("doctor", "--fix", SPOTIFY_AI_DATA=data)
    assert "it counts as never made" in fixed.stdout, fixed.stdout
    ran = demo.here("mix", SPOTIFY_AI_DATA=data)
    assert (ran.returncode, "spotify-ai refresh" in ran.stderr) == (2, True)


def test_the_doctor_looks_at_the_rest_where_one_thing_is_damaged(demo: Any, data: Path) -> None:
    whole = {row["what"] for row in json.loads(demo.here("doctor", "--json", SPOTIFY_AI_DATA=data).stdout)}
    (data / "spotify_token.json").write_text("")
    ran = demo.here("doctor", "--json", SPOTIFY_AI_DATA=data)
    found = {row["what"]: row for row in json.loads(ran.stdout)}
    assert (ran.returncode, set(found) >= whole) == (1, True)
    assert str(data / "spotify_token.json") in found["Spotify"]["seen"]
    assert found["Spotify"]["do"] == found["permissions"]["do"] == "spotify-ai login"
    for end in ("-wal", "-shm"):
        (data / f"state.sqlite{end}").unlink(missing_ok=True)
    (data / "state.sqlite").write_text("no database" * 1000)
    ran = demo.here("doctor", SPOTIFY_AI_DATA=data)
    assert (ran.returncode, "Traceback" in ran.stderr + ran.stdout) == (1, False)
    assert f"{data / 'state.sqlite'} is damaged" in ran.stdout and "restore --replace" in ran.stdout
    assert "Dagster" in ran.stdout and "GiB free" in ran.stdout


def test_a_backup_is_restored_elsewhere_and_the_mix_is_there(demo: Any, data: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "b.zip", tmp_path / "other"
    assert "back with: spotify-ai restore" in demo.here("backup", file, SPOTIFY_AI_DATA=data).stdout
    again = demo.here("restore", file, SPOTIFY_AI_DATA=data)
    assert (again.returncode, "--replace" in again.stderr) == (2, True)
    assert demo.here("restore", file, SPOTIFY_AI_DATA=other).returncode == 0
    before, after = (json.loads(demo.here("mix", "--json", SPOTIFY_AI_DATA=at).stdout) for at in (data, other))
    assert before == after
    told = demo.here("forget", typed="no\n", SPOTIFY_AI_DATA=other)
    assert (told.returncode, "nothing was removed" in told.stderr) == (2, True)
    assert (other / "state.sqlite").exists()
    told = demo.here("forget", typed="demo\n", SPOTIFY_AI_DATA=other)
    assert told.returncode == 0
    assert "What stays on Spotify: the playlist https://open.spotify.com/playlist/" in told.stdout
    assert list(other.iterdir()) == []


def test_a_lake_that_lies_elsewhere_is_forgotten_too(demo: Any, data: Path, tmp_path: Path) -> None:
    elsewhere = {"SPOTIFY_AI_DATA": data, "SPOTIFY_AI_LAKE": tmp_path / "bucket"}
    (data / "lake").rename(tmp_path / "bucket")
    mine, another = tmp_path / "bucket" / "demo", tmp_path / "bucket" / "another"
    another.mkdir()
    told = demo.here("forget", typed="demo\n", **elsewhere)
    assert (told.returncode, str(mine) in told.stdout) == (0, True), told.stderr
    assert list((tmp_path / "bucket").iterdir()) == [another]


def test_the_mix_goes_elsewhere_in_three_forms_and_all_data_as_a_zip(demo: Any, data: Path, tmp_path: Path) -> None:
    mix = json.loads(demo.here("mix", "--json", SPOTIFY_AI_DATA=data).stdout)["songs"]
    links = [f"https://open.spotify.com/track/{song['track_id']}" for song in mix]

    def exported(form: str) -> str:
        return demo.here("export", "mix", "--as", form, SPOTIFY_AI_DATA=data).stdout

    recordings = {row["track_id"]: row["mbid"] for row in csv.DictReader(io.StringIO(exported("csv"))) if row["mbid"]}
    assert 0 < len(recordings) < len(mix)
    jspf = json.loads(exported("jspf"))["playlist"]
    assert jspf["title"] == "AI Mix"
    known = [f"https://musicbrainz.org/recording/{recordings[song['track_id']]}" if song["track_id"] in recordings else link
             for song, link in zip(mix, links, strict=True)]  # fmt: skip
    assert [track["identifier"] for track in jspf["track"]] == [[one] for one in known]
    assert [line for line in exported("m3u").splitlines() if not line.startswith("#")] == links
    rows = list(csv.DictReader(io.StringIO(exported("csv"))))
    assert [row["title"] for row in rows] == [song["title"] for song in mix]
    out = tmp_path / "all.zip"
    assert demo.here("export", "all", "--out", out, SPOTIFY_AI_DATA=data).returncode == 0
    token = json.loads((data / "spotify_token.json").read_text())["refresh_token"]
    with zipfile.ZipFile(out) as archive:
        assert {"identity/listens.csv", "state/verdicts.csv", "settings.json"} <= set(archive.namelist())
        assert not any(token.encode() in archive.read(name) for name in archive.namelist())
        heard = list(csv.DictReader(io.StringIO(archive.read("identity/listens.csv").decode())))
    assert len(heard) > 2000


def test_a_backfill_stops_at_the_budget_and_goes_on_there(demo: Any, data: Path) -> None:
    """The months of the history are read in one command, twice: a day whose budget is used up, and the next."""
    scrobbles = data / "lake" / "demo" / "ingest" / "scrobbles"
    months = sorted(path.name for path in scrobbles.iterdir())
    shutil.rmtree(scrobbles)
    used = next(row for row in json.loads(status(demo, data)) if row["service"] == "lastfm")["calls"]
    demo.here("config", "set", "services.lastfm.calls_per_day", used + 8, SPOTIFY_AI_DATA=data)
    cut = demo.here("backfill", months[0], months[-1], SPOTIFY_AI_DATA=data)
    assert cut.returncode == 2
    assert "the day's budget" in cut.stderr
    assert "Traceback" not in cut.stderr
    read = [path.name for path in scrobbles.iterdir()]
    assert 0 < len(read) < len(months), "what was read is kept"
    demo.here("config", "unset", "services.lastfm.calls_per_day", SPOTIFY_AI_DATA=data)
    ended = demo.here("backfill", months[0], months[-1], SPOTIFY_AI_DATA=data)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"in {len(months)} months" in ended.stdout
    for wrong in (("2024-13", "2025-01"), ("2025-02", "2025-01"), ("2025-01", "2999-01")):
        assert demo.here("backfill", *wrong, SPOTIFY_AI_DATA=data).returncode == 2


def status(demo: Any, data: Path) -> str:
    return json.dumps(json.loads(demo.here("status", "--json", SPOTIFY_AI_DATA=data).stdout)["services"])
