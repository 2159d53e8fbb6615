"""All rules from memory, and never older than what was told."""

from __future__ import annotations

import asyncio

from gateway.inventory.buffer_rules import BufferRule, BufferSelector, BufferValues, DynamicBuffer
from gateway.store.buffer_rules import BufferRuleDirectory, BufferRuleStore
from tests.builders import NOW
from tests.kernel import kernel

WHOLE = BufferRule(BufferSelector("web", "EAST", "a/b"), BufferValues(1, 2, 3, 4, DynamicBuffer(0.95, 9)), NOW)
BARE = BufferRule(BufferSelector(item_id="i"), BufferValues(stop_at=0), NOW)


async def test_rules_are_read_as_they_were_written(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        store = BufferRuleStore(gateway.database)
        directory = BufferRuleDirectory(store)
        assert not await directory.all()
        for rule in (WHOLE, BARE):
            await store.put(rule)
        known = await directory.all(fresh=True)
        assert set(known) == {WHOLE, BARE} and WHOLE.selector in known
        assert await directory.all(fresh=True) is known, "the same object says that nothing has changed"
        assert await store.delete(BARE.selector) and not await store.delete(BARE.selector)
        assert set(await directory.all(fresh=True)) == {WHOLE}


class SlowRules(BufferRuleStore):
    """Reads as of the moment in which it is asked, and answers later."""

    def __init__(self) -> None:
        self.now: list[BufferRule] = []
        self.reading = asyncio.Event()
        self.go_on = asyncio.Event()

    async def all(self) -> list[BufferRule]:
        read = list(self.now)
        self.reading.set()
        await self.go_on.wait()
        return read


async def test_a_rule_that_is_made_while_the_rules_are_read_is_seen_at_the_next_look() -> None:
    store = SlowRules()
    directory = BufferRuleDirectory(store)
    look = asyncio.create_task(directory.all())
    await store.reading.wait()
    store.now.append(BARE)
    directory.forget()
    store.go_on.set()
    assert not await look
    assert list(await directory.all()) == [BARE]
