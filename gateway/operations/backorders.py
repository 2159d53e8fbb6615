"""Backorders: made, moved to other purchases, cancelled; what arrives for them is allocated by the receipt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from gateway.inventory.backorder_steps import CancelBackorder, MoveBackorder
from gateway.inventory.backordering import CreateBackorder, InboundShare
from gateway.inventory.backorders import Backorder
from gateway.inventory.commands import LINES_MAX
from gateway.inventory.errors import Code
from gateway.inventory.identifiers import check_count
from gateway.inventory.ledger import Cause
from gateway.operations.calls import Call
from gateway.operations.documents import Changed, DocumentRepository, Documents
from gateway.operations.sourcing import Sourcing
from gateway.operations.stock import StockOperations

ChangedBackorder = Changed[Backorder]


class PurchaseItems(Protocol):
    async def item_ids(self, inbound_ids: Collection[str]) -> tuple[str, ...]:
        """Of all items of these purchases; what is not there has none."""


class BackorderOperations:
    """Each returns the backorder as it stands afterwards, or raises the InventoryError that refused it."""

    def __init__(
        self,
        stock: StockOperations,
        backorders: DocumentRepository[Backorder],
        purchases: PurchaseItems,
        sourcing: Sourcing,
    ) -> None:
        self._backorders = Documents(Backorder, stock, backorders, Code.BACKORDER_NOT_FOUND, "backorderId")
        self._purchases = purchases
        self._sourcing = sourcing

    async def create(
        self,
        call: Call,
        lines: Sequence[InboundShare],
        *,
        owner: str | None = None,
        channel_id: str | None = None,
    ) -> ChangedBackorder:
        """Promise units of purchases to an owner, all of them or none."""
        check_count(lines, ("lines",), LINES_MAX)
        backorder_id = call.new_id
        cause = await self._sourcing.cause(call, backorder_id, (), channel_id)
        asked = (call.client, call.idempotency_key, cause, backorder_id, owner, tuple(lines))
        command = CreateBackorder(*asked, await self._purchases.item_ids({line.inbound_id for line in lines}))
        return await self._backorders.create(command, backorder_id)

    async def cancel(
        self, call: Call, backorder_id: str, quantities: Sequence[tuple[int, int]] = ()
    ) -> ChangedBackorder:
        """Wait no longer for units, by line number; for none at all unless some are named."""
        return await self._backorders.prepared(
            backorder_id, lambda backorder: CancelBackorder(*_step(call, backorder), tuple(quantities))
        )

    async def move(self, call: Call, backorder_id: str, line: int, to: InboundShare) -> ChangedBackorder:
        """Wait for units of another purchase instead."""
        return await self._backorders.prepared(
            backorder_id, lambda backorder: MoveBackorder(*_step(call, backorder), line, to)
        )


def _step(call: Call, backorder: Backorder) -> tuple[str, str, Cause, str, tuple[str, ...], tuple[str, ...]]:
    """Who asks, with which key, why, about which backorder, and which purchases and items it waits for."""
    cause = call.cause(backorder.reference, backorder.channel_id, channel_said=False)
    return call.client, call.idempotency_key, cause, backorder.id, backorder.inbound_ids, backorder.item_ids
