"""Secrets and hostile text: after full runs, good and failing, no secret is anywhere but in its file, and no title is markup."""

import base64
import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import psutil
import pytest
import yaml

from spotify_ai_pipeline.app import account_checks
from spotify_ai_pipeline.clients import transport
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.defs.io_manager import sample
from spotify_ai_pipeline.defs.plots import bar_chart, strips
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.interfaces.cli.mix import print_change, print_songs
from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import datasets, duckdb_views
from spotify_ai_pipeline_tests.interfaces.cli.conftest import ENTRY

CANARIES = {
    "SPOTIFY_CLIENT_SECRET": "canary5ec7e7000000000000000000000",
    "LASTFM_API_KEY": "canaryf00d0000000000000000000000a",
    "LISTENBRAINZ_TOKEN": "canary-7000-4b1d-9e5c-00000000abcd",
    "ANTHROPIC_API_KEY": "sk-ant-canary0000000000000000000000000000",
    "TELEGRAM_BOT_TOKEN": "1001:canaryAAH0000000000000000000000000",
}
HOSTILE = "<script>alert('x')</script>[bold red]'; DROP TABLE queue;--"


def files(root: Path) -> Iterator[tuple[Path, bytes]]:
    for path in root.rglob("*"):
        if path.is_file() and path.name not in (".env", "spotify_token.json"):
            yield path, path.read_bytes()


def plant_secrets(pipeline: Any) -> list[str]:
    """Gives the home secrets that are easily found again; all of them, with the token's."""
    env = pipeline.root / ".env"
    kept = [line for line in env.read_text().splitlines() if line.split("=")[0] not in CANARIES]
    env.write_text(
        "\n".join([*kept, *(f"{name}={value}" for name, value in CANARIES.items())]) + "\nTELEGRAM_USER_ID=2002\n"
    )
    token = json.loads(pipeline.workspace.token_file.read_text())
    return [*CANARIES.values(), token["access_token"], token["refresh_token"]]


def watched(root: Path, *command: str) -> tuple[str, set[str]]:
    """Gives what ``spotify-ai COMMAND`` prints, with debugging on, and every command line that the list of processes
    showed of it."""
    environment = os.environ | {
        "SPOTIFY_AI_DATA": str(root),
        "PYTHONPATH": str(PROJECT_ROOT),
        "PYTHONASYNCIODEBUG": "1",
    }
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([*ENTRY, *command], env=environment, stdout=said, stderr=subprocess.STDOUT)
        shown, until = set[str](), time.monotonic() + 20
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):
                family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
                shown |= {" ".join(one.cmdline()) for one in family}
            if time.monotonic() > until:  # the bot goes on for ever
                process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        said.seek(0)
        return said.read(), shown


def test_no_secret_is_in_an_export_a_message_or_the_list_of_processes_and_in_backups_only_in_their_files(
    pipeline: Any, tmp_path: Path
) -> None:
    secrets = plant_secrets(pipeline)
    exported, backed_up = tmp_path / "all.zip", tmp_path / "backup.zip"
    commands = [
        ("export", "all", "--out", str(exported)), ("export", "mix", "--as", "jspf"), ("backup", str(backed_up)), ("status",),
        ("doctor", "--json"), ("mood", "late night, rain"), ("config",), ("bot",),
    ]  # fmt: skip
    told = {command[0]: watched(pipeline.root, *command) for command in commands}
    assert "token" in told["bot"][0].lower(), "the sandbox refuses the bot, or this test shows nothing"
    for command, (said, shown) in told.items():
        assert shown, command
        assert not [secret for secret in secrets if secret in said], command
        assert not [line for line in shown for secret in secrets if secret in line], command
    for archive, allowed in ((exported, set[str]()), (backed_up, {".env", "spotify_token.json"})):
        assert stat.S_IMODE(archive.stat().st_mode) == 0o600
        with zipfile.ZipFile(archive) as members:
            holding = {name for name in members.namelist() for one in secrets if one.encode() in members.read(name)}
        assert holding == allowed
    assert not [path for path, content in files(pipeline.root) for secret in secrets if secret.encode() in content]


def test_no_secret_is_told_by_runs_that_succeed_or_fail(
    pipeline: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "BACKOFF", 0.01)
    secrets = plant_secrets(pipeline)
    told: list[str] = [pipeline.refresh().error]
    config = pipeline.root / "config.yaml"
    tree = yaml.safe_load(config.read_text())
    for service in ("lastfm", "spotify", "spotify_accounts"):
        tree["services"][service]["url"] = "http://127.0.0.1:9/"
    tree["services"]["spotify"]["timeout_seconds"] = 1
    config.write_text(yaml.safe_dump(tree))
    with contextlib.suppress(ExpectedError):
        told.append(pipeline.refresh().error)
    try:
        LastFm.of(pipeline.workspace).newest_scrobble()
    except ExpectedError as error:
        told.append(str(error))
    told += [repr(vars(finding)) for finding in account_checks.accounts(pipeline.workspace)]
    told += [*capfd.readouterr(), repr(pipeline.workspace.secrets), repr(pipeline.workspace)]
    assert any("cannot be reached" in text for text in told), "something failed, or this test shows nothing"
    for secret in secrets:
        assert not [text for text in told if secret in text]
        assert not [path for path, content in files(pipeline.root) if secret.encode() in content]
    for path in (pipeline.workspace.token_file, pipeline.root / "state.sqlite"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_hostile_names_are_text_everywhere(pipeline: Any, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = pipeline.workspace
    short = "[red]<b>'x"
    named = workspace.lake.read(datasets.MIX).with_columns(artist=pl.lit(short), title=pl.lit(short))
    workspace.lake.write(named, datasets.MIX)
    print_songs(workspace)
    print_change(workspace)
    said = capsys.readouterr().out
    assert said.count(short) >= 100, "printed as it is: no markup, nothing eaten"
    with duckdb_views.connect(workspace.lake, workspace.state) as connection:
        found = connection.execute("SELECT count(*) FROM mix WHERE artist = ?", [short]).fetchone()
        assert found == (named.height,)


def test_hostile_names_are_no_markup_in_pictures_and_samples() -> None:
    cells = pl.DataFrame({"column": [HOSTILE], "row": [HOSTILE], "value": [1]})
    for made in (bar_chart([HOSTILE], [1], HOSTILE), strips(cells, "column", "row", "value", "title")):
        (picture,) = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", made.value)
        drawn = base64.b64decode(picture).decode()
        assert "<script" not in drawn
        ElementTree.fromstring(drawn)
        assert "<script" not in made.value, "Markdown may hold HTML: what is outside the picture too"
    (record,) = sample(pl.DataFrame({"title": [HOSTILE]})).records
    assert record.data["title"] == HOSTILE, "a table of the UI shows text"


def test_the_sandbox_answers_on_loopback_alone(world: Path) -> None:
    with testing.running(world) as url:
        assert url.startswith("http://127.0.0.1:")
