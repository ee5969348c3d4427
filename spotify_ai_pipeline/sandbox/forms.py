"""Form bodies. Starlette's own parser wants a package for uploads, which nothing here needs."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request


async def form(request: Request) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body."""
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
