"""Spotify's accounts service: the listener always agrees, at once."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from .forms import form
from .tokens import ACCESS_S
from .world import World

WRONG_SECRET = "wrong"
"""The one client secret that is not taken: any other is that of an app somebody made."""


def routes(world: World) -> list[Route]:
    """The routes below `/accounts`."""

    async def authorize(request: Request) -> Response:
        """Sends the browser back to the app with a code."""
        asked = request.query_params
        redirect = asked.get("redirect_uri", "")
        if not asked.get("client_id"):
            return PlainTextResponse("INVALID_CLIENT: Invalid client", 400)
        if not _may_redirect(redirect):
            return PlainTextResponse("INVALID_CLIENT: Insecure redirect URI", 400)
        if asked.get("response_type") != "code":
            return PlainTextResponse("response_type must be code", 400)
        challenge = asked.get("code_challenge", "")
        if challenge and asked.get("code_challenge_method") != "S256":
            return PlainTextResponse("code_challenge_method must be S256", 400)
        answer = {"code": world.tokens.new_code(asked["client_id"], redirect, asked.get("scope", ""), challenge)}
        if "state" in asked:
            answer["state"] = asked["state"]
        return RedirectResponse(f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(answer)}", 302)

    async def token(request: Request) -> Response:
        """Codes and refresh tokens for access tokens."""
        fields = await form(request)
        client, secret = _client(request, fields)
        grant, verifier = fields.get("grant_type"), fields.get("code_verifier", "")
        # An app without a secret proves itself by the verifier (RFC 7636), and by its refresh token from then on.
        proven = secret or verifier or grant == "refresh_token"
        if not client or not proven or secret == WRONG_SECRET:
            return _refused("invalid_client", "Invalid client secret" if client else "Invalid client")
        if grant == "authorization_code":
            issued = world.tokens.redeem(fields.get("code", ""), client, fields.get("redirect_uri", ""), verifier)
            if issued is None:
                return _refused("invalid_grant", "Invalid authorization code")
            access, refresh, scope = issued
            return JSONResponse(_answer(access) | {"refresh_token": refresh, "scope": scope})
        if grant == "refresh_token":
            renewed = world.tokens.refresh(fields.get("refresh_token", ""), client)
            if renewed is None:
                return _refused("invalid_grant", "Invalid refresh token")
            return JSONResponse(_answer(renewed[0]) | {"scope": renewed[1]})
        if grant == "client_credentials":
            return JSONResponse(_answer(world.tokens.new_access(None)))
        return _refused("unsupported_grant_type", "grant_type parameter is missing or unknown")

    return [Route("/authorize", authorize, methods=["GET"]), Route("/api/token", token, methods=["POST"])]


def _may_redirect(uri: str) -> bool:
    """HTTPS, or a literal loopback address; the name `localhost` is refused."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if parts.hostname is None or parts.hostname == "localhost":
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1"))


def _client(request: Request, fields: dict[str, str]) -> tuple[str, str]:
    """Client id and secret, from the Basic header or the form."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return fields.get("client_id", ""), fields.get("client_secret", "")
    try:
        client, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote(client), unquote(secret)


def _answer(access: str) -> dict[str, Any]:
    return {"access_token": access, "token_type": "Bearer", "expires_in": ACCESS_S}


def _refused(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, 400)
