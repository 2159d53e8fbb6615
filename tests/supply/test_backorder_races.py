"""Two processes promise, receive and cancel at the same time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.arrivals import Arrival
from gateway.inventory.backordering import InboundShare
from gateway.inventory.backorders import Backorder
from gateway.inventory.errors import Code, InventoryError
from gateway.inventory.inbound import InboundOrder
from gateway.inventory.receiving import ExpectedLine
from gateway.operations.documents import TRIES
from gateway.operations.inbound import InboundOperations
from gateway.store.views.inbound import InboundView
from tests.kernel import kernel, stock_up
from tests.movements.stocked import call, level
from tests.supply.bound import assert_promises_agree

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two gateway processes on one database."""

    one: Gateway
    other: Gateway

    @property
    def both(self) -> tuple[Gateway, Gateway]:
        return self.one, self.other

    async def bought(self, units: int) -> str:
        lines = [ExpectedLine("LAMP", "EAST", units)]
        return (await self.one.movements.inbound.create(call(), "ACME", lines)).document.id


@pytest.fixture
async def pair(mongo_uri: str, database_name: str) -> AsyncIterator[Pair]:
    async with kernel(mongo_uri, database_name) as one, kernel(mongo_uri, database_name) as other:
        await stock_up(one, {"LAMP": {"EAST": 0}})
        await other.stock_store.locations(fresh=True)
        yield Pair(one, other)
        await assert_promises_agree(one)
        assert (await one.movements.auditor.run()).mismatches == []


async def answered(work: Awaitable[T]) -> T | Code:
    try:
        return await work
    except InventoryError as error:
        return error.code


async def promised(gateway: Gateway, inbound_id: str, units: int) -> Backorder | Code:
    done = await answered(gateway.supply.backorders.create(call(), [InboundShare(inbound_id, 0, units)]))
    return done if isinstance(done, Code) else done.document


async def test_the_last_unit_on_its_way_is_promised_once(pair: Pair) -> None:
    inbound_id = await pair.bought(7)
    answers = await asyncio.gather(*(promised(gateway, inbound_id, 1) for gateway in pair.both for _ in range(20)))
    assert sum(isinstance(answer, Backorder) for answer in answers) == 7
    assert {answer for answer in answers if isinstance(answer, Code)} == {Code.MORE_THAN_EXPECTED}
    await pair.other.movements.inbound.receive(call(), inbound_id)
    assert await level(pair.one, "LAMP", "EAST") == (0, 7, 0, 0)


@pytest.mark.parametrize("seed", range(2))
async def test_whoever_is_promised_units_while_they_arrive_gets_them(pair: Pair, seed: int) -> None:
    chance = random.Random(seed)
    inbound_id = await pair.bought(60)
    mine = [await promised(gateway, inbound_id, 2) for gateway in pair.both for _ in range(4)]

    async def receive(gateway: Gateway) -> int:
        done = await answered(gateway.movements.inbound.receive(call(), inbound_id, [Arrival(0, 5)]))
        return 0 if isinstance(done, Code) else 5

    async def cancel(gateway: Gateway, backorder: Backorder | Code) -> int:
        assert isinstance(backorder, Backorder)
        await answered(gateway.supply.backorders.cancel(call(), backorder.id))
        return 0

    async def promise(gateway: Gateway) -> int:
        await promised(gateway, inbound_id, chance.randint(1, 4))
        return 0

    works = [cancel(gateway, backorder) for gateway, backorder in zip(pair.both * 4, mine, strict=True)]
    works += [receive(gateway) for gateway in pair.both for _ in range(5)]
    works += [promise(gateway) for gateway in pair.both for _ in range(12)]
    chance.shuffle(works)
    received = sum(await asyncio.gather(*works))
    available, allocated, incoming, _ = await level(pair.one, "LAMP", "EAST")
    assert (available + allocated, incoming) == (received, 60 - received)
    await pair.one.movements.inbound.receive(call(), inbound_id)
    available, allocated, _, _ = await level(pair.one, "LAMP", "EAST")
    assert available + allocated == 60


class Stale:
    """Reads a purchase as it was at first, `times` times, and then as it is."""

    def __init__(self, gateway: Gateway, times: int) -> None:
        self._view = InboundView(gateway.database)
        self._times = times
        self._first: InboundOrder | None = None

    async def by_id(self, document_id: str) -> InboundOrder | None:
        if self._first is None:
            self._first = await self._view.by_id(document_id)
        self._times -= 1
        return self._first if self._times >= 0 else await self._view.by_id(document_id)


@pytest.mark.parametrize(("times", "allocated"), [(2, 4), (TRIES + 1, 0)])
async def test_a_receipt_that_did_not_know_of_a_backorder_is_prepared_anew(
    pair: Pair, times: int, allocated: int
) -> None:
    inbound_id = await pair.bought(5)
    reader = Stale(pair.other, times)
    assert await reader.by_id(inbound_id) is not None
    await promised(pair.one, inbound_id, 4)
    receipt = InboundOperations(pair.other.stock, reader).receive(call(), inbound_id)
    if allocated:
        await receipt
    else:
        assert await answered(receipt) is Code.CONTENTION
    assert (await level(pair.one, "LAMP", "EAST"))[1] == allocated
