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
from spotify_ai_pipeline.interfaces.cli.demo import PREFIXES, UNHURRIED
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
        yield lambda *lines: CliRunner().invoke(main, ["setup"], input="".join(f"{line}\n" for line in lines))


def test_a_key_that_works_is_kept_for_its_owner_alone(answers: Answers, user: str, tmp_path: Path) -> None:
    said = answers("2", user, "key", "n")
    assert said.exit_code == 0, said.output
    assert "✓ Last.fm answers" in said.output
    assert said.output.splitlines()[-1].endswith("Next: spotify-ai refresh")
    env = tmp_path / "home" / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    assert Workspace.open(tmp_path / "home").secrets.has_lastfm


def test_a_key_that_does_not_work_is_asked_for_again_and_not_kept(answers: Answers, user: str, tmp_path: Path) -> None:
    said = answers("2", "nobody at all", "key", user, "key", "n")
    assert said.exit_code == 0, said.output
    assert said.output.index("✗ ") < said.output.index("✓ ")
    wrong = answers("2", *["nobody at all", "key"] * 3)
    assert (wrong.exit_code, "spotify-ai setup" in wrong.output) == (2, True)
    assert not Workspace.open(tmp_path / "home").secrets.has_lastfm


def test_a_token_tells_whose_it_is_and_a_name_alone_reads(answers: Answers, user: str, tmp_path: Path) -> None:
    said = answers("3", user, "n")  # in the sandbox the token is the name
    assert "the mix can be kept there" in said.output, said.output
    assert Workspace.open(tmp_path / "home").secrets.listenbrainz_token.get_secret_value() == user


def test_spotify_is_agreed_to_in_the_browser(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    config = tmp_path / "home" / "config.yaml"
    address = {"spotify": {"redirect_uri": f"http://127.0.0.1:{free_port}/callback"}}
    config.write_text(yaml.safe_dump(yaml.safe_load(config.read_text()) | address))

    def browser(address: str) -> bool:
        threading.Thread(target=requests.get, args=(address,), kwargs={"timeout": 30}).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browser)
    said = answers("1", "an-app", "its secret", "n")
    assert said.exit_code == 0, said.output
    assert address["spotify"]["redirect_uri"] in said.output
    assert "✓ Spotify is connected" in said.output
    workspace = Workspace.open(tmp_path / "home")
    assert workspace.secrets.has_spotify and workspace.token_file.exists()


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
    said = answers(word, "2", user, "key", "n")
    assert said.exit_code == 0, said.output


def test_who_has_nothing_yet_is_shown_the_demo(answers: Answers) -> None:
    said = answers("5", "n")
    assert (said.exit_code, "made-up listener" in said.output) == (0, True)
