"""The orders of channels as MongoDB documents: records that are committed together with the stock they move."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.orders import ORDERS, Order, OrderLine, Precedence, order_key
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.ledger_documents import draw_documents, read_draws

ORDER_INDEXES = [
    IndexModel([("channelId", ASCENDING), ("occurredAt", DESCENDING), ("_id", DESCENDING)]),
]


def order_document(order: Order) -> Document:
    return {
        "channelId": order.channel_id,
        "orderId": order.order_id,
        "name": order.name,
        "status": order.status,
        "occurredAt": order.precedence.occurred_at,
        "stage": order.precedence.stage,
        "moved": order.precedence.moved,
        "counted": None if order.counted is None else list(order.counted),
        "oversold": order.oversold,
        "tookKept": order.took_kept,
        "lines": [
            {
                "lineId": line_id,
                "itemId": line.item_id,
                "sku": line.sku,
                "locationId": line.location_id,
                "ordered": line.ordered,
                "allocated": line.allocated,
                "shipped": line.shipped,
                **({"draws": draw_documents(line.draws)} if line.draws else {}),
            }
            for line_id, line in order.lines.items()
        ],
    }


def read_order(document: dict[str, Any]) -> Order:
    precedence = Precedence(document["occurredAt"], document["stage"], document["moved"])
    # Orders from before there was `counted` know no difference.
    counted = document.get("counted", precedence)
    return Order(
        channel_id=document["channelId"],
        order_id=document["orderId"],
        name=document["name"],
        status=document["status"],
        precedence=precedence,
        lines={
            line["lineId"]: OrderLine(
                line["itemId"],
                line["sku"],
                line["locationId"],
                line["ordered"],
                line["allocated"],
                line["shipped"],
                read_draws(line),
            )
            for line in document["lines"]
        },
        oversold=document["oversold"],
        revision=document["revision"],
        counted=None if counted is None else Precedence(*counted),
        took_kept=document.get("tookKept", False),
    )


class OrderStore:
    """Reads orders; only the kernel writes them."""

    def __init__(self, database: Database) -> None:
        self._orders = database[ORDERS]

    async def get(self, channel_id: str, order_id: str) -> Order | None:
        try:
            document = await self._orders.find_one({"_id": order_key(channel_id, order_id).id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else read_order(document)
