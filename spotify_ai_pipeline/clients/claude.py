"""Claude: one question, one answer of a known shape, never above the month's budget.

``ask`` is the only way to a language model: it sets aside what the question can cost at worst, sends it once, books what the
answer says that it took, and gives an instance of the schema that was asked for. Everything that can go wrong is a
``ClaudeError`` or ``OverBudget``; callers have a way without a model, and take it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from spotify_ai_pipeline.clients.claude_permission import why_not
from spotify_ai_pipeline.clients.transport import Deferred, Transport
from spotify_ai_pipeline.errors import ExpectedError, Refused, Retryable, UserError
from spotify_ai_pipeline.settings import Claude as ClaudeSettings
from spotify_ai_pipeline.storage import llm_cost_ledger
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.workspace import Workspace

if TYPE_CHECKING:
    import httpx2

Schema = TypeVar("Schema", bound=BaseModel)

OVERHEAD_TOKENS = 1_000
"""Room for what the service adds to a question: roles, and the instructions that hold an answer to its schema."""


class ClaudeError(ExpectedError):
    """Claude gave no answer that can be used. The message says why."""


class ClaudeNotAsked(ClaudeError, UserError):
    """The settings or a missing key keep Claude from being asked."""


class ClaudeRefused(ClaudeError, Refused):
    """Claude was asked, and its answer is of no use."""


class ClaudeBusy(ClaudeError, Retryable):
    """Claude is out of reach or out of order."""


class Claude:
    """Claude through anthropic's own client, paced and counted by the transport; nothing is sent twice."""

    def __init__(self, transport: Transport, state: State, settings: ClaudeSettings, key: str) -> None:
        import anthropic
        import httpx2

        self._state, self._settings = state, settings
        self._client = anthropic.Anthropic(
            api_key=key,
            base_url=transport.service.url,
            max_retries=0,  # a question costs money: the transport alone decides what is sent again
            timeout=transport.service.timeout_seconds,
            http_client=httpx2.Client(
                transport=transport.httpx_transport_of_paths, event_hooks={"response": [self._note_answer]}
            ),
        )
        self._answer: dict[str, Any] = {}

    @classmethod
    def of(cls, workspace: Workspace) -> Claude:
        """Raises ``ClaudeError`` where it is switched off or there is no key."""
        if (reason := why_not(workspace)) is not None:
            raise ClaudeNotAsked(f"Claude is not asked: {reason}")
        transport = Transport("anthropic", workspace.settings.services.anthropic, workspace.state)
        return cls(
            transport,
            workspace.state,
            workspace.settings.claude,
            workspace.secrets.anthropic_api_key.get_secret_value(),
        )

    def ask(self, schema: type[Schema], system: str, question: str, purpose: str, max_tokens: int) -> Schema:
        """The answer to ``question`` as an instance of ``schema``.

        ``system`` says who answers and how, ``purpose`` is the ledger's word for it, ``max_tokens`` the longest answer. Raises
        ``OverBudget`` before anything is sent, ``Deferred`` where the service asks for a pause, ``ClaudeError`` for a refusal,
        an answer that was cut at ``max_tokens`` or that does not fit the schema, and for errors of the service.
        """
        import anthropic

        most = self._usd(_most_tokens(schema, system, question), max_tokens)
        number = llm_cost_ledger.set_aside(
            self._state, purpose, self._settings.model, most, self._settings.monthly_budget_usd
        )
        self._answer = {}
        try:
            answer = self._client.messages.parse(
                model=self._settings.model,
                max_tokens=max_tokens,
                system=system,
                messages=[{"role": "user", "content": question}],
                output_format=schema,
            ).parsed_output
        except ValidationError:  # cut in the middle, or of another form: it is paid for all the same
            answer = None
        except Deferred:
            llm_cost_ledger.release(self._state, number)
            raise
        except anthropic.APIStatusError as error:
            if error.status_code < 500:
                llm_cost_ledger.release(self._state, number)  # turned away: nothing was made, nothing is charged
            kind = ClaudeRefused if error.status_code < 500 else ClaudeBusy
            raise kind(_in_words(error)) from None
        except anthropic.APIConnectionError as error:
            cause = error.__cause__
            if isinstance(cause, Deferred):
                llm_cost_ledger.release(self._state, number)
                raise cause from None
            raise ClaudeBusy(
                str(cause) if isinstance(cause, Retryable) else f"Claude cannot be reached ({error})"
            ) from None
        self._book(number)
        if (stopped := self._answer.get("stop_reason")) == "refusal":
            raise ClaudeRefused(f"Claude declined to answer ({purpose})")
        if stopped != "end_turn":
            raise ClaudeRefused(f"Claude's answer was cut short ({stopped}; {purpose})")
        if answer is None:
            raise ClaudeRefused(f"Claude's answer does not have the form that was asked for ({purpose})")
        return answer

    def _note_answer(self, response: httpx2.Response) -> None:
        """Keeps what an answer says of itself: of one that it cannot parse the client tells nothing, and it costs the same."""
        if response.is_success:
            self._answer = json.loads(response.read())

    def _book(self, number: int) -> None:
        usage = self._answer.get("usage") or {}
        if "output_tokens" not in usage:
            return  # it does not say: what was set aside stays
        kinds = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        taken, given = sum(usage.get(kind) or 0 for kind in kinds), usage["output_tokens"]
        llm_cost_ledger.book(self._state, number, llm_cost_ledger.Usage(taken, given, self._usd(taken, given)))

    def _usd(self, input_tokens: int, output_tokens: int) -> float:
        prices = self._settings
        return (input_tokens * prices.input_usd_per_million + output_tokens * prices.output_usd_per_million) / 1e6


def _most_tokens(schema: type[BaseModel], system: str, question: str) -> int:
    """The most tokens that a question can be: a token is at least one byte of UTF-8."""
    texts = (system, question, json.dumps(schema.model_json_schema()))
    return sum(len(text.encode()) for text in texts) + OVERHEAD_TOKENS


def _in_words(error: object) -> str:
    status = getattr(error, "status_code", 0)
    if status in (401, 403):
        return "Claude does not take the key; check ANTHROPIC_API_KEY in .env"
    if status == 404:
        return "Claude knows no such model; check claude.model in the settings"
    return f"Claude refused a call (HTTP {status}); try again later"
