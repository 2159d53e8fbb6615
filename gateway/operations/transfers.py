"""Transfers between locations: planned, shipped, received, closed, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from gateway.inventory.arrivals import Arrival, Condition
from gateway.inventory.errors import Code
from gateway.inventory.transfer_steps import (
    CancelTransfer,
    CloseTransfer,
    ReceiveTransfer,
    ResolveDiscrepancy,
    ShipTransfer,
)
from gateway.inventory.transferring import CreateTransfer, PlannedLine
from gateway.inventory.transfers import Resolution, StockTransfer
from gateway.operations.calls import Call
from gateway.operations.documents import Changed, DocumentRepository, Documents
from gateway.operations.stock import StockOperations

ChangedTransfer = Changed[StockTransfer]


class TransferOperations:
    """Each returns the transfer as it stands afterwards, or raises the InventoryError that refused it."""

    def __init__(self, stock: StockOperations, transfers: DocumentRepository[StockTransfer]) -> None:
        self._transfers = Documents(StockTransfer, stock, transfers, Code.TRANSFER_NOT_FOUND, "transferId")

    async def create(
        self,
        call: Call,
        origin_id: str,
        destination_id: str,
        lines: Sequence[PlannedLine],
        expected_at: datetime | None = None,
    ) -> ChangedTransfer:
        """Plan a transfer; nothing moves yet."""
        transfer_id = call.new_id
        command = CreateTransfer(
            call.client,
            call.idempotency_key,
            call.cause(transfer_id),
            transfer_id,
            origin_id,
            destination_id,
            tuple(lines),
            expected_at,
        )
        return await self._transfers.create(command, transfer_id)

    async def ship(self, call: Call, transfer_id: str) -> ChangedTransfer:
        """The planned units leave the origin and are incoming at the destination."""
        return await self._transfers.take(call, transfer_id, ShipTransfer)

    async def receive(self, call: Call, transfer_id: str, arrivals: Sequence[Arrival] = ()) -> ChangedTransfer:
        """Take in units, as often as needed; everything in transit, sellable, where none are named."""
        return await self._transfers.take(call, transfer_id, partial(ReceiveTransfer, arrivals=tuple(arrivals)))

    async def close(self, call: Call, transfer_id: str) -> ChangedTransfer:
        """Expect nothing more; what has not arrived becomes a discrepancy."""
        return await self._transfers.take(call, transfer_id, CloseTransfer)

    async def resolve(
        self,
        call: Call,
        transfer_id: str,
        line: int,
        resolution: Resolution,
        quantity: int | None = None,
        condition: Condition = Condition.SELLABLE,
    ) -> ChangedTransfer:
        """Explain missing units of a line, all of them unless `quantity` is given."""
        step = partial(ResolveDiscrepancy, line=line, resolution=resolution, quantity=quantity, condition=condition)
        return await self._transfers.take(call, transfer_id, step)

    async def cancel(self, call: Call, transfer_id: str) -> ChangedTransfer:
        """Drop a draft, or send the units in transit back to the origin."""
        return await self._transfers.take(call, transfer_id, CancelTransfer)
