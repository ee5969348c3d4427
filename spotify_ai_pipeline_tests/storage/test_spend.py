"""The ledger of what language models cost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from spotify_ai_pipeline.storage import spend
from spotify_ai_pipeline.storage.spend import OverBudget, Usage
from spotify_ai_pipeline.storage.state import State


def test_what_is_set_aside_counts_until_the_real_price_is_known(state: State) -> None:
    number = spend.set_aside(state, "names", "model", 4.0, 5.0)
    with pytest.raises(OverBudget):
        spend.set_aside(state, "names", "model", 2.0, 5.0)
    spend.book(state, number, Usage(100, 10, 0.5))
    assert spend.spent(state) == 0.5
    spend.release(state, spend.set_aside(state, "names", "model", 2.0, 5.0))
    assert spend.spent(state) == 0.5


def test_months_have_a_budget_each(state: State) -> None:
    spend.set_aside(state, "names", "model", 4.0, 5.0)
    with state.transaction() as connection:
        connection.execute("UPDATE spend SET month = '2020-01'")
    assert spend.spent(state) == 0
    assert spend.spent(state, "2020-01") == 4
    spend.set_aside(state, "names", "model", 4.0, 5.0)


def test_many_at_once_keep_one_cap(state: State) -> None:
    def one(_: int) -> None:
        with suppress(OverBudget):
            spend.set_aside(state, "names", "model", 0.4, 2.0)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(40)))
    assert spend.spent(state) == pytest.approx(2.0)
