"""What the orders that a channel reports draw from its quotas. They are facts: no other quota stops them."""

from __future__ import annotations

from dataclasses import replace

from gateway.inventory.commands import StockView
from gateway.inventory.orders import OrderLine
from gateway.inventory.quotas import Draws, Fence, difference, first


class Drawing:
    """Draws for the lines of one report, one after the other."""

    def __init__(self, stock: StockView, channel_id: str) -> None:
        self.took_kept = False
        """Whether a line took units that are kept for other channels."""
        self._stock = stock
        self._channel_id = channel_id
        self._fences: dict[str, Fence | None] = {}

    def drawn(self, held: OrderLine | None, target: OrderLine) -> OrderLine:
        """The target with its draws: what it keeps of those of the line as it was, and more for what it takes more."""
        fence = self._fence(target)
        stays = held is not None and (held.item_id, held.location_id) == (target.item_id, target.location_id)
        before = held if held is not None and stays else None
        kept = first(before.draws, target.taken) if before else ()
        more = target.taken - (before.taken if before else 0)
        if fence is None:
            return replace(target, draws=kept)
        if held is not None:
            self._give_back(held, held.taken if before is None else max(0, -more), difference(held.draws, kept))
        if more <= 0:
            return replace(target, draws=kept)
        at = target.location_id
        if more > fence.room(self._channel_id, at) and fence.kept_from(self._channel_id, at):
            self.took_kept = True
        return replace(target, draws=(*kept, *fence.take(self._channel_id, at, more)))

    def _give_back(self, line: OrderLine, units: int, draws: Draws) -> None:
        fence = self._fence(line)
        if fence is not None:
            fence.give_back(draws)
            fence.put(line.location_id, units)

    def _fence(self, line: OrderLine) -> Fence | None:
        if line.item_id not in self._fences:
            self._fences[line.item_id] = self._stock.fence(self._stock.item_by_id(line.item_id))
        return self._fences[line.item_id]
