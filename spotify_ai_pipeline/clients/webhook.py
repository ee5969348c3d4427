"""One outbound webhook: messages to an address of the listener's own, in the form of ntfy, of Gotify, or as plain JSON."""

from __future__ import annotations

from dataclasses import dataclass

from spotify_ai_pipeline.clients.transport import Transport, sound_of
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.storage.workspace import Workspace


@dataclass(frozen=True)
class Note:
    """A message for a person: its kind, a short title, the text, and where it leads (empty: nowhere)."""

    kind: str
    title: str
    text: str
    link: str = ""


class Webhook:
    """The listener's address. Raises ``UserError`` where it is none."""

    def __init__(self, workspace: Workspace) -> None:
        secrets = workspace.secrets
        self._url, self._token = secrets.webhook_url.get_secret_value(), secrets.webhook_token.get_secret_value()
        self._form = workspace.settings.proactive.webhook
        if not self._url.startswith(("https://", "http://")):
            raise UserError("WEBHOOK_URL in .env must be an address such as https://ntfy.sh/your-topic")
        self._session = Transport("webhook", workspace.settings.services.webhook, workspace.state).session

    def send(self, note: Note) -> None:
        """Sends one message. Raises ``Retryable`` where the address is out of reach, ``Refused`` where it says no."""
        bearer = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        told = {"title": note.title, "message": note.text}
        if self._form == "ntfy":
            headers = {"Title": note.title.encode(), **({"Click": note.link} if note.link else {}), **bearer}
            answer = self._session.post(self._url, data=note.text.encode(), headers=headers)
        elif self._form == "gotify":
            extras = {"client::notification": {"click": {"url": note.link}}} if note.link else {}
            answer = self._session.post(
                self._url, json={**told, "extras": extras}, headers={"X-Gotify-Key": self._token}
            )
        else:
            answer = self._session.post(self._url, json={"kind": note.kind, **told, "link": note.link}, headers=bearer)
        sound_of(answer, "your webhook")
