"""The lake: immutable versions, a pointer that is swapped last, and readers that never notice."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage import lake as lake_module
from spotify_ai_pipeline.storage.lake import Dataset, Lake, LakeError

DYING_WRITER = """
import os, signal, sys
import polars as pl
from upath import UPath
from spotify_ai_pipeline.storage import lake
lake.swap = lambda pointer, text: os.kill(os.getpid(), signal.SIGKILL)
lake.Lake(UPath(sys.argv[1]), "me").write(pl.DataFrame({"song_id": ["new"]}), lake.Dataset("taste", "stats"))
"""


on_disk = pytest.mark.parametrize("lake", ["disk"], indirect=True)


def versions(lake: Lake, partition: str | None = None) -> list[str]:
    return sorted(
        child.name
        for child in lake.folder(Dataset("taste", "stats"), partition).iterdir()
        if child.name.startswith("v=")
    )


def test_what_was_written_is_read(lake: Lake, frame: pl.DataFrame) -> None:
    version = lake.write(frame, Dataset("taste", "stats"), code_version="7", inputs={"songs": "v1"})
    assert lake.read(Dataset("taste", "stats")).equals(frame)
    assert lake.current(Dataset("taste", "stats")) == version
    assert (version.rows, version.code_version, version.inputs) == (2, "7", {"songs": "v1"})
    assert version.schema == {"song_id": "String", "plays": "Int64"}
    assert lake.datasets() == [Dataset("taste", "stats")]


def test_a_version_is_never_touched_again(lake: Lake, frame: pl.DataFrame) -> None:
    lake.write(frame, Dataset("taste", "stats"))
    (first,) = lake.files(Dataset("taste", "stats"))
    content = first.read_bytes()
    lake.write(frame.head(0), Dataset("taste", "stats"))
    assert first.read_bytes() == content
    assert lake.files(Dataset("taste", "stats")) != [first]
    assert lake.read(Dataset("taste", "stats")).height == 0


@on_disk
def test_a_writer_killed_before_the_pointer_leaves_the_old_version(
    lake: Lake, frame: pl.DataFrame, tmp_path: Path
) -> None:
    lake.write(frame, Dataset("taste", "stats"))
    pointer = (tmp_path / "lake/me/taste/stats/current.json").read_bytes()
    died = subprocess.run(
        [sys.executable, "-c", DYING_WRITER, str(tmp_path / "lake")],
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
        check=False,
    )
    assert died.returncode == -9
    assert len(versions(lake)) == 2, "its data had been written"
    assert (tmp_path / "lake/me/taste/stats/current.json").read_bytes() == pointer
    assert lake.read(Dataset("taste", "stats")).equals(frame)
    lake.write(frame.head(1), Dataset("taste", "stats"))
    assert lake.read(Dataset("taste", "stats")).height == 1, "what it left behind is in nobody's way"


def test_a_failed_write_leaves_nothing_behind(lake: Lake, frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write(frame, Dataset("taste", "stats"))
    before = versions(lake)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(pl.DataFrame, "write_parquet", full)
        lake.write(frame.head(0), Dataset("taste", "stats"))
    assert versions(lake) == before
    assert lake.read(Dataset("taste", "stats")).equals(frame)


@on_disk
def test_readers_see_a_whole_version_while_it_is_replaced(lake: Lake) -> None:
    def version(number: int) -> pl.DataFrame:
        return pl.DataFrame({"number": [number] * 500})

    lake.write(version(0), Dataset("taste", "stats"))
    problems: list[object] = []
    seen: set[int] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                found = lake.read(Dataset("taste", "stats"))["number"]
                if found.len() != 500 or found.n_unique() != 1:
                    problems.append(found)
                seen.add(found[0])
            except Exception as error:
                problems.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 60):
        lake.write(version(number), Dataset("taste", "stats"))
    done.set()
    for reader in readers:
        reader.join()
    assert not problems
    assert len(seen) > 2, "the readers did read in between"


def test_three_versions_and_everything_of_the_last_day_are_kept(
    lake: Lake, frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lake_module.KEEP_SECONDS == 86_400
    for number in range(5):
        lake.write(frame.with_columns(n=number), Dataset("taste", "stats"))
    assert len(versions(lake)) == 5, "young versions stay"
    with monkeypatch.context() as patch:
        patch.setattr(lake_module, "KEEP_SECONDS", 0)
        lake.write(frame.with_columns(n=5), Dataset("taste", "stats"))
    assert len(versions(lake)) == 3
    lake.write(frame, Dataset("taste", "stats"))
    assert len(versions(lake)) == 4
    assert lake.read(Dataset("taste", "stats")).equals(frame)


def test_what_is_there_already_is_no_new_version(lake: Lake, frame: pl.DataFrame) -> None:
    stats = Dataset("taste", "stats")
    first = lake.write(frame, stats, inputs={"songs": "v1"}, blobs={"model": b"1"})
    again = lake.write(frame.clone(), stats, inputs={"songs": "v2"}, blobs={"model": b"1"})
    assert again.version == first.version == lake.version_of(stats)
    assert lake.current(stats) == again
    assert again.inputs == {"songs": "v2"}
    assert again.created_at > first.created_at, "it is as fresh as what was made now"
    assert len(versions(lake)) == 1
    assert lake.write(frame, stats, blobs={"model": b"2"}).version != first.version
    assert lake.write([frame.head(1), frame.tail(-1)], stats, blobs={"model": b"2"}).version != first.version
    assert lake.read(stats).equals(frame)


def test_partitions_are_written_apart_and_read_together(lake: Lake, frame: pl.DataFrame) -> None:
    lake.write(frame, datasets.SCROBBLES, "2024-02")
    lake.write(frame.head(1), datasets.SCROBBLES, "2024-01")
    whole = lake.version_of(datasets.SCROBBLES)
    assert lake.partitions(datasets.SCROBBLES) == ["2024-01", "2024-02"]
    assert lake.read(datasets.SCROBBLES)["song_id"].to_list() == ["a", "a", "b"]
    lake.write(frame.head(0), datasets.SCROBBLES, "2024-01")
    assert lake.read(datasets.SCROBBLES).height == 2
    assert lake.version_of(datasets.SCROBBLES) != whole
    assert [(row["asset"], row["rows"]) for row in lake.summary()] == [("scrobbles", 2)]


def test_no_column_is_made_of_folder_names(lake: Lake, frame: pl.DataFrame) -> None:
    lake.write(frame, datasets.SCROBBLES, "month=2024-01")
    lake.write(frame, datasets.SCROBBLES, "month=2024-02")
    assert lake.read(datasets.SCROBBLES).columns == frame.columns


def test_blobs_belong_to_their_version(lake: Lake, frame: pl.DataFrame) -> None:
    lake.write(frame, Dataset("features", "index"), blobs={"index.faiss": b"one"})
    lake.write(frame, Dataset("features", "index"), blobs={"index.faiss": b"two"})
    assert lake.read_blob(Dataset("features", "index"), "index.faiss") == b"two"
    assert lake.read(Dataset("features", "index")).equals(frame), "a blob is no Parquet file"


def test_what_was_never_made_is_said_to_be(lake: Lake) -> None:
    assert lake.read_or_none(Dataset("taste", "stats")) is None
    assert lake.current(Dataset("taste", "stats")) is None
    assert lake.version_of(Dataset("taste", "stats")) == ""
    assert lake.datasets() == []
    with pytest.raises(LakeError, match="stats was never made"):
        lake.read(Dataset("taste", "stats"))
    with pytest.raises(LakeError, match="stats was never made"):
        lake.read_blob(Dataset("taste", "stats"), "x")


def test_listeners_do_not_see_each_other(lake: Lake, frame: pl.DataFrame) -> None:
    lake.write(frame, Dataset("taste", "stats"))
    assert Lake(lake.base.parent, "you").datasets() == []


@on_disk
def test_what_a_living_writer_puts_in_place_meanwhile_is_no_litter(
    lake: Lake, frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = Dataset("taste", "stats")
    lake.write(frame, dataset)
    left = lake.folder(dataset) / "current.json.0a1b2c3d"
    left.write_text("")
    kind, stat = type(left), type(left).stat

    def look(path: Any, **options: bool) -> Any:
        if path.name == left.name:
            path.unlink(missing_ok=True)  # the writer is quicker
        return stat(path, **options)

    monkeypatch.setattr(kind, "stat", look)
    assert lake.prune() == 0
    assert lake.read(dataset).equals(frame)
