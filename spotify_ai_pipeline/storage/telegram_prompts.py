"""Questions that the bot has on the screen, so that a restart in mid-question forgets none of them."""

from __future__ import annotations

from dataclasses import dataclass

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.storage.state import State


@dataclass(frozen=True)
class Prompt:
    """A message with the buttons of a question."""

    chat_id: int
    message_id: int
    item_id: int


def show(state: State, chat_id: int, message_id: int, item_id: int) -> None:
    with state.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO shown (chat_id, message_id, item_id, shown_at) VALUES (?, ?, ?, ?)",
            (chat_id, message_id, item_id, clock.now()),
        )


def close(state: State, chat_id: int, message_id: int) -> None:
    """Its buttons are gone."""
    with state.transaction() as connection:
        connection.execute(
            "UPDATE shown SET closed_at = ? WHERE chat_id = ? AND message_id = ? AND closed_at IS NULL",
            (clock.now(), chat_id, message_id),
        )


def on_screen(state: State, chat_id: int) -> list[Prompt]:
    """The questions whose buttons are there, oldest first."""
    rows = state.rows(
        "SELECT chat_id, message_id, item_id FROM shown WHERE chat_id = ? AND closed_at IS NULL ORDER BY shown_at",
        (chat_id,),
    )
    return [Prompt(*row) for row in rows]
