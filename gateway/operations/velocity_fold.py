"""Folding the ledger into the velocity of its items, a part at a time: each entry once, or all of it anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from gateway.inventory.moments import last_seq
from gateway.operations.clock import Clock
from gateway.planning.activity import Switch
from gateway.planning.demand import ItemMovement
from gateway.planning.velocity import METHOD, ItemVelocity, Progress

SETTLED_AFTER = timedelta(seconds=15)
"""Age from which the ledger's order is final: a commit takes up to ten seconds, and clocks differ a little.

An entry that comes later still is noticed by the gap in its item's versions, at the item's next movement.
"""

ITEMS_MAX = 100
"""Items worked on at once: some milliseconds, in which the process answers nobody."""


class Movements(Protocol):
    """Reads the ledger in its own order."""

    async def part(self, after: int, until: int) -> tuple[list[ItemMovement], int]:
        """The next movements behind `after`, and the position up to which these are all; `until` at the end."""

    async def of_item(self, item_id: str, after: int, until: int) -> list[ItemMovement]: ...


class Velocities(Protocol):
    """Keeps what was folded."""

    async def progress(self) -> Progress | None: ...

    async def put_progress(self, progress: Progress) -> bool: ...

    async def switches(self) -> Sequence[Switch]: ...

    async def many(self, item_ids: Collection[str]) -> dict[str, ItemVelocity]: ...

    async def put_many(self, velocities: Sequence[ItemVelocity]) -> None: ...


class VelocityFold:
    """Follows the ledger. Whatever is done twice, by whom ever, changes nothing."""

    def __init__(self, ledger: Movements, velocities: Velocities, clock: Clock, half_life_days: float) -> None:
        self._ledger = ledger
        self._velocities = velocities
        self._clock = clock
        self._half_life_days = half_life_days

    async def step(self, token: int) -> bool:
        """Fold in the next part of the ledger; whether there may be more. Raises a StorageError.

        `token` is that of the caller's lease. At another half-life, or by another method than before, everything is
        folded anew.
        """
        progress = self._continued(await self._velocities.progress(), token)
        until = last_seq(self._clock() - SETTLED_AFTER)
        if until <= progress.seq:
            return False
        movements, end = await self._ledger.part(progress.seq, until)
        by_item: dict[str, list[ItemMovement]] = defaultdict(list)
        for movement in movements:
            by_item[movement.item_id].append(movement)
        items = list(by_item.items())
        for start in range(0, len(items), ITEMS_MAX):
            await self._fold(dict(items[start : start + ITEMS_MAX]), progress.round, end)
        return await self._velocities.put_progress(replace(progress, seq=end)) and end < until

    def _continued(self, known: Progress | None, token: int) -> Progress:
        if known is None:
            return Progress(-1, self._half_life_days, 0, token)
        if (known.half_life_days, known.method) != (self._half_life_days, METHOD):
            return Progress(-1, self._half_life_days, known.round + 1, token)
        return replace(known, token=token)

    async def _fold(self, by_item: dict[str, list[ItemMovement]], round_: int, end: int) -> None:
        stored = await self._velocities.many(by_item)
        known = {item_id: velocity for item_id, velocity in stored.items() if velocity.round == round_}
        switches = await self._velocities.switches() if len(known) < len(by_item) else ()
        changed = []
        for item_id, movements in by_item.items():
            begun = ItemVelocity(item_id, self._half_life_days, round_, switches=switches)
            velocity = known.get(item_id, begun)
            if not velocity.fold(movements):
                await self._catch_up(velocity, end)
            changed.append(velocity)
        await self._velocities.put_many(changed)

    async def _catch_up(self, velocity: ItemVelocity, end: int) -> None:
        """Fold in all that the ledger has of the item behind its own position; what is missing there is nowhere."""
        while movements := await self._ledger.of_item(velocity.item_id, velocity.seq, end):
            for movement in movements:
                velocity.take_in(movement)
