"""The cost of language models: a ledger by month (UTC) with a hard cap.

The most that a question can cost is set aside before it is sent, in the transaction that looks at the cap, so that processes
side by side keep one cap. The answer's real usage replaces it. A question whose answer was lost keeps what was set aside:
nobody knows that it was free.
"""

from __future__ import annotations

from dataclasses import dataclass

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import Retryable
from spotify_ai_pipeline.storage.state import State


class OverBudget(Retryable):
    """A question that could bring the month above its cap: it was not sent."""

    def __init__(self, spent: float, most: float, cap: float) -> None:
        super().__init__(
            f"language model: {spent:.2f} of {cap:.2f} USD are spent this month, and a question for up to {most:.4f} USD does "
            "not fit; raise claude.monthly_budget_usd or wait for the next month"
        )


@dataclass(frozen=True)
class Usage:
    """The tokens that an answer says it took."""

    input_tokens: int
    output_tokens: int
    usd: float


def spent(state: State, month: str | None = None) -> float:
    """USD of ``month`` (2026-11; default: this one), with what is set aside for questions under way."""
    row = state.rows("SELECT coalesce(sum(usd), 0) AS usd FROM spend WHERE month = ?", (month or this_month(),))[0]
    return float(row["usd"])


def spent_by_purpose(state: State) -> dict[str, float]:
    """USD of this month by what was asked for, the dearest first."""
    rows = state.rows(
        "SELECT purpose, sum(usd) AS usd FROM spend WHERE month = ? GROUP BY purpose ORDER BY usd DESC, purpose",
        (this_month(),),
    )
    return {row["purpose"]: float(row["usd"]) for row in rows}


def set_aside(state: State, purpose: str, model: str, most: float, cap: float) -> int:
    """Enters a question that costs ``most`` USD at worst and gives its number; raises ``OverBudget`` where the month has no
    room for it below ``cap``."""
    month = this_month()
    with state.said() as connection:
        (so_far,) = connection.execute("SELECT coalesce(sum(usd), 0) FROM spend WHERE month = ?", (month,)).fetchone()
        if so_far + most > cap:
            raise OverBudget(so_far, most, cap)
        number = connection.execute(
            "INSERT INTO spend (month, asked_at, purpose, model, usd) VALUES (?, ?, ?, ?, ?)",
            (month, clock.now(), purpose, model, most),
        ).lastrowid
    assert number is not None
    return number


def book(state: State, number: int, usage: Usage) -> None:
    """Puts what question ``number`` did cost in the place of what was set aside for it."""
    with state.said() as connection:
        connection.execute(
            "UPDATE spend SET usd = ?, input_tokens = ?, output_tokens = ? WHERE spend_id = ?",
            (usage.usd, usage.input_tokens, usage.output_tokens, number),
        )


def release(state: State, number: int) -> None:
    """Takes back question ``number``: the service turned it away, or it was never sent."""
    with state.said() as connection:
        connection.execute("DELETE FROM spend WHERE spend_id = ?", (number,))


def this_month() -> str:
    return f"{clock.utc_now():%Y-%m}"
