"""Transfers as MongoDB documents: records that are committed together with the stock they move."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from gateway.inventory.transfers import Discrepancy, StockTransfer, TransferLine, TransferState
from gateway.store.driver import Document

IN_TRANSIT = {"lines.inTransit": {"$gt": 0}}
"""Matches transfers with units in transit; queries with it can use the index of those alone."""

IN_TRANSIT_INDEX = IndexModel([("lines.itemId", ASCENDING)], partialFilterExpression=IN_TRANSIT)

TRANSFER_INDEXES = [
    IN_TRANSIT_INDEX,
    # The queries of people: newest first.
    IndexModel([("createdAt", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("lines.itemId", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("reference", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("state", ASCENDING), ("createdAt", DESCENDING)]),
]


def transfer_document(transfer: StockTransfer) -> Document:
    return {
        "originId": transfer.origin_id,
        "destinationId": transfer.destination_id,
        "state": transfer.state.value,
        "lines": [
            {
                "itemId": line.item_id,
                "sku": line.sku,
                "quantity": line.quantity,
                "shipped": line.shipped,
                "sellable": line.sellable,
                "unsellable": line.unsellable,
                "returned": line.returned,
                "lost": line.lost,
                # Derived, for the index.
                "inTransit": line.in_transit,
            }
            for line in transfer.lines
        ],
        "discrepancies": [
            {
                "line": discrepancy.line,
                "quantity": discrepancy.quantity,
                "reason": discrepancy.reason,
                "found": discrepancy.found,
                "lost": discrepancy.lost,
            }
            for discrepancy in transfer.discrepancies
        ],
        "reference": transfer.reference,
        "expectedAt": transfer.expected_at,
        "createdAt": transfer.created_at,
        "updatedAt": transfer.updated_at,
    }


def read_transfer(document: dict[str, Any]) -> StockTransfer:
    return StockTransfer(
        id=document["_id"],
        origin_id=document["originId"],
        destination_id=document["destinationId"],
        state=TransferState(document["state"]),
        lines=tuple(
            TransferLine(
                line["itemId"],
                line["sku"],
                line["quantity"],
                line["shipped"],
                line["sellable"],
                line["unsellable"],
                line["returned"],
                line["lost"],
            )
            for line in document["lines"]
        ),
        discrepancies=tuple(
            Discrepancy(
                known["line"],
                known["quantity"],
                known["reason"],
                known["found"],
                known["lost"],
            )
            for known in document["discrepancies"]
        ),
        reference=document["reference"],
        expected_at=document["expectedAt"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        revision=document["revision"],
    )
