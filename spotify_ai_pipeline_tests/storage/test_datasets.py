"""The register: whole, described, and the only place that names a dataset."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Dataset, Lake

PACKAGE = PROJECT_ROOT / "spotify_ai_pipeline"
READS = {
    "read",
    "read_or_none",
    "scan",
    "current",
    "partitions",
    "partition_rows",
    "files",
    "read_part",
    "read_blob",
    "write",
}
OWNERS = {
    "alerts": {"alerts"},
    "answers": {"response_cache"},
    "api_calls": {"api_ledger"},
    "cooldowns": {"api_ledger"},
    "pace": {"api_ledger"},
    "quarantined": {"quarantine"},
    "sieved": {"quarantine"},
    "exclusions": {"exclusions"},
    "gaps": {"exclusions"},
    "was_me": {"exclusions"},
    "facts": {"state"},
    "overrides": {"state"},
    "identity_overrides": {"identity_overrides"},
    "messages": {"notification_outbox"},
    "moods": {"moods"},
    "shown": {"telegram_prompts"},
    "spend": {"llm_cost_ledger"},
    "playlists": {"playlists", "snapshots", "trials"},
    "refreshes": {"playlists"},
    "snapshots": {"snapshots"},
    "unavailable": {"playlists"},
    "queue": {"queue", "verdicts", "trials"},
    "queue_steps": {"queue", "trials"},
    "verdicts": {"queue", "verdicts", "trials", "pins"},
    "outbox": {"verdicts"},
    "pins": {"pins"},
}
"""The modules of each family of tables: one owner, and what reads beside it in the same transaction or join."""


def sources() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if "sandbox" not in path.parts]


def test_every_column_of_every_dataset_is_described() -> None:
    silent = {one.name: [column for column, said in datasets.described(one).items() if not said]
              for one in datasets.REGISTER.values()}  # fmt: skip
    assert {name: columns for name, columns in silent.items() if columns} == {}


def test_no_call_of_the_lake_names_a_dataset_by_a_string() -> None:
    layers = {one.layer for one in datasets.REGISTER.values()}
    found = [
        f"{path.name}:{call.lineno}"
        for path in sources()
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in READS
        and any(isinstance(one, ast.Constant) and one.value in layers for one in call.args)
    ]  # fmt: skip
    assert found == []


def test_sql_on_a_table_stands_with_its_owners() -> None:
    named = re.compile(r"(?:FROM|INTO|UPDATE|JOIN) ([a-z_]+)\b(?! AS SELECT)")
    made = {name for _, name in ((0, one.name) for one in datasets.REGISTER.values())}
    strays = []
    for path in sources():
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                not (isinstance(text, ast.Constant) and isinstance(text.value, str))
                or "SELECT" not in text.value.upper()
            ):
                continue
            tables = set(named.findall(text.value)) & OWNERS.keys() - made
            strays += [f"{path.name}: {table}" for table in tables if path.stem not in OWNERS[table]]
    assert strays == []


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ({"song_id": pl.String()}, []),
        ({}, ["song_id is missing"]),
        ({"song_id": pl.Int64()}, ["song_id is Int64, not String"]),
        ({"song_id": pl.String(), "more": pl.Int64()}, ["more is not in the register"]),
    ],
)
def test_what_is_wrong_with_a_table_is_said_by_column(schema: dict[str, pl.DataType], wrong: list[str]) -> None:
    assert datasets.SONG_INDEX.differences(schema) == wrong


def test_a_vector_may_have_any_width_and_no_other_type() -> None:
    one = Dataset("features", "vectors", schema={"vector": datasets.VECTOR})
    assert one.differences({"vector": pl.Array(pl.Float32(), 7)}) == []
    assert one.differences({"vector": pl.List(pl.Float32())}) != []


def test_a_lake_that_was_filled_before_there_was_a_register_is_read_on(tmp_path: Path) -> None:
    """The folders and the pointer are those of the first version."""
    place = tmp_path / "ann" / "taste" / "song_scores" / "v=20260101T000000000000-0badcafe"
    place.mkdir(parents=True)
    pl.DataFrame({"song_id": ["s1"]}).write_parquet(place / "part-0.parquet")
    (place.parent / "current.json").write_text(
        '{"version": "20260101T000000000000-0badcafe", "files": ["v=20260101T000000000000-0badcafe/part-0.parquet"],'
        ' "rows": 1, "schema": {"song_id": "String"}, "code_version": "1", "inputs": {}, "created_at": "2026-01-01T00:00:00"}'
    )
    from upath import UPath

    lake = Lake(UPath(tmp_path), "ann")
    assert lake.datasets() == [datasets.SONG_SCORES]
    assert lake.read(datasets.SONG_SCORES)["song_id"].to_list() == ["s1"]
