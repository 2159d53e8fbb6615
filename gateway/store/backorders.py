"""Backorders as MongoDB documents: records that are committed together with the purchases that they wait for."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from gateway.inventory.backorders import Backorder, BackorderLine
from gateway.store.driver import Document

BACKORDER_INDEXES = [
    # The queries of people: newest first.
    IndexModel([("createdAt", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("lines.itemId", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("owner", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("reference", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("state", ASCENDING), ("createdAt", DESCENDING)]),
]


def backorder_document(backorder: Backorder) -> Document:
    return {
        "owner": backorder.owner,
        "reference": backorder.reference,
        "channelId": backorder.channel_id,
        # Derived, for the queries.
        "state": backorder.state.value,
        "lines": [
            {
                "inboundId": line.inbound_id,
                "inboundLine": line.inbound_line,
                "itemId": line.item_id,
                "sku": line.sku,
                "locationId": line.location_id,
                "quantity": line.quantity,
                "promisedFor": line.promised_for,
                "allocated": line.allocated,
                "cancelled": line.cancelled,
            }
            for line in backorder.lines
        ],
        "allocations": backorder.allocations,
        "createdAt": backorder.created_at,
        "updatedAt": backorder.updated_at,
    }


def read_backorder(document: dict[str, Any]) -> Backorder:
    return Backorder(
        id=document["_id"],
        owner=document["owner"],
        reference=document["reference"],
        channel_id=document["channelId"],
        lines=tuple(
            BackorderLine(
                line["inboundId"],
                line["inboundLine"],
                line["itemId"],
                line["sku"],
                line["locationId"],
                line["quantity"],
                line["promisedFor"],
                line["allocated"],
                line["cancelled"],
            )
            for line in document["lines"]
        ),
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        allocations=document["allocations"],
        revision=document["revision"],
    )
