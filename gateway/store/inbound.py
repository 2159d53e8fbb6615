"""Purchases as MongoDB documents: records that are committed together with the stock they announce."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from gateway.inventory.bindings import Binding
from gateway.inventory.inbound import InboundLine, InboundOrder, InboundState
from gateway.planning.risks import promises_at_risk
from gateway.store.driver import Document

OUTSTANDING = {"lines.outstanding": {"$gt": 0}}
"""Matches purchases with units outstanding; queries with it can use the indexes of those alone."""

OUTSTANDING_INDEX = IndexModel(
    [("lines.itemId", ASCENDING), ("lines.expectedAt", ASCENDING)], partialFilterExpression=OUTSTANDING
)

BOUND = {"bound": {"$gt": 0}}
"""Matches purchases that backorders wait for, whether or not they still bring anything."""

BOUND_INDEX = IndexModel([("lines.itemId", ASCENDING)], partialFilterExpression=BOUND)

INBOUND_INDEXES = [
    OUTSTANDING_INDEX,
    BOUND_INDEX,
    # Following what has arrived.
    IndexModel(
        [("arrivedAt", ASCENDING), ("_id", ASCENDING)], partialFilterExpression={"arrivedAt": {"$exists": True}}
    ),
    # Those that backorders wait for.
    IndexModel([("bound", DESCENDING), ("createdAt", DESCENDING)], partialFilterExpression=BOUND),
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
                "firstExpectedAt": line.first_expected_at,
                "arrivedAt": line.arrived_at,
                "bindings": [_binding_document(binding) for binding in line.bindings],
                # Derived, for the index.
                "outstanding": line.outstanding,
            }
            for line in inbound.lines
        ],
        "reference": inbound.reference,
        "createdAt": inbound.created_at,
        "updatedAt": inbound.updated_at,
        # Derived, for the index: units that backorders wait for, and whether any will be disappointed.
        "bound": sum(line.bound for line in inbound.lines),
        "hurt": any(promises_at_risk(inbound, None, timedelta())),
        **({} if inbound.cancelled_at is None else {"cancelledAt": inbound.cancelled_at}),
        # Derived, for the index: what follows the arrivals looks at it again.
        **({} if inbound.settled_at is None else {"arrivedAt": inbound.settled_at}),
    }


def _binding_document(binding: Binding) -> Document:
    return {
        "backorderId": binding.backorder_id,
        "backorderLine": binding.backorder_line,
        "quantity": binding.quantity,
        "promisedFor": binding.promised_for,
        "reference": binding.reference,
    }


def _read_binding(document: dict[str, Any]) -> Binding:
    return Binding(
        document["backorderId"],
        document["backorderLine"],
        document["quantity"],
        document["promisedFor"],
        document["reference"],
    )


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
                # Lines from before these were kept have none.
                line.get("firstExpectedAt"),
                line.get("arrivedAt"),
                tuple(_read_binding(binding) for binding in line.get("bindings", ())),
            )
            for line in document["lines"]
        ),
        reference=document["reference"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        revision=document["revision"],
        cancelled_at=document.get("cancelledAt"),
    )
