"""Reads for many nodes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from gateway.inventory.ledger import LedgerEntry
from gateway.store.views.coalescing import KEYS_MAX, Coalesced
from gateway.store.views.ledger import LedgerFilter, LedgerView, Position
from tests.builders import adjust
from tests.kernel import kernel, stock_up


def positions(entries: list[LedgerEntry], after: Position | None) -> Position:
    """Where a page ends that began after a position."""
    last = entries[-1].seq
    passed = sum(entry.seq == last for entry in entries)
    return last, passed + (after[1] if after and after[0] == last else 0)


async def test_entries_of_one_microsecond_are_neither_skipped_nor_repeated_at_the_end_of_a_page(
    mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {f"SKU-{n}": {"EAST": 10} for n in range(10)})
        # As if as many processes had written at once: each entry belongs to another item.
        await gateway.database["ledger"].update_many({"_id": {"$nin": ["tests:stock-SKU-0"]}}, {"$set": {"seq": 7}})
        view = LedgerView(gateway.database)
        seen: list[str] = []
        after: Position | None = None
        while page := await view.page(LedgerFilter(), after, 3):
            seen += [entry.key for entry in page]
            after = positions(page, after)
        assert sorted(seen) == sorted(f"tests:stock-SKU-{n}" for n in range(10))


async def test_the_newest_entries_of_many_items_come_in_one_call_each_with_its_own(
    mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 10}, "SOFA": {"EAST": 10}, "STOOL": {}})
        for number in range(5):
            await gateway.stock.apply(adjust(f"lamp-{number}", "LAMP", {"EAST": -1}))
        view = LedgerView(gateway.database)
        found = await view.of_items(["id-LAMP", "id-SOFA", "id-STOOL"], None, 2)
        keys = {item_id: [entry.idempotency_key for entry in entries] for item_id, entries in found.items()}
        assert keys == {"id-LAMP": ["lamp-4", "lamp-3"], "id-SOFA": ["stock-SOFA"], "id-STOOL": []}
        older = await view.of_items(["id-LAMP"], (found["id-LAMP"][1].seq, 1), 2)
        assert [entry.idempotency_key for entry in older["id-LAMP"]] == ["lamp-2", "lamp-1"]


class Reads:
    """A read that answers when it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, keys: Collection[int]) -> dict[int, str]:
        self.batches.append(sorted(keys))
        self.started.set()
        await self.go_on.wait()
        if 13 in keys:
            raise LookupError("unlucky")
        return {key: str(key) for key in keys if key >= 0}


async def test_what_is_asked_during_a_read_is_read_together_by_the_next() -> None:
    reads = Reads()
    loader = Coalesced(reads)
    first = asyncio.create_task(loader.many([1, -1, 1]))
    await reads.started.wait()
    others = [asyncio.create_task(loader.many([n, 2])) for n in (3, 4, 1)]
    await asyncio.sleep(0)
    reads.go_on.set()
    assert await first == ["1", None, "1"]
    assert [await other for other in others] == [["3", "2"], ["4", "2"], ["1", "2"]]
    assert reads.batches == [[-1, 1], [1, 2, 3, 4]]


async def test_a_failed_read_fails_those_who_waited_for_it_and_nobody_else() -> None:
    reads = Reads()
    reads.go_on.set()
    loader = Coalesced(reads)
    with pytest.raises(LookupError):
        await loader.many([13])
    assert await loader.many([1]) == ["1"]


async def test_a_caller_that_gives_up_does_not_spoil_it_for_the_others() -> None:
    reads = Reads()
    loader = Coalesced(reads)
    impatient, patient = (asyncio.create_task(loader.many([5])) for _ in range(2))
    await reads.started.wait()
    impatient.cancel()
    reads.go_on.set()
    assert await patient == ["5"]
    assert impatient.cancelled() or impatient.cancelling()


async def test_one_read_is_for_a_bounded_number_of_keys() -> None:
    reads = Reads()
    reads.go_on.set()
    keys = list(range(14, 14 + KEYS_MAX + 1))
    assert len(await Coalesced(reads).many(keys)) == KEYS_MAX + 1
    assert [len(batch) for batch in reads.batches] == [KEYS_MAX, 1]
