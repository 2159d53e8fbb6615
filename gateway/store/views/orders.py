"""Listing the orders that channels reported."""

from __future__ import annotations

from gateway.inventory.orders import ORDERS, Order, order_key
from gateway.store.driver import Database, Document
from gateway.store.orders import read_order
from gateway.store.views.pages import Place, newest_first, one


class OrderView:
    def __init__(self, database: Database) -> None:
        self._orders = database[ORDERS]

    async def by_id(self, channel_id: str, order_id: str) -> Order | None:
        document = await one(self._orders, order_key(channel_id, order_id).id)
        return read_order(document) if document else None

    async def page(self, channel_id: str, oversold: bool | None, after: Place | None, limit: int) -> list[Order]:
        """A channel's orders, those that changed last at the platform first."""
        query: Document = {"channelId": channel_id}
        if oversold is not None:
            query["oversold"] = oversold
        found = await newest_first(self._orders, query, after, limit, field="occurredAt")
        return [read_order(document) for document in found]
