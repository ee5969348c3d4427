"""The door for an assistant, driven by the SDK's own client."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.types import CallToolResult, TextContent

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces.mcp import server as served
from spotify_ai_pipeline.interfaces.mcp.server import build
from spotify_ai_pipeline.storage import datasets, moods, own_lists, pins, proposals, queue
from spotify_ai_pipeline.storage.workspace import Workspace

from ...conftest import Pipeline

Ask = Callable[..., Any]


@pytest.fixture
def home(place: Any) -> Workspace:
    return Workspace.open(place / "home")


def text_of(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


async def called(client: Client, tool: str, **arguments: Any) -> Any:
    """Gives what the tool returned; the text of its error where it gave one."""
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        return text_of(result)
    parts = [json.loads(part.text) for part in result.content if isinstance(part, TextContent)]
    return parts[0] if len(parts) == 1 else parts


def talk(home: Workspace, conversation: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Client(build(lambda: home)) as client:
            await conversation(client)

    asyncio.run(run())


def test_reading_is_free_and_says_what_the_commands_say(home: Workspace) -> None:
    async def conversation(client: Client) -> None:
        mix = await called(client, "mix")
        assert len(mix["songs"]) == home.lake.read(datasets.MIX).drop_nulls("rank").height
        first = mix["songs"][0]
        why = await called(client, "why", song=first["song_id"])
        assert why["place"] == "number 1 of the mix"
        assert sum(part["worth"] for part in why["parts"]) == pytest.approx(why["score"], abs=1e-6)
        near = await called(client, "similar", song=first["song_id"], limit=3)
        assert len(near["songs"]) == 3
        way = await called(client, "similar", song=first["song_id"], to=mix["songs"][1]["song_id"], limit=4)
        assert way["songs"][-1]["song_id"] == mix["songs"][1]["song_id"]
        assert (await called(client, "find", words="calm", limit=2))["understood"]
        assert len((await called(client, "find", like=[first["song_id"]], limit=2))["songs"]) == 2
        assert (await called(client, "stats"))["counts"]["listens"] > 0
        assert "believed" in await called(client, "taste")
        assert (await called(client, "gaps"))["months"]
        assert next(row["title"] for row in await called(client, "lists")) == "AI Mix"
        assert "no such song" in await called(client, "why", song="no such thing at all")
        assert "give words" in await called(client, "find")

    talk(home, conversation)


def test_questions_in_sql_have_bounds(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    async def conversation(client: Client) -> None:
        found = await called(client, "sql", query="SELECT count(*) AS songs FROM songs")
        assert found == {"rows": [{"songs": home.lake.read(datasets.SONGS).height}], "more": False}
        many = await called(client, "sql", query="SELECT played_at FROM listens")
        assert (len(many["rows"]), many["more"]) == (served.MOST_ROWS, True)
        for query in ("DELETE FROM verdicts", "SELECT 1; SELECT 2", "COPY songs TO '/tmp/x.csv'", "SET threads = 8"):
            assert "one question" in await called(client, "sql", query=query)
        assert "no_such" in await called(client, "sql", query="SELECT no_such FROM songs")
        assert "rror" in await called(client, "sql", query="SELECT * FROM read_text('/etc/passwd')")
        monkeypatch.setattr(served, "MOST_SECONDS", 0.2)
        long = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range % 7 = b.range % 5"
        assert "longer than" in await called(client, "sql", query=long)

    talk(home, conversation)


def test_nothing_is_changed_before_it_is_confirmed_and_then_once(home: Workspace) -> None:
    song = home.lake.read(datasets.MIX).drop_nulls("rank")["song_id"][0]
    (number,) = home.state.rows("SELECT item_id FROM queue WHERE status IN ('pending', 'trial', 'asked') LIMIT 1")[0]

    async def conversation(client: Client) -> None:
        pin = await called(client, "propose_pin", song=song)
        mood = await called(client, "propose_mood", words="calm", hours=2)
        listed = await called(client, "propose_list", words="forgotten favourites", size=10)
        answer = await called(client, "propose_answer", question=number, answer="reject")
        assert song not in pins.pinned(home.state)
        assert moods.in_force(home.state, clock.now()) is None
        assert not own_lists.every(home.state)
        assert all(one["would"] and one["expires_at"] for one in (pin, mood, listed, answer))

        for one in (pin, mood, listed, answer):
            assert (await called(client, "confirm", token=one["token"]))["done"] == one["would"]
            assert "no proposal" in await called(client, "confirm", token=one["token"])
        assert "no proposal" in await called(client, "confirm", token="made up")
        assert "no question" in await called(client, "propose_answer", question=number, answer="reject")
        assert "I understand nothing" in await called(client, "propose_list", words="flurb")

    talk(home, conversation)
    assert song in pins.pinned(home.state)
    assert moods.in_force(home.state, clock.now()) is not None
    assert [own.title for own in own_lists.every(home.state)] == ["Forgotten favourites"]
    assert queue.item(home.state, number).status == "rejected"  # pyright: ignore[reportOptionalMemberAccess]
    (by,) = home.state.rows("SELECT said_through FROM verdicts WHERE item_id = ?", (number,))[0]
    assert by == proposals.ASSISTANT
    log = proposals.latest(home.state, 10)
    assert {one.said_by for one in log} == {"assistant"}
    assert all(one.outcome and one.confirmed_at for one in log)


def test_a_proposal_expires(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    made = proposals.propose(home.state, "pin", {}, "pin a song")
    monkeypatch.setattr(clock, "now", lambda: made.expires_at + 1)
    assert proposals.confirm(home.state, made.token) is None


def test_over_standard_input_and_output_a_refresh_is_confirmed(pipeline: Pipeline) -> None:
    """An assistant's program starts it so; what a run prints does not get between the messages."""
    entry = "from spotify_ai_pipeline.interfaces.cli import main; main(['mcp'])"
    environment = {**os.environ, "SPOTIFY_AI_DATA": str(pipeline.root)}
    server = StdioServerParameters(command=sys.executable, args=["-c", entry], env=environment)

    async def run() -> None:
        async with Client(stdio_client(server)) as client:
            reads = {tool.name for tool in (await client.list_tools()).tools if tool.annotations.read_only_hint}  # pyright: ignore[reportOptionalMemberAccess]
            assert {"mix", "why", "find", "similar", "stats", "taste", "questions", "gaps", "lists", "sql"} == reads
            made = await called(client, "propose_refresh")
            done = await called(client, "confirm", token=made["token"])
            assert "AI Mix" in done["outcome"]

    asyncio.run(run())
