"""Methods, fields and limits of Bot API 10.1, as far as they are served: what a call must have, may have, and may not exceed."""

from __future__ import annotations

import json
import re
from typing import Any

from .markup import Unreadable, plain

_TEXT, _CALLBACK_DATA, _ANSWER, _COMMANDS = 4096, 64, 200, 100
_BUTTONS = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")

_ADDRESS = {"business_connection_id": "String", "message_thread_id": "Integer"}
_WRITING = {"parse_mode": "String", "entities": "Array of MessageEntity", "link_preview_options": "LinkPreviewOptions"}
METHODS: dict[str, dict[str, str]] = {
    "getMe": {},
    "getUpdates": {
        "offset": "Integer",
        "limit": "Integer",
        "timeout": "Integer",
        "allowed_updates": "Array of String",
    },
    "deleteWebhook": {"drop_pending_updates": "Boolean"},
    "setMyCommands": {"commands": "Array of BotCommand", "scope": "BotCommandScope", "language_code": "String"},
    "getMyCommands": {"scope": "BotCommandScope", "language_code": "String"},
    "sendChatAction": {"chat_id": "Integer", "action": "String", **_ADDRESS},
    "sendMessage": {
        "chat_id": "Integer",
        "text": "String",
        "reply_markup": "InlineKeyboardMarkup",
        "disable_notification": "Boolean",
        "protect_content": "Boolean",
        **_ADDRESS,
        **_WRITING,
    },
    "sendAudio": {
        "chat_id": "Integer",
        "audio": "String",
        "performer": "String",
        "title": "String",
        "caption": "String",
        "reply_markup": "InlineKeyboardMarkup",
        "reply_parameters": "ReplyParameters",
        "disable_notification": "Boolean",
        "protect_content": "Boolean",
        **_ADDRESS,
    },
    "editMessageText": {
        "chat_id": "Integer",
        "message_id": "Integer",
        "text": "String",
        "reply_markup": "InlineKeyboardMarkup",
        "business_connection_id": "String",
        **_WRITING,
    },
    "editMessageReplyMarkup": {
        "chat_id": "Integer",
        "message_id": "Integer",
        "reply_markup": "InlineKeyboardMarkup",
        "business_connection_id": "String",
    },
    "answerCallbackQuery": {
        "callback_query_id": "String",
        "text": "String",
        "show_alert": "Boolean",
        "url": "String",
        "cache_time": "Integer",
    },
}
"""The fields of each method and their types."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "setMyCommands": ("commands",),
    "sendChatAction": ("chat_id", "action"),
    "sendMessage": ("chat_id", "text"),
    "sendAudio": ("chat_id", "audio"),
    "answerCallbackQuery": ("callback_query_id",),
}
NEEDED_HERE: dict[str, tuple[str, ...]] = {
    "editMessageText": ("chat_id", "message_id", "text"),
    "editMessageReplyMarkup": ("chat_id", "message_id"),
}
"""Needed where there are no inline messages and no rich ones."""

OBJECTS: dict[str, dict[str, str]] = {
    "InlineKeyboardMarkup": {"inline_keyboard": "Array of Array of InlineKeyboardButton"},
    "InlineKeyboardButton": {"text": "String", "url": "String", "callback_data": "String", "style": "String"},
    "BotCommand": {"command": "String", "description": "String"},
    "LinkPreviewOptions": {"is_disabled": "Boolean", "url": "String"},
    "ReplyParameters": {"message_id": "Integer", "allow_sending_without_reply": "Boolean"},
}
OBJECTS_REQUIRED: dict[str, tuple[str, ...]] = {
    "InlineKeyboardMarkup": ("inline_keyboard",),
    "InlineKeyboardButton": ("text",),
    "BotCommand": ("command", "description"),
    "ReplyParameters": ("message_id",),
}
_SIMPLE: dict[str, type] = {"Integer": int, "String": str, "Boolean": bool}


class Bad(ValueError):
    """A call that Telegram turns away: its description."""


def read(method: str, form: dict[str, str]) -> dict[str, Any]:
    """The parameters of a call with their types. Raises Bad."""
    fields = METHODS[method]
    if unknown := [name for name in form if name not in fields]:
        raise Bad(f"Bad Request: {method} has no field {unknown[0]}")
    for name in (*REQUIRED.get(method, ()), *NEEDED_HERE.get(method, ())):
        if name not in form:
            raise Bad("Bad Request: message text is empty" if name == "text" else f"Bad Request: {name} is empty")
    values = {name: _value(fields[name], text, name) for name, text in form.items()}
    _limits(method, values)
    return values


def _value(kind: str, text: str, name: str) -> Any:
    if kind == "String":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        raise Bad(f"Bad Request: can't parse {name}") from None
    _fits(kind, value, name)
    return value


def _fits(kind: str, value: Any, name: str) -> None:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            raise Bad(f"Bad Request: {name} must be an Array")
        for one in value:
            _fits(kind.removeprefix("Array of "), one, name)
    elif kind in _SIMPLE:
        if not isinstance(value, _SIMPLE[kind]) or (kind == "Integer" and isinstance(value, bool)):
            raise Bad(f"Bad Request: {name} must be of type {kind}")
    elif kind in OBJECTS:
        if not isinstance(value, dict):
            raise Bad(f"Bad Request: {name} must be an Object")
        for part, its_kind in OBJECTS[kind].items():
            if part in value:
                _fits(its_kind, value[part], part)
        if unknown := set(value) - set(OBJECTS[kind]):
            raise Bad(f"Bad Request: {kind} has no field {sorted(unknown)[0]}")
        if missing := [part for part in OBJECTS_REQUIRED.get(kind, ()) if part not in value]:
            raise Bad(f"Bad Request: can't parse {name}: no {missing[0]}")


def _limits(method: str, values: dict[str, Any]) -> None:
    if "text" in values and method != "answerCallbackQuery":
        if values.get("parse_mode", "HTML") != "HTML":
            raise Bad("Bad Request: unsupported parse_mode")
        try:
            shown = plain(values["text"]) if "parse_mode" in values else values["text"]
        except Unreadable as problem:
            raise Bad(f"Bad Request: can't parse entities: {problem}") from None
        if not shown.strip():
            raise Bad("Bad Request: message text is empty")
        if len(shown) > _TEXT:
            raise Bad("Bad Request: message is too long")
    if method == "answerCallbackQuery" and len(values.get("text", "")) > _ANSWER:
        raise Bad("Bad Request: MESSAGE_TOO_LONG")
    if method == "setMyCommands":
        if len(values["commands"]) > _COMMANDS:
            raise Bad("Bad Request: BOT_COMMANDS_TOO_MUCH")
        for command in values["commands"]:
            if not _COMMAND.fullmatch(command["command"]) or not 1 <= len(command["description"]) <= 256:
                raise Bad("Bad Request: BOT_COMMAND_INVALID")
    rows = values.get("reply_markup", {}).get("inline_keyboard", [])
    if sum(map(len, rows)) > _BUTTONS:
        raise Bad("Bad Request: reply markup is too long")
    for button in (button for row in rows for button in row):
        if ("url" in button) == ("callback_data" in button):
            raise Bad("Bad Request: can't parse inline keyboard button: exactly one optional field must be used")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= _CALLBACK_DATA:
            raise Bad("Bad Request: BUTTON_DATA_INVALID")
        if "url" in button and not button["url"].startswith(("https://", "http://", "tg://")):
            raise Bad(f"Bad Request: inline keyboard button URL '{button['url']}' is invalid")
