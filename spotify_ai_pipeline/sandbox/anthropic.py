"""Anthropic: the Messages API of version 2026-10-21, with structured output.

No model answers here. A question about clusters (JSON with ``clusters``, each with tags) gets names made of their tags, one
about a mood (JSON with ``wish``) the few words that the table below knows; any other question with a schema gets the least that
fits the schema, and one without gets a sentence. ``[refuse]`` in a question is declined.
"""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

VERSION = "2026-10-21"
MODELS = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-4-5", "claude-sonnet-4-6")
SAMPLING = ("temperature", "top_p", "top_k")
REFUSE = "[refuse]"
BYTES_A_TOKEN = 4
_LONGEST_NAME = 40

_FEELINGS = {
    "rain": {"valence": -0.4, "energy": -0.5},
    "sunday": {"energy": -0.4},
    "calm": {"energy": -0.9},
    "loud": {"energy": 0.9},
    "happy": {"valence": 0.9},
    "sad": {"valence": -0.9},
    "party": {"energy": 0.8, "valence": 0.6},
    "acoustic": {"acousticness": 0.9},
    "slow": {"tempo": -0.8},
    "fast": {"tempo": 0.8},
}
"""What a wish that holds a word gets; turned around within three words after a denial."""

_FELT = (
    "mellow",
    "energetic",
    "melanchol",
    "danceable",
    "groov",
    "dreamy",
    "dark",
    "happy",
    "sad",
    "calm",
    "slow",
    "fast",
)
_PLAYED = ("acoustic", "instrumental", "live")
"""Beginnings of tags that say how music feels and how it is played: they stand before what it is."""

_DENIALS = ("not", "no", "nothing", "without", "less")

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
}


def routes() -> list[Route]:
    """The routes below `/anthropic`."""
    return [Route("/v1/messages", _messages, methods=["POST"])]


async def _messages(request: Request) -> Response:
    if not request.headers.get("authorization", "").removeprefix("Bearer ").strip():
        return _refused(401, "invalid bearer token")
    if request.headers.get("anthropic-version") != VERSION:
        return _refused(400, f"anthropic-version: {VERSION} is needed")
    try:
        asked = json.loads(await request.body())
    except ValueError:
        return _refused(400, "the body is no JSON")
    if not isinstance(asked, dict):
        return _refused(400, "the body must be an object")
    if (problem := _problem(asked)) is not None:
        return problem
    question = _text(asked["messages"][-1]["content"])
    schema = ((asked.get("output_config") or {}).get("format") or {}).get("schema")
    answer = _answer(question, schema)
    stop, length = "end_turn", _tokens(answer)
    if REFUSE in question:
        answer, stop, length = "", "refusal", 0
    elif length > asked["max_tokens"]:
        answer = answer.encode()[: asked["max_tokens"] * BYTES_A_TOKEN].decode(errors="ignore")
        stop, length = "max_tokens", asked["max_tokens"]
    whole = _text(asked.get("system") or "") + json.dumps(asked["messages"]) + json.dumps(schema or "")
    return JSONResponse(
        {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": asked["model"],
            "content": [{"type": "text", "text": answer}] if answer else [],
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {
                "input_tokens": _tokens(whole),
                "output_tokens": length,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
            },
        }
    )


def _problem(asked: dict[str, Any]) -> Response | None:
    """Gives what the real service turns away."""
    if asked.get("model") not in MODELS:
        return _refused(404, f"model: {asked.get('model')}")
    if not isinstance(asked.get("max_tokens"), int) or asked["max_tokens"] < 1:
        return _refused(400, "max_tokens: must be a positive integer")
    if sent := [name for name in SAMPLING if name in asked]:
        return _refused(400, f"{sent[0]}: is not supported by this model")
    messages = asked.get("messages")
    if (
        not isinstance(messages, list)
        or not messages
        or not all(isinstance(row, dict) and "content" in row for row in messages)
    ):
        return _refused(400, "messages: at least one message is required")
    if messages[-1].get("role") != "user":
        return _refused(400, "messages: the conversation must end with a user message")
    if (asked.get("tool_choice") or {}).get("type") in ("any", "tool"):
        return _refused(400, "tool_choice: forcing a tool is not supported by this model")
    return None


def _answer(question: str, schema: dict[str, Any] | None) -> str:
    if schema is None:
        return "This is the sandbox: no model answers here."
    try:
        asked = json.loads(question)
        if "wish" in asked:
            return json.dumps(_felt(asked), ensure_ascii=False)
        if "songs" in asked:
            return json.dumps({"lines": [_line(row) for row in asked["songs"]]}, ensure_ascii=False)
        clusters, taken = asked["clusters"], set(asked.get("names already taken", ()))
    except (ValueError, KeyError, TypeError):
        return json.dumps(_least(schema, schema.get("$defs", {})))
    return json.dumps({"clusters": [_named(row, taken) for row in clusters]}, ensure_ascii=False)


def _named(cluster: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    """A name and a sentence made of a cluster's tags, unlike any name in `taken`, where it is entered."""
    tags = cluster["tags"][:3]
    pairs = [[tags[0], other] for other in cluster["tags"][1:]]
    tried = (_said(some) for some in [tags, *pairs, cluster["tags"]])
    names = (name for name in tried if name not in taken and len(name) <= _LONGEST_NAME)
    name = next(names, f"{tags[0]} {cluster['cluster']}")
    taken.add(name)
    return {
        "cluster": cluster["cluster"],
        "name": name,
        "description": f"Music that listeners call {', '.join(tags)}.",
        "tags": cluster["tags"][:4],
    }


def _line(song: dict[str, Any]) -> dict[str, Any]:
    """A sentence made of a song's tags and of why it was put forward."""
    tags, because = song["tags"][:2], song["because"][0]
    return {
        "song": song["song"],
        "line": f"A song called {' and '.join(tags)}: {because}",
        "rests_on": [*tags, because],
    }


def _said(tags: list[str]) -> str:
    """Tags as a person says them: how it feels, from when, how it is played, what it is; no word twice, in whatever form."""
    words = ["groovy" if tag == "groove" else tag for tag in tags]
    words = [
        tag for tag in words if not any(other != tag and set(tag.split()) <= set(other.split()) for other in words)
    ]
    eras = [word for word in words if word.endswith("0s")]
    played = [word for word in words if word.startswith(_PLAYED)]
    kinds = [word for word in words if word not in (*eras, *played) and not word.startswith(_FELT)][:2]
    apart = kinds[:1] if len(kinds) == 2 and set(kinds[0].split()) & set(kinds[1].split()) else kinds
    felt = [word for word in words if word.startswith(_FELT) and not any(one.startswith(word[:4]) for one in apart)]
    return " ".join([*felt[:1], *eras, *played, " and ".join(apart) or "songs"])


def _felt(asked: dict[str, Any]) -> dict[str, Any]:
    """The form of a mood, filled in from the words of the table and from tags and clusters that the wish names."""
    text = asked["wish"].casefold()
    words = text.replace(",", " ").split()
    form: dict[str, Any] = dict.fromkeys(("valence", "energy", "tempo", "acousticness"))
    for place, word in enumerate(words):
        sign = -1 if set(words[max(place - 3, 0) : place]) & set(_DENIALS) else 1
        for feeling, axes in _FEELINGS.items():
            if word.startswith(feeling):
                form |= {axis: sign * value for axis, value in axes.items() if form[axis] is None or sign < 0}
    named = [tag for tag in asked["tags"] if tag.casefold() in text][:6]
    near = [name for name in asked["clusters"] if name.casefold() in text][:2]
    hours = 5 if "tonight" in words else None
    return form | {"tags": named, "not_tags": [], "clusters": near, "eras": [], "hours": hours}


def _least(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """The smallest value that fits a JSON schema as pydantic writes it."""
    if "$ref" in schema:
        return _least(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    for choice in ("const", "default"):
        if choice in schema:
            return schema[choice]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _least(schema["anyOf"][0], definitions)
    match schema.get("type"):
        case "object":
            needed = schema.get("properties", {})
            return {name: _least(needed[name], definitions) for name in schema.get("required", needed)}
        case "array":
            return [_least(schema["items"], definitions)] * schema.get("minItems", 0)
        case "string":
            return "sandbox"
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case _:
            return None


def _text(content: Any) -> str:
    """The words of a message: a string, or blocks of which some are text."""
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content if isinstance(block, dict))


def _tokens(text: str) -> int:
    return math.ceil(len(text.encode()) / BYTES_A_TOKEN)


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"type": "error", "error": {"type": _KINDS[status], "message": message}}, status)
