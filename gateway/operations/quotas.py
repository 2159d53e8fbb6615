"""Keeping units of an item for one channel."""

from __future__ import annotations

from gateway.inventory.decision import Outcome
from gateway.inventory.quota_changes import ClearQuota, SetQuota
from gateway.operations.calls import Call
from gateway.operations.sourcing import Sourcing
from gateway.operations.stock import StockOperations


class QuotaOperations:
    """Each raises an InventoryError that names what is wrong, or returns the change's ledger entry."""

    def __init__(self, stock: StockOperations, sourcing: Sourcing) -> None:
        self._stock = stock
        self._sourcing = sourcing

    async def set(self, call: Call, sku: str, channel_id: str, location_id: str | None, quantity: int) -> Outcome:
        """Keep `quantity` units for the channel, at a location or (None) at any; those used before are among them."""
        await self._sourcing.channel(channel_id, ("channelId",))
        cause, key = call.cause(None, channel_id), call.idempotency_key
        command = SetQuota(call.client, key, cause, sku, channel_id, location_id, quantity, call.new_id)
        return await self._stock.apply(command)

    async def clear(self, call: Call, sku: str, channel_id: str, location_id: str | None) -> Outcome:
        """Keep nothing for the channel there any more."""
        cause, key = call.cause(None, channel_id), call.idempotency_key
        return await self._stock.apply(ClearQuota(call.client, key, cause, sku, channel_id, location_id))
