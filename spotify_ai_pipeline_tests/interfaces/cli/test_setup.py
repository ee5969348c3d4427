"""The first questions: each key is tried as it is given, kept for its owner alone, and no answer leads nowhere."""

from __future__ import annotations

import json
import os
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import requests
import yaml
from click.testing import CliRunner, Result

from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.interfaces.cli.demo import PREFIXES, UNHURRIED, demo
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

Answers = Callable[..., Result]


@pytest.fixture
def user(small_world: Path) -> str:
    return json.loads((small_world / "world.json").read_text())["listener"]["lastfm_user"]


@pytest.fixture
def answers(
    small_world: Path, tmp_path: Path, running: Callable[[Path], AbstractContextManager[str]]
) -> Iterator[Answers]:
    """``answers(...)`` runs setup, and types a line for each question."""
    root = tmp_path / "home"
    root.mkdir()
    os.environ["SPOTIFY_AI_DATA"] = str(root)
    with running(small_world) as url:
        services = {name: {"url": f"{url}/{path}", "calls_per_second": UNHURRIED} for name, path in PREFIXES.items()}
        (root / "config.yaml").write_text(yaml.safe_dump({"services": services}))

        def typed(*lines: str, mix: bool = False) -> Result:
            command = ["setup"] if mix else ["setup", "--no-mix"]
            return CliRunner().invoke(main, command, input="".join(f"{line}\n" for line in lines))

        yield typed


def test_a_key_that_works_is_kept_for_its_owner_alone(answers: Answers, user: str, tmp_path: Path) -> None:
    said = answers("2", f"{user} key")
    assert said.exit_code == 0, said.output
    assert "✓ Last.fm answers" in said.output
    assert said.output.splitlines()[-1].endswith("Next: spotify-ai refresh")
    env = tmp_path / "home" / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    assert Workspace.open(tmp_path / "home").secrets.has_lastfm


def test_a_key_that_does_not_work_is_asked_for_again_and_not_kept(answers: Answers, user: str, tmp_path: Path) -> None:
    wrong = answers("2", *["nobody key"] * 3)
    assert (wrong.exit_code, "spotify-ai setup" in wrong.output) == (2, True)
    assert not Workspace.open(tmp_path / "home").secrets.has_lastfm
    said = answers("2", "nobody key", f"{user} key")
    assert said.exit_code == 0, said.output
    assert said.output.index("✗ ") < said.output.index("✓ ")


def test_a_token_tells_whose_it_is_and_a_name_alone_reads(answers: Answers, user: str, tmp_path: Path) -> None:
    said = answers("3", user)  # in the sandbox the token is the name
    assert "the mix can be kept there" in said.output, said.output
    assert Workspace.open(tmp_path / "home").secrets.listenbrainz_token.get_secret_value() == user


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int) -> str:
    """A browser whose listener agrees; the address that it is sent back to."""
    config = tmp_path / "home" / "config.yaml"
    address = f"http://127.0.0.1:{free_port}/callback"
    config.write_text(yaml.safe_dump(yaml.safe_load(config.read_text()) | {"spotify": {"redirect_uri": address}}))

    def opened(address: str) -> bool:
        threading.Thread(target=requests.get, args=(address,), kwargs={"timeout": 30}).start()
        return True

    monkeypatch.setattr(webbrowser, "open", opened)
    return address


def test_spotify_is_agreed_to_in_the_browser(answers: Answers, tmp_path: Path, browser: str) -> None:
    said = answers("1", "an-app its-secret")
    assert said.exit_code == 0, said.output
    assert browser in said.output
    assert "✓ Spotify is connected" in said.output
    workspace = Workspace.open(tmp_path / "home")
    assert workspace.secrets.has_spotify and workspace.token_file.exists()


def test_without_a_browser_the_address_is_pasted(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    said = answers("1", "an-app its-secret", "http://127.0.0.1:8888/callback?code=of-another&state=sign-in", "")
    assert "There is no browser here" in said.output
    assert said.exit_code == 2, "what was pasted is another sign-in's"
    assert not Workspace.open(tmp_path / "home").secrets.has_spotify


def export_file(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    play = {
        "ts": "2026-01-02T03:04:05Z",
        "ms_played": 200_000,
        "master_metadata_track_name": "A Song",
        "master_metadata_album_artist_name": "An Artist",
        "master_metadata_album_album_name": "An Album",
    }
    file = folder / "Streaming_History_Audio_2026_0.json"
    file.write_text(json.dumps([play]))
    return file


def test_everything_takes_five_answers_and_then_one(answers: Answers, user: str, tmp_path: Path, browser: str) -> None:
    export = export_file(tmp_path / "there")
    said = answers("1 2 3 4", "an-app its-secret", f"{'0f' * 16} {user}", user, str(export))
    assert said.exit_code == 0, said.output
    connected = ["✓ Spotify is", "✓ Last.fm an", "✓ ListenBrai"]
    assert [line[:12] for line in said.output.splitlines() if line.startswith("✓")] == connected
    again = answers("1,2,3")
    assert again.exit_code == 0, again.output
    assert [line[:12] for line in again.output.splitlines() if line.startswith("✓")] == connected, (
        "nothing is asked twice"
    )


def test_an_export_that_lies_at_hand_is_taken_in_unasked(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_file(tmp_path / "downloads")
    (tmp_path / "downloads" / "scrobbles-notes.txt").write_text("nothing of the kind")
    monkeypatch.chdir(tmp_path / "downloads")
    said = answers("4")
    assert (said.exit_code, "Streaming_History_Audio_2026_0.json" in said.output) == (0, True), said.output
    assert sum(Workspace.open(tmp_path / "home").lake.partition_rows(datasets.HISTORY_IMPORTS).values()) == 1


def test_what_fails_or_is_not_at_hand_stops_nothing_else(answers: Answers, user: str, tmp_path: Path) -> None:
    said = answers("2,3,4", *["nobody key"] * 3, user, str(tmp_path / "nowhere.zip"), "")
    assert said.exit_code == 0, said.output
    assert "Not yet: Last.fm, an export file" in " ".join(said.output.split())
    assert Workspace.open(tmp_path / "home").secrets.has_listenbrainz


@pytest.mark.parametrize("server", ["koito", "maloja"])
@pytest.mark.parametrize("named", ["token", "name"])
def test_a_server_that_hands_no_listens_out_says_how_else_they_come(
    answers: Answers, user: str, tmp_path: Path, server: str, named: str
) -> None:
    config = tmp_path / "home" / "config.yaml"
    config.write_text(config.read_text().replace("/listenbrainz/1/", f"/{server}/apis/listenbrainz/1/"))
    said = answers("3", *[user if named == "token" else "somebody"] * 3)
    assert said.exit_code == 2
    assert "spotify-ai import FILE" in said.output, said.output
    assert not Workspace.open(tmp_path / "home").secrets.has_listenbrainz


@pytest.mark.parametrize("word", ["", "9", "two", "0"])
def test_what_is_no_choice_is_asked_for_again(answers: Answers, user: str, word: str) -> None:
    said = answers(word, "2", f"{user} key")
    assert said.exit_code == 0, said.output


def test_who_has_nothing_yet_is_shown_the_demo(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = list[str]()
    monkeypatch.setattr(demo, "callback", lambda **options: shown.append("demo"))
    said = answers("5")
    assert (said.exit_code, shown) == (0, ["demo"]), said.output
