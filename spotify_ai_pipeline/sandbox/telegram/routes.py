"""The Bot API at `/telegram/bot<token>/<method>`, the chat as a page at `/telegram`, and the listener's thumb at
`/sandbox/telegram/`.

    GET  /sandbox/telegram/chat                  messages as shown, the command menu, taps and their answers, methods called
    POST /sandbox/telegram/say   {text[, user]}  the listener writes
    POST /sandbox/telegram/tap   {message_id, data[, user]}
    PUT  /sandbox/telegram/flood {seconds, calls[, method]}  that many calls are turned away with 429
    POST /sandbox/telegram/revoke                the token is taken no more, as after /revoke at BotFather's
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ..forms import form
from .chat import ME, TOKEN, USER, Chat
from .tables import METHODS, Bad, read

_TERMINATED = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def routes() -> list[Route]:
    """The routes of a chat that is empty yet."""
    chat = Chat()

    async def call(request: Request) -> Response:
        token, method = request.path_params["token"], request.path_params["method"]
        if chat.revoked or token != TOKEN:
            return _refused(401, "Unauthorized")
        if method not in METHODS:
            return _refused(404, "Not Found")
        chat.calls.append(method)
        if chat.flood.get("calls", 0) > 0 and chat.flood.get("method", method) == method:
            chat.flood["calls"] -= 1
            seconds = chat.flood["seconds"]
            return _refused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
        try:
            values = read(method, {**dict(request.query_params), **await form(request)})
        except Bad as problem:
            return _refused(400, str(problem))
        return await _do(chat, method, values, request)

    async def shown(_: Request) -> Response:
        return JSONResponse(
            {"messages": chat.shown(), "commands": chat.commands, "taps": chat.callbacks, "calls": chat.calls[-2_000:]}
        )

    async def say(request: Request) -> Response:
        told = await request.json()
        return JSONResponse(chat.say(told["text"], told.get("user", USER)))

    async def tap(request: Request) -> Response:
        told = await request.json()
        return JSONResponse({"query": chat.tap(told["message_id"], told["data"], told.get("user", USER))})

    async def flood(request: Request) -> Response:
        chat.flood = await request.json()
        return JSONResponse(chat.flood)

    async def revoke(_: Request) -> Response:
        chat.revoked = True
        return JSONResponse({})

    async def page(_: Request) -> Response:
        return HTMLResponse(
            files("spotify_ai_pipeline.sandbox.telegram").joinpath("page.html").read_text(encoding="utf-8")
        )

    return [
        Route("/telegram/bot{token}/{method}", call, methods=["GET", "POST"]),
        Route("/telegram", page),
        Route("/sandbox/telegram/chat", shown),
        Route("/sandbox/telegram/say", say, methods=["POST"]),
        Route("/sandbox/telegram/tap", tap, methods=["POST"]),
        Route("/sandbox/telegram/flood", flood, methods=["PUT"]),
        Route("/sandbox/telegram/revoke", revoke, methods=["POST"]),
    ]


async def _do(chat: Chat, method: str, values: dict[str, Any], request: Request) -> Response:
    if values.get("chat_id", USER) != USER:
        return _refused(400, "Bad Request: chat not found")
    match method:
        case "getMe":
            return _fine(ME)
        case "getUpdates":
            offset, limit, timeout = values.get("offset"), values.get("limit", 100), values.get("timeout", 0)
            updates = await chat.fetch(offset, limit, timeout, request.is_disconnected)
            return _refused(409, _TERMINATED) if updates is None else _fine(updates)
        case "setMyCommands":
            chat.commands = values["commands"]
            return _fine(True)
        case "getMyCommands":
            return _fine(chat.commands)
        case "answerCallbackQuery":
            query = values["callback_query_id"]
            if chat.callbacks.get(query, "") is not None:
                return _refused(400, _TOO_OLD)
            chat.callbacks[query] = values.get("text", "")
            return _fine(True)
        case "sendMessage":
            return _fine(chat.send(values["text"], values.get("reply_markup"), values.get("parse_mode") == "HTML"))
        case "sendAudio":
            return _fine(chat.play(values))
        case "editMessageText" | "editMessageReplyMarkup":
            changes: dict[str, Any] = {"markup": values.get("reply_markup")}
            if "text" in values:
                changes |= {"source": values["text"], "html": values.get("parse_mode") == "HTML"}
            done = chat.edit(values["message_id"], changes)
            return _refused(400, done) if isinstance(done, str) else _fine(done)
        case _:
            return _fine(True)


def _fine(result: object) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _refused(status: int, description: str, parameters: dict[str, int] | None = None) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return JSONResponse(body | ({"parameters": parameters} if parameters else {}), status)
