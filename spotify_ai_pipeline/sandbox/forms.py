"""Form bodies. Starlette's own parser wants a package for uploads; the library of mails reads them as well."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request


async def form(request: Request) -> dict[str, str]:
    """The fields of a form's body; a file is a string of its bytes (Latin-1)."""
    body, kind = await request.body(), request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    return _attached(
        {str(part.get_param("name", header="content-disposition")): _read(part) for part in message.iter_parts()}
    )


def _read(part: Any) -> str:
    content = part.get_payload(decode=True)
    return content.decode("latin-1" if part.get_filename() else "utf-8", "replace")


def _attached(fields: dict[str, str]) -> dict[str, str]:
    """Files in the place of the fields that name them by `attach://`."""
    there = {name: fields[name.removeprefix("attach://")] for name in fields.values() if name[9:] in fields}
    used = {name.removeprefix("attach://") for name in there}
    return {name: there.get(value, value) for name, value in fields.items() if name not in used}
