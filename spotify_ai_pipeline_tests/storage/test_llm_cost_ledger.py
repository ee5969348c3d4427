"""The ledger of what language models cost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from spotify_ai_pipeline.storage import llm_cost_ledger
from spotify_ai_pipeline.storage.llm_cost_ledger import OverBudget, Usage
from spotify_ai_pipeline.storage.state import State


def test_what_is_set_aside_counts_until_the_real_price_is_known(state: State) -> None:
    number = llm_cost_ledger.set_aside(state, "names", "model", 4.0, 5.0)
    with pytest.raises(OverBudget):
        llm_cost_ledger.set_aside(state, "names", "model", 2.0, 5.0)
    llm_cost_ledger.book(state, number, Usage(100, 10, 0.5))
    assert llm_cost_ledger.spent(state) == 0.5
    llm_cost_ledger.release(state, llm_cost_ledger.set_aside(state, "names", "model", 2.0, 5.0))
    assert llm_cost_ledger.spent(state) == 0.5


def test_months_have_a_budget_each(state: State) -> None:
    llm_cost_ledger.set_aside(state, "names", "model", 4.0, 5.0)
    with state.transaction() as connection:
        connection.execute("UPDATE spend SET month = '2020-01'")
    assert llm_cost_ledger.spent(state) == 0
    assert llm_cost_ledger.spent(state, "2020-01") == 4
    llm_cost_ledger.set_aside(state, "names", "model", 4.0, 5.0)


def test_many_at_once_keep_one_cap(state: State) -> None:
    def one(_: int) -> None:
        with suppress(OverBudget):
            llm_cost_ledger.set_aside(state, "names", "model", 0.4, 2.0)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(40)))
    assert llm_cost_ledger.spent(state) == pytest.approx(2.0)
