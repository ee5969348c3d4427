"""The sandbox's tables and answers against the published Bot API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from spotify_ai_pipeline.sandbox import testing
from spotify_ai_pipeline.sandbox.telegram import tables
from spotify_ai_pipeline.sandbox.telegram.chat import TOKEN, USER

REPO = Path(__file__).resolve().parents[2]
CONTRACT = REPO.parent / "shared" / "contracts" / "telegram-bot-api.json"


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    if not CONTRACT.is_file():
        pytest.skip(f"the contract {CONTRACT} is not here")
    return json.loads(CONTRACT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sandbox(small_world: Path) -> Iterator[str]:
    with testing.running(small_world) as url:
        yield url


def call(url: str, method: str, **fields: object) -> dict[str, Any]:
    form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return requests.post(f"{url}/telegram/bot{TOKEN}/{method}", data=form, timeout=120).json()


@pytest.mark.parametrize("method", tables.METHODS)
def test_fields_and_required_fields_are_those_of_the_contract(method: str, contract: dict[str, Any]) -> None:
    fields = {field["name"]: field for field in contract["methods"][method].get("fields", [])}
    for name, kind in tables.METHODS[method].items():
        assert kind in fields[name]["types"], name
    required = {name for name, field in fields.items() if field["required"]}
    assert set(tables.REQUIRED.get(method, ())) == required


@pytest.mark.parametrize("kind", tables.OBJECTS)
def test_parts_of_objects_are_those_of_the_contract(kind: str, contract: dict[str, Any]) -> None:
    fields = {field["name"]: field for field in contract["types"][kind]["fields"]}
    for name, its_kind in tables.OBJECTS[kind].items():
        assert its_kind in fields[name]["types"], name
    assert set(tables.OBJECTS_REQUIRED.get(kind, ())) == {name for name, field in fields.items() if field["required"]}


def fits(value: Any, kind: str, contract: dict[str, Any]) -> None:
    """Asserts that an answer is of a type of the contract: what must be there is, and nothing that it does not know."""
    if kind.startswith("Array of "):
        for one in value:
            fits(one, kind.removeprefix("Array of "), contract)
    elif kind in contract["types"]:
        about = contract["types"][kind]
        if "subtypes" in about and not about.get("fields"):
            kind = next(sub for sub in about["subtypes"] if sub == "Message")
            about = contract["types"][kind]
        fields = {field["name"]: field for field in about["fields"]}
        assert set(value) <= set(fields), (kind, set(value) - set(fields))
        missing = {name for name, field in fields.items() if field["required"]} - set(value)
        assert not missing, (kind, missing)
        for name, part in value.items():
            fits(part, fields[name]["types"][0], contract)
    else:
        simple = {"Integer": int, "String": str, "Boolean": bool, "True": bool}[kind]
        assert isinstance(value, simple), (kind, value)


def test_answers_are_of_the_types_of_the_contract(sandbox: str, contract: dict[str, Any]) -> None:
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "y"}, {"text": "z", "url": "https://example.org"}]]}
    sent = call(sandbox, "sendMessage", chat_id=USER, text="<b>&lt;a&gt;</b> b", parse_mode="HTML", reply_markup=markup)
    assert sent["result"]["text"] == "<a> b"
    number = sent["result"]["message_id"]
    requests.post(f"{sandbox}/sandbox/telegram/say", json={"text": "/next please"}, timeout=120)
    query = requests.post(
        f"{sandbox}/sandbox/telegram/tap", json={"message_id": number, "data": "y"}, timeout=120
    ).json()["query"]
    answers = {
        "sendMessage": sent,
        "getMe": call(sandbox, "getMe"),
        "getUpdates": call(sandbox, "getUpdates", limit=10),
        "editMessageText": call(sandbox, "editMessageText", chat_id=USER, message_id=number, text="new"),
        "answerCallbackQuery": call(sandbox, "answerCallbackQuery", callback_query_id=query),
        "setMyCommands": call(sandbox, "setMyCommands", commands=[{"command": "next", "description": "x"}]),
        "getMyCommands": call(sandbox, "getMyCommands"),
        "deleteWebhook": call(sandbox, "deleteWebhook"),
    }
    assert len(answers["getUpdates"]["result"]) == 2
    for method, answer in answers.items():
        assert answer["ok"], answer
        fits(answer["result"], contract["methods"][method]["returns"][0], contract)


@pytest.mark.parametrize(
    ("method", "fields", "said"),
    [
        ("sendMessage", {"chat_id": USER}, "text is empty"),
        ("sendMessage", {"chat_id": USER, "text": " "}, "text is empty"),
        ("sendMessage", {"chat_id": USER, "text": "x" * 4097}, "too long"),
        ("sendMessage", {"chat_id": USER, "text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
        ("sendMessage", {"chat_id": USER, "text": "a < b", "parse_mode": "HTML"}, "can't parse entities"),
        ("sendMessage", {"chat_id": USER, "text": "<script>", "parse_mode": "HTML"}, "Unsupported start tag"),
        ("sendMessage", {"chat_id": USER, "text": "x", "no_such_field": 1}, "no field no_such_field"),
        ("sendMessage", {"chat_id": "x", "text": "x"}, "can't parse chat_id"),
        ("sendMessage", {"chat_id": 5, "text": "x"}, "chat not found"),
        ("editMessageText", {"chat_id": USER, "message_id": 999, "text": "x"}, "not found"),
        ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old"),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}, "TOO_LONG"),
        ("setMyCommands", {"commands": [{"command": "No Good", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ("setMyCommands", {"commands": [{"command": "a", "description": "x"}] * 101}, "TOO_MUCH"),
    ],
)
def test_what_telegram_turns_away_is_turned_away(method: str, fields: dict[str, Any], said: str, sandbox: str) -> None:
    answer = call(sandbox, method, **fields)
    assert (answer["ok"], answer["error_code"]) == (False, 400)
    assert said in answer["description"]


@pytest.mark.parametrize(
    ("data", "good"), [("x" * 64, True), ("é" * 32, True), ("x" * 65, False), ("é" * 33, False), ("", False)]
)
def test_callback_data_is_1_to_64_bytes(data: str, good: bool, sandbox: str) -> None:
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": data}]]}
    assert call(sandbox, "sendMessage", chat_id=USER, text="x", reply_markup=markup)["ok"] is good


def test_a_wrong_token_is_401(sandbox: str) -> None:
    answer = requests.post(f"{sandbox}/telegram/bot1:x/getMe", timeout=120)
    assert (answer.status_code, answer.json()["description"]) == (401, "Unauthorized")


def test_a_change_that_changes_nothing_is_refused(sandbox: str) -> None:
    number = call(sandbox, "sendMessage", chat_id=USER, text="same")["result"]["message_id"]
    assert (
        "not modified" in call(sandbox, "editMessageText", chat_id=USER, message_id=number, text="same")["description"]
    )
