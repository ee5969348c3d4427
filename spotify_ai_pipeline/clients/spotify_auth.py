"""Signing in to Spotify by RFC 6749 (authorisation code) and RFC 7636 (PKCE), and the end of a sign-in.

PKCE is used beside the client secret: Spotify takes both together, and a code that is stolen on its way is worth nothing
without the verifier. An app without a secret signs in by PKCE alone.

A refresh token dies six months after the listener agreed, however often it is used. From then on Spotify answers
``invalid_grant``. An outage of its sign-in service has brought the same answer, so it is believed the second time, at least ten
minutes after the first: then the token is thrown away, one alert is raised, and nothing is asked again until the next sign-in.
"""

from __future__ import annotations

import hashlib
import secrets
import webbrowser
from base64 import urlsafe_b64encode
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients.redirect_listener import EndsTheWait, listening
from spotify_ai_pipeline.clients.sign_in import (
    ALERT,
    CAPABILITIES,
    DOUBT,
    DOUBT_ALERT,
    SCOPES,
    SIGN_IN_AGAIN,
    SIGNED_IN,
    USER,
    TokenFile,
    finite,
)
from spotify_ai_pipeline.clients.transport import Transport, Unreachable
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.errors import Refused, Retryable, UserError
from spotify_ai_pipeline.storage import alerts
from spotify_ai_pipeline.storage.workspace import Workspace

BELIEVED_AFTER = 600.0
"""Seconds from the first ``invalid_grant`` to one that is believed."""
LIFE_SECONDS = 3600.0
"""An access token lives so long where the answer does not say it (RFC 6749, 5.1 only recommends that it does)."""
LONGEST_LIFE = 7 * DAY
EARLY_SECONDS = 60.0
"""A token is renewed so long before its end."""


class NotConnected(UserError):
    """No app is configured: says what to do."""


class NeedsSignIn(UserError):
    """Nobody is signed in (any more): says what to do."""


class WrongApp(UserError):
    """Spotify does not take this app's id, secret or redirect address: says what to do."""


class SignInRefused(Refused):
    """Spotify did not take what the sign-in brought: says why and what to do."""


class SignInBusy(Retryable):
    """Spotify's sign-in service is in trouble, or it is not known yet whether it is."""


class NoBrowser(UserError):
    """This machine has no browser that can be opened."""


class NotThisSignIn(UserError):
    """An address that is no answer to this sign-in: says why and what to do."""


class Declined(SignInRefused, EndsTheWait):
    """The answer to this sign-in is a no."""


class _NoToken(Exception):
    """The sign-in service gave no token. ``error`` is its word for it (RFC 6749, 5.2), empty where it said none."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description or error or f"HTTP {status}")
        self.status, self.error = status, error


def oauth(workspace: Workspace) -> Auth:
    """The sign-in of ``workspace`` over our transport."""
    return Auth(workspace)


class Auth:
    """One sign-in: its address, its answer, and the tokens that come of it. spotipy asks it for the token of each call.

    A refresh is asked again while the service is in trouble. A code is posted once: it is good for one try, and the second
    post of a code that was taken makes Spotify withdraw what the first one brought (RFC 6749, 4.1.2).
    """

    def __init__(self, workspace: Workspace) -> None:
        app, service = workspace.secrets, workspace.settings.services.spotify_accounts
        if not app.spotify_client_id:
            raise NotConnected(
                "no Spotify app is configured: set SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET in .env (see .env.example)"
            )
        self.workspace = workspace
        self._client_id, self._secret = app.spotify_client_id, app.spotify_client_secret.get_secret_value()
        self._redirect_uri, self._url = workspace.settings.spotify.redirect_uri, service.url
        self._state, self._verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(64)
        self._file = TokenFile(workspace.token_file)
        self._repeated = Transport("spotify_accounts", service, workspace.state, safe_posts=True)
        self._once = Transport("spotify_accounts", service, workspace.state)

    def get_authorize_url(self) -> str:
        """The address at which the listener agrees."""
        challenge = hashlib.sha256(self._verifier.encode()).digest()
        asked = {
            "client_id": self._client_id,
            "response_type": "code",
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(SCOPES),
            "state": self._state,
            "code_challenge_method": "S256",
            "code_challenge": urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        }
        return f"{self._url}authorize?{urlencode(asked)}"

    def parse_response_code(self, address: str) -> str:
        """The code in the address that Spotify redirected to.

        Raises ``NotThisSignIn`` where the address does not carry the state of this sign-in: a code of somebody else's would
        connect somebody else's account (RFC 6749, 10.12). Raises ``Declined`` for a no.
        """
        try:
            answer = parse_qs(urlsplit(address.strip().strip("<>\"'")).query)
        except ValueError:
            answer = {}
        told = {name: values[0] if len(values) == 1 else "" for name, values in answer.items()}
        error, state, code = told.get("error", ""), told.get("state", ""), told.get("code", "")
        ours = secrets.compare_digest(state.encode(errors="replace"), self._state.encode())
        if error and (ours or not state):
            said = f"nobody agreed (Spotify says {error[:60]!r}); run `spotify-ai login` again"
            raise Declined(said) if ours else NotThisSignIn(said)
        if not code:
            raise NotThisSignIn(
                "that address holds no code; it has to be the whole address that the browser was sent to, with everything"
                " after the ?; run `spotify-ai login` again"
            )
        if not ours:
            what = "carries no state" if not state else "belongs to another sign-in (its state is not the one sent)"
            raise NotThisSignIn(
                f"that address {what}, so its code is not used; run `spotify-ai login` again and agree at the new address"
            )
        return code

    def from_browser(self) -> str:
        """Opens the browser and waits on the redirect address for what Spotify sends: the code. Raises ``NoBrowser``."""
        try:
            with listening(self._redirect_uri, self.parse_response_code) as wait:
                if not webbrowser.open(self.get_authorize_url()):
                    raise NoBrowser("no browser can be opened here; run `spotify-ai login --paste`")
                return wait()
        except OSError as error:
            raise SignInRefused(
                f"{self._redirect_uri} cannot be listened on ({error.strerror}); stop what uses it,"
                " or run `spotify-ai login --paste`"
            ) from None

    def sign_in(self, code: str) -> None:
        """Trades ``code`` for a token; what was known of an older sign-in is forgotten."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect_uri}
        try:
            answer = self._ask(self._once, form | {"code_verifier": self._verifier})
        except Unreachable:
            raise SignInRefused(
                "Spotify's sign-in service gave no answer that can be used; a code is good for one try, so run"
                " `spotify-ai login` again"
            ) from None
        except _NoToken as no:
            raise self._refusal_of_code(no) from None
        self._keep(answer, {"scope": " ".join(SCOPES)})
        state = self.workspace.state
        state.set_fact(SIGNED_IN, clock.now())
        for about in (USER, CAPABILITIES):
            state.set_fact(about, None)
        alerts.resolve_alert(state, ALERT)
        self._trust()

    def get_access_token(self, as_dict: bool = False) -> str:
        """The token for a call, renewed where it is about to end; spotipy calls this, and ``as_dict`` is its word."""
        kept = self._kept()
        if not kept.get("access_token") or finite(kept.get("expires_at")) - clock.now() < EARLY_SECONDS:
            kept = self.refresh_access_token(kept.get("refresh_token") or "")
        return kept["access_token"]

    def renew(self) -> None:
        """A fresh access token in the place of one that died before its time."""
        self.refresh_access_token(self._kept().get("refresh_token") or "")

    def refresh_access_token(self, refresh_token: str) -> dict[str, Any]:
        """A fresh access token; an answer without a refresh token keeps the old one."""
        if not refresh_token:
            raise NeedsSignIn(
                "this sign-in to Spotify cannot be renewed (no refresh token came with it); run `spotify-ai login`"
            )
        before = self._kept()
        try:
            answer = self._ask(self._repeated, {"grant_type": "refresh_token", "refresh_token": refresh_token})
        except _NoToken as no:
            if no.error == "invalid_grant" and no.status < 500:
                return self._doubt(refresh_token)
            raise self._refusal_of_app(no) or SignInBusy(
                f"Spotify's sign-in service did not renew the sign-in ({no}); try again later"
            ) from None
        self._trust()
        return self._keep(answer, {"scope": before.get("scope") or "", "refresh_token": refresh_token})

    def _ask(self, transport: Transport, form: dict[str, str]) -> dict[str, Any]:
        """The answer of the token endpoint, which holds an access token. Raises ``_NoToken``."""
        app: dict[str, Any] = {"auth": (self._client_id, self._secret)} if self._secret else {}
        form = form if self._secret else form | {"client_id": self._client_id}
        answer = transport.session.post(self._url + "api/token", data=form, allow_redirects=False, **app)
        body = _object(answer)
        token, kind = body.get("access_token"), body.get("token_type") or "Bearer"
        if answer.ok and _is_text(token) and str(kind).lower() == "bearer":
            return body
        error, description = body.get("error"), body.get("error_description")
        raise _NoToken(
            answer.status_code,
            error if isinstance(error, str) else "",
            str(description)[:200] if description else "" if not answer.ok else "an answer without an access token",
        )

    def _keep(self, answer: dict[str, Any], otherwise: dict[str, str]) -> dict[str, Any]:
        """Keeps the token of ``answer``; ``otherwise`` are the values of what it may leave out (RFC 6749, 5.1 and 6)."""
        said = {name: answer[name] for name in ("refresh_token", "scope") if isinstance(answer.get(name), str)}
        life = finite(answer.get("expires_in"))
        life = min(life, LONGEST_LIFE) if life > 0 else LIFE_SECONDS
        kept = {
            "access_token": answer["access_token"],
            "token_type": "Bearer",
            "expires_in": life,
            "expires_at": clock.now() + life,
            **otherwise,
            **{name: value for name, value in said.items() if value or name == "scope"},
        }
        self._file.save_token_to_cache(kept)
        return kept

    def _kept(self) -> dict[str, Any]:
        if (kept := self._file.get_cached_token()) is None:
            raise NeedsSignIn(SIGN_IN_AGAIN)
        return kept

    def _doubt(self, refresh_token: str) -> dict[str, Any]:
        """Gives what follows from ``invalid_grant``: the token of a newer sign-in, or an error."""
        kept = self._kept()
        if kept.get("refresh_token") != refresh_token:  # somebody signed in or renewed meanwhile
            return kept
        state, now = self.workspace.state, clock.now()
        mark = hashlib.sha256(refresh_token.encode()).hexdigest()[:16]
        before = state.fact(DOUBT) or {}
        first = before.get("at", now) if before.get("token") == mark else now
        if now - first >= BELIEVED_AFTER:
            self._end()
        state.set_fact(DOUBT, {"token": mark, "at": min(first, now)})
        said = (
            "Spotify's sign-in service refused your sign-in (invalid_grant), as it does in outages too; your sign-in is kept"
            " and asked about once more by a run in ten minutes or later: try again later"
        )
        alerts.raise_alert(state, DOUBT_ALERT, said)
        raise SignInBusy(said, min(first, now) + BELIEVED_AFTER)

    def _trust(self) -> None:
        """Forgets a refusal that proved wrong."""
        state = self.workspace.state
        if state.fact(DOUBT) is not None:
            state.set_fact(DOUBT, None)
        alerts.resolve_alert(state, DOUBT_ALERT)

    def _end(self) -> NoReturn:
        self._trust()
        self.workspace.token_file.unlink(missing_ok=True)
        alerts.raise_alert(
            self.workspace.state,
            ALERT,
            "Spotify needs you to sign in again (a sign-in ends after six months); run `spotify-ai login`",
        )
        raise NeedsSignIn(SIGN_IN_AGAIN)

    def _refusal_of_code(self, no: _NoToken) -> Exception:
        if no.status >= 500:
            return SignInRefused(
                f"Spotify's sign-in service is in trouble (HTTP {no.status}); a code is good for one try, so wait a while and"
                " run `spotify-ai login` again"
            )
        return self._refusal_of_app(no) or SignInRefused(
            f"Spotify refused the code ({no}): it was used already, is too old, or was meant for another redirect address;"
            " run `spotify-ai login` again"
        )

    def _refusal_of_app(self, no: _NoToken) -> Exception | None:
        """The error where the app is at fault, not the listener's sign-in; else None."""
        if no.error == "invalid_client":
            return WrongApp(
                f"Spotify does not take this app's id or secret ({no}); check SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET in"
                " .env against developer.spotify.com/dashboard; your sign-in is kept, and `spotify-ai doctor` says when they fit"
            )
        if no.error in ("unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_request"):
            return WrongApp(
                f"Spotify does not let this app sign in like this ({no.error}: {no}); check its settings at"
                f" developer.spotify.com/dashboard, where {self._redirect_uri} has to be a redirect address"
            )
        return None


def _object(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()
