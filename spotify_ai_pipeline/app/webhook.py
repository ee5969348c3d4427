"""Messages for listeners without Telegram: what lies in the outbox goes to their webhook, each message once."""

from __future__ import annotations

from spotify_ai_pipeline.app import notification_policy
from spotify_ai_pipeline.clients.webhook import Note, Webhook
from spotify_ai_pipeline.music.mix.target_ids import link_of
from spotify_ai_pipeline.storage import notification_outbox, queue
from spotify_ai_pipeline.storage.notification_outbox import Notification
from spotify_ai_pipeline.storage.workspace import Workspace

SENT_UP_TO = "webhook sent up to"
TITLES = {
    notification_policy.CANDIDATE: "A new song for you",
    notification_policy.MOOD_SHIFT: "Your listening has changed",
    notification_policy.SIGN_IN: "Sign in again soon",
    notification_policy.SILENT_SOURCE: "A source is silent",
    notification_policy.SCORE_CARD: "Your week",
    notification_policy.FRIEND: "A friend plays something for you",
    notification_policy.NOT_ME: "Was this you?",
}


def send_waiting(workspace: Workspace, now: float) -> int:
    """Sends what waits, oldest first, and gives the number sent; in quiet hours it waits. A message whose sending was cut may
    come twice, none gets lost. Raises what ``Webhook.send`` raises."""
    if notification_policy.silent_because(workspace, now):
        return 0
    sent_up_to, count, webhook = workspace.state.fact(SENT_UP_TO) or 0.0, 0, Webhook(workspace)
    for message in notification_outbox.after(workspace.state, int(sent_up_to), now):
        if (note := _note(workspace, message)) is not None:
            webhook.send(note)
            count += 1
        workspace.state.set_fact(SENT_UP_TO, float(message.message_id))
    return count


def _note(workspace: Workspace, message: Notification) -> Note | None:
    """A message in words; None for what is no news any more, or concerns the bot alone."""
    title = TITLES.get(message.kind)
    if title is None:
        return None
    body = message.body
    if "item_id" in body:
        found = queue.item(workspace.state, body["item_id"])
        if found is None or found.status not in queue.OPEN:
            return None
        match = "" if found.chance is None else f"; predicted match {found.chance:.0%}"
        return Note(message.kind, title, f"{found.title} — {found.artist}\n{found.reason}{match}", found.link)
    if "song" in body:
        song = body["song"]
        text = f"{body['text']}\n{song['title']} — {song['artist']}"
        return Note(message.kind, title, text, link_of(song["track_id"]))
    return Note(message.kind, title, str(body["text"]))
