"""The `fields` parameter: `items(added_at,item(id,name)),total`, dots, and `!name` for all but."""

from __future__ import annotations

import re
from typing import Any

from .call import Refused

_TOKEN = re.compile(r"[^\s,().]+|[,().]")
Mask = dict[str, Any]


def select(value: Any, fields: str | None) -> Any:
    """The parts of a JSON value that `fields` names. Raises Refused for a text that is no field list."""
    if not fields:
        return value
    tokens = _TOKEN.findall(fields)
    mask = _list(tokens)
    if tokens:
        raise Refused(400, "Invalid field filter")
    return _apply(value, mask)


def _list(tokens: list[str]) -> Mask:
    """name[.name | (list)] {, ...}; consumes `tokens`. {name: mask}, an empty mask = the whole value."""
    mask: Mask = {}
    while True:
        name, inner = _field(tokens)
        mask[name] = mask[name] | inner if mask.get(name) and inner else inner
        if not tokens or tokens[0] != ",":
            return mask
        tokens.pop(0)


def _field(tokens: list[str]) -> tuple[str, Mask]:
    if not tokens or tokens[0] in ",().":
        raise Refused(400, "Invalid field filter")
    name = tokens.pop(0)
    if tokens and tokens[0] == ".":
        tokens.pop(0)
        if tokens and tokens[0] == "(":
            return name, _parenthesised(tokens)
        inner, deeper = _field(tokens)
        return name, {inner: deeper}
    if tokens and tokens[0] == "(":
        return name, _parenthesised(tokens)
    return name, {}


def _parenthesised(tokens: list[str]) -> Mask:
    tokens.pop(0)
    mask = _list(tokens)
    if not tokens or tokens.pop(0) != ")":
        raise Refused(400, "Invalid field filter")
    return mask


def _apply(value: Any, mask: Mask) -> Any:
    if not mask:
        return value
    if isinstance(value, list):
        return [_apply(entry, mask) for entry in value]
    if not isinstance(value, dict):
        return value
    if any(name.startswith("!") for name in mask):
        return {k: v for k, v in value.items() if f"!{k}" not in mask}
    return {k: _apply(v, mask[k]) for k, v in value.items() if k in mask}
