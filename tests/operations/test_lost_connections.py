"""The connection to the database is cut around the commit: the ledger tells what happened, nobody guesses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pymongo import MongoClient

from gateway.bootstrap import Gateway
from gateway.inventory.customer_orders import OrderState
from gateway.inventory.ports import CommitUnknown
from gateway.store.driver import COMMIT_TRIES
from tests.builders import adjust
from tests.cut_proxy import Cut, cutting
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up
from tests.operations.ordering import call, lines

EVERY_TRY = 2 * COMMIT_TRIES
"""The driver sends a commit twice for each of ours: after so many cuts only the ledger knows."""


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
@pytest.mark.parametrize("cut", list(Cut))
@pytest.mark.parametrize("cuts", [1, EVERY_TRY])
async def test_a_commit_whose_answer_is_lost_is_applied_exactly_once(
    mongo_uri: str, database_name: str, driver: str, cut: Cut, cuts: int
) -> None:
    with MongoClient[dict[str, object]](mongo_uri) as client:
        client.admin.command("ping")
        assert client.primary is not None
        port = client.primary[1]
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 10}})
    async with (
        cutting(port, b"commitTransaction", cut, cuts) as uri,
        kernel(uri, database_name, mongodb_driver=driver) as gateway,
    ):
        calls = [gateway.stock.apply(adjust(f"k{n}", "LAMP", {"EAST": -1})) for n in range(5)]
        outcomes = await asyncio.gather(*calls)
        assert not any(outcome.replayed for outcome in outcomes)
        unknown = gateway.metrics.registry.get_sample_value("gateway_unknown_outcomes_total")
        assert unknown is not None
        assert (unknown > 0) is (cuts == EVERY_TRY)
        repeated = await gateway.stock.apply(adjust("k0", "LAMP", {"EAST": -1}))
        assert repeated.replayed
    assert assert_the_ledger_explains_the_stock(mongo_uri, database_name) == 1 + 5


async def test_a_step_whose_commit_was_not_answered_shows_the_order_as_it_is_by_then(
    stocked: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = stocked.stock_store.commit

    async def unanswered(*written: Any) -> None:
        monkeypatch.undo()
        await commit(*written)
        raise CommitUnknown

    monkeypatch.setattr(stocked.stock_store, "commit", unanswered)
    orders = stocked.orders.orders
    order = (await orders.checkout(call("order"), lines(LAMP=1))).view
    assert order.state is OrderState.UNPAID
    await orders.start_payment(call("start"), order.order.id)
    monkeypatch.setattr(stocked.stock_store, "commit", unanswered)
    outcome = await orders.payment_succeeded(call("paid"), order.order.id)
    assert (outcome.view.state, outcome.replayed) == (OrderState.PAID, False)
