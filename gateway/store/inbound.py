"""Purchases as MongoDB documents: records that are committed together with the stock they announce."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from gateway.inventory.inbound import InboundLine, InboundOrder, InboundState
from gateway.store.driver import Document

OUTSTANDING = {"lines.outstanding": {"$gt": 0}}
"""Matches purchases with units outstanding; queries with it can use the indexes of those alone."""

OUTSTANDING_INDEX = IndexModel(
    [("lines.itemId", ASCENDING), ("lines.expectedAt", ASCENDING)], partialFilterExpression=OUTSTANDING
)

INBOUND_INDEXES = [
    OUTSTANDING_INDEX,
    # The queries of people: newest first.
    IndexModel([("createdAt", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("lines.itemId", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("reference", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("supplier", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("state", ASCENDING), ("createdAt", DESCENDING)]),
]


def inbound_document(inbound: InboundOrder) -> Document:
    return {
        "supplier": inbound.supplier,
        "state": inbound.state.value,
        "lines": [
            {
                "itemId": line.item_id,
                "sku": line.sku,
                "locationId": line.location_id,
                "quantity": line.quantity,
                "expectedAt": line.expected_at,
                "sellable": line.sellable,
                "unsellable": line.unsellable,
                "cancelled": line.cancelled,
                # Derived, for the index.
                "outstanding": line.outstanding,
            }
            for line in inbound.lines
        ],
        "reference": inbound.reference,
        "createdAt": inbound.created_at,
        "updatedAt": inbound.updated_at,
    }


def read_inbound(document: dict[str, Any]) -> InboundOrder:
    return InboundOrder(
        id=document["_id"],
        supplier=document["supplier"],
        state=InboundState(document["state"]),
        lines=tuple(
            InboundLine(
                line["itemId"],
                line["sku"],
                line["locationId"],
                line["quantity"],
                line["expectedAt"],
                line["sellable"],
                line["unsellable"],
                line["cancelled"],
            )
            for line in document["lines"]
        ),
        reference=document["reference"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        revision=document["revision"],
    )
