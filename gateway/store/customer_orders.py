"""Customers' orders as MongoDB documents: records that are committed together with the reservations they make."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.allocation import StrategyName
from gateway.inventory.customer_orders import CUSTOMER_ORDERS, CustomerOrder, OrderedLine, OrderFilter
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.views.pages import Place, newest_first
from gateway.store.whereabouts_documents import read_whereabouts, whereabouts_document

_NEWEST = [("createdAt", DESCENDING), ("_id", DESCENDING)]

CUSTOMER_ORDER_INDEXES = [
    # The queries of people: by owner, reference and item, newest first.
    IndexModel([("owner", ASCENDING), *_NEWEST]),
    IndexModel([("reference", ASCENDING), *_NEWEST]),
    IndexModel([("lines.itemId", ASCENDING), *_NEWEST]),
    IndexModel(_NEWEST),
]


class CustomerOrderStore:
    """Reads customers' orders; only the kernel writes them."""

    def __init__(self, database: Database) -> None:
        self._orders = database[CUSTOMER_ORDERS]

    async def get(self, order_id: str) -> CustomerOrder | None:
        try:
            document = await self._orders.find_one({"_id": order_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else read_customer_order(document)

    async def page(self, wanted: OrderFilter, after: Place | None, limit: int) -> list[CustomerOrder]:
        """Up to `limit` orders, newest first, from the one after `after` on."""
        named = {"owner": wanted.owner, "reference": wanted.reference, "lines.itemId": wanted.item_id}
        query = {field: value for field, value in named.items() if value is not None}
        return [read_customer_order(document) for document in await newest_first(self._orders, query, after, limit)]


def customer_order_document(order: CustomerOrder) -> Document:
    return {
        "owner": order.owner,
        "reference": order.reference,
        "lines": [
            {
                "itemId": line.item_id,
                "sku": line.sku,
                "quantity": line.quantity,
                "locationIds": list(line.location_ids),
                "channelId": line.channel_id,
            }
            for line in order.lines
        ],
        "strategy": order.strategy.value,
        "allowBackorder": order.allow_backorder,
        "reservationId": order.reservation_id,
        "cancelledAt": order.cancelled_at,
        "createdAt": order.created_at,
        "updatedAt": order.updated_at,
        "channelId": order.channel_id,
        "destination": None if order.destination is None else whereabouts_document(order.destination),
    }


def read_customer_order(document: dict[str, Any]) -> CustomerOrder:
    return CustomerOrder(
        id=document["_id"],
        owner=document["owner"],
        reference=document["reference"],
        lines=tuple(
            OrderedLine(
                line["itemId"],
                line["sku"],
                line["quantity"],
                tuple(line["locationIds"]),
                line["channelId"],
            )
            for line in document["lines"]
        ),
        strategy=StrategyName(document["strategy"]),
        allow_backorder=document["allowBackorder"],
        reservation_id=document["reservationId"],
        cancelled_at=document["cancelledAt"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        # Orders from before there was one tell it by their lines, if at all.
        channel_id=document.get("channelId"),
        destination=read_whereabouts(document["destination"]) if document.get("destination") else None,
        revision=document["revision"],
    )
