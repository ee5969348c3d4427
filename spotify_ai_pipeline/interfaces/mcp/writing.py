"""Tools that change something: each is proposed in a sentence for the listener, and done once, when they agreed to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from mcp.types import ToolAnnotations
from pydantic import Field

from spotify_ai_pipeline.app import mood_requests, own_lists
from spotify_ai_pipeline.durations import HOUR
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.views.song_lookup import resolve_song, scores_of
from spotify_ai_pipeline.interfaces.views.wording import describe_query, meaning
from spotify_ai_pipeline.storage import own_lists as kept_lists
from spotify_ai_pipeline.storage import pins, proposals, queue
from spotify_ai_pipeline.storage.own_lists import OwnList
from spotify_ai_pipeline.storage.proposals import ASSISTANT, Proposal
from spotify_ai_pipeline.storage.workspace import Workspace

PROPOSES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
REFRESH_SECONDS = 3_600

Tool = Callable[..., Any]


def add_tools(server: MCPServer, workspace: Callable[[], Workspace], told: Callable[[Tool], Tool]) -> None:
    """Adds the tools that propose, and the one that confirms."""

    def proposes(tool: Tool) -> Tool:
        return server.tool(annotations=PROPOSES, structured_output=False)(told(tool))

    def propose(tool: str, says: str, **arguments: Any) -> dict[str, Any]:
        made = proposals.propose(workspace().state, tool, arguments, says)
        until = datetime.fromtimestamp(made.expires_at, UTC).isoformat(timespec="seconds")
        return {"token": made.token, "would": says, "expires_at": until, "next": "ask the listener, then call confirm"}

    @proposes
    def propose_answer(
        question: Annotated[int, Field(description="Its number, as the tool questions gives it.")],
        answer: Literal["approve", "more", "reject", "wrong_version", "later", "fewer"],
    ) -> dict[str, Any]:
        """Propose an answer to a question about a song."""
        found = _question(workspace(), question, answer)
        says = f"answer {answer} on {found.artist} — {found.title}: {meaning(found.kind, answer)}"
        return propose("answer", says, question=question, answer=answer)

    @proposes
    def propose_mood(words: str, hours: Annotated[float, Field(gt=0, le=168)] = 3.0) -> dict[str, Any]:
        """Propose a mood that the mix follows for some hours."""
        home = workspace()
        wish = mood_requests.mood_query(mood_requests.fitted(home), words, mood_requests.cluster_names(home))
        says = f"let the mix follow {words!r} for {hours:g} hours from the next refresh on ({describe_query(wish)})"
        return propose("mood", says, words=words, hours=hours)

    @proposes
    def propose_pin(song: str, pinned: bool = True) -> dict[str, Any]:
        """Propose to pin a song to the mix, or to let it go."""
        home = workspace()
        row = scores_of(home, resolve_song(home, song, surely=True))
        says = f"{'pin' if pinned else 'unpin'} {row['artist']} — {row['title']}"
        return propose("pin", says, song_id=row["song_id"], pinned=pinned)

    @proposes
    def propose_list(
        words: Annotated[str, Field(description='What is on it, such as "forgotten favourites".')],
        title: str = "",
        size: Annotated[int, Field(ge=1, le=500)] = 40,
        every_days: Annotated[int, Field(ge=1, le=365)] = 7,
    ) -> dict[str, Any]:
        """Propose a list of the listener's own that every refresh keeps fresh."""
        draft = _draft(workspace(), words, title, size, every_days)
        says = f"add the list {draft.title!r} of {size} songs, every {every_days} days: {'; '.join(draft.recipe.lines({}))}"
        return propose("list", says, words=words, title=title, size=size, every_days=every_days)

    @proposes
    def propose_refresh() -> dict[str, Any]:
        """Propose to refresh the mix now: read what is new, decide, write, within the cap of change."""
        return propose("refresh", "refresh the AI Mix now, within its cap of change")

    @server.tool(annotations=ToolAnnotations(read_only_hint=False, destructive_hint=True), structured_output=False)
    @told
    def confirm(
        token: Annotated[str, Field(description="Of a proposal to which the listener agreed.")],
    ) -> dict[str, Any]:
        """Do what was proposed. Call it only after the listener has agreed to the sentence of the proposal."""
        home = workspace()
        proposal = proposals.confirm(home.state, token)
        if proposal is None:
            raise UserError("no proposal of this token waits: it was confirmed before, or its ten minutes are over")
        try:
            outcome = _DO[proposal.tool](home, proposal)
        except Exception as error:
            proposals.finish(home.state, token, f"failed: {error}")
            raise
        proposals.finish(home.state, token, outcome)
        return {"done": proposal.says, "outcome": outcome}


def _question(workspace: Workspace, number: int, answer: str) -> queue.Question:
    found = queue.item(workspace.state, number)
    if found is None or answer not in found.answers or found.status not in queue.OPEN:
        raise UserError(
            f"{number}: no question of this number waits for the answer {answer}; the tool questions lists them"
        )
    return found


def _draft(workspace: Workspace, words: str, title: str, size: int, every_days: int) -> OwnList:
    found, called = own_lists.understand(workspace, words), title or own_lists.title_of(words)
    own_lists.refuse_taken(workspace, called)
    return OwnList(0, called, words, found.recipe, size, every_days, found.max_change)


def _answer(workspace: Workspace, proposal: Proposal) -> str:
    said = proposal.arguments
    _question(workspace, said["question"], said["answer"])
    queue.decide(workspace.state, said["question"], said["answer"], ASSISTANT, proposal.token)
    return "answered"


def _mood(workspace: Workspace, proposal: Proposal) -> str:
    made = mood_requests.ask_for(workspace, proposal.arguments["words"], proposal.arguments["hours"] * HOUR)
    return f"in force, understood as {describe_query(made.wish)}"


def _pin(workspace: Workspace, proposal: Proposal) -> str:
    pins.pin(workspace.state, proposal.arguments["song_id"], pinned=proposal.arguments["pinned"])
    return "it counts from the next refresh on"


def _list(workspace: Workspace, proposal: Proposal) -> str:
    own = kept_lists.add(workspace.state, _draft(workspace, **proposal.arguments))
    return f"list {own.list_id} comes with the next refresh"


def _refresh(workspace: Workspace, proposal: Proposal) -> str:
    """A process of its own: what libraries print is not to get between this server's messages."""
    ran = subprocess.run(
        [sys.executable, "-c", "from spotify_ai_pipeline.interfaces.cli import main; main()", "refresh"],
        env={**os.environ, "SPOTIFY_AI_DATA": str(workspace.root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=REFRESH_SECONDS,
        check=False,
    )
    if ran.returncode:
        raise UserError(
            ran.stderr.strip().removeprefix("error: ") or "the refresh failed; `spotify-ai status` says more"
        )
    return ran.stdout.strip()[-2_000:]


_DO: dict[str, Callable[[Workspace, Proposal], str]] = {
    "answer": _answer,
    "mood": _mood,
    "pin": _pin,
    "list": _list,
    "refresh": _refresh,
}
