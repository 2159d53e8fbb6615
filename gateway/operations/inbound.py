"""Purchases on their way from suppliers: created, updated, received, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from gateway.inventory.arrivals import Arrival
from gateway.inventory.bindings import backorders_of
from gateway.inventory.errors import Code
from gateway.inventory.inbound import InboundOrder
from gateway.inventory.receiving import CancelInbound, CreateInbound, ExpectedLine, ReceiveInbound, UpdateInbound
from gateway.operations.calls import Call
from gateway.operations.documents import Changed, DocumentRepository, Documents
from gateway.operations.stock import StockOperations

ChangedInbound = Changed[InboundOrder]


class InboundOperations:
    """Each returns the purchase as it stands afterwards, or raises the InventoryError that refused it."""

    def __init__(self, stock: StockOperations, purchases: DocumentRepository[InboundOrder]) -> None:
        self._purchases = Documents(InboundOrder, stock, purchases, Code.INBOUND_NOT_FOUND, "inboundId")

    async def create(self, call: Call, supplier: str, lines: Sequence[ExpectedLine]) -> ChangedInbound:
        """Units are on their way: incoming goes up."""
        inbound_id = call.new_id
        command = CreateInbound(
            call.client, call.idempotency_key, call.cause(inbound_id), inbound_id, supplier, tuple(lines)
        )
        return await self._purchases.create(command, inbound_id)

    async def update(
        self, call: Call, inbound_id: str, expected: Sequence[tuple[int, datetime | None]]
    ) -> ChangedInbound:
        """Change the expected dates of lines, by their numbers; None is unknown."""
        return await self._purchases.take(call, inbound_id, partial(UpdateInbound, expected=tuple(expected)))

    async def receive(
        self, call: Call, inbound_id: str, arrivals: Sequence[Arrival] = (), allow_more: bool = False
    ) -> ChangedInbound:
        """Take in units, as often as needed; everything outstanding, sellable, where none are named."""

        def prepare(inbound: InboundOrder) -> ReceiveInbound:
            waiting = backorders_of([line.bindings for line in inbound.lines])
            asked = (call.client, call.idempotency_key, call.cause(inbound.reference), inbound_id, inbound.item_ids)
            return ReceiveInbound(*asked, tuple(arrivals), allow_more, waiting)

        return await self._purchases.prepared(inbound_id, prepare)

    async def cancel(self, call: Call, inbound_id: str) -> ChangedInbound:
        """Expect nothing more: what is outstanding is no longer incoming."""
        return await self._purchases.take(call, inbound_id, CancelInbound)
