"""The connection to the database is cut around the commit: the ledger tells what happened, nobody guesses."""

from __future__ import annotations

import asyncio

import pytest
from pymongo import MongoClient

from tests.builders import adjust
from tests.cut_proxy import Cut, cutting
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
@pytest.mark.parametrize("cut", list(Cut))
@pytest.mark.parametrize("cuts", [1, 2, 3])
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
        repeated = await gateway.stock.apply(adjust("k0", "LAMP", {"EAST": -1}))
        assert repeated.replayed
    assert assert_the_ledger_explains_the_stock(mongo_uri, database_name) == 1 + 5
