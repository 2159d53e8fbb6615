"""A suggestion of the reorder plan as a MongoDB document, and back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from gateway.inventory.inbound import supplier_key
from gateway.planning.suggestions import Heading, SuggestedLine, Suggestion, SuggestionKind, SuggestionState
from gateway.store.driver import Document


def suggestion_document(suggestion: Suggestion) -> Document:
    heading = suggestion.heading
    return {
        "_id": suggestion.id,
        "runId": suggestion.run_id,
        "kind": heading.kind.value,
        "supplier": heading.supplier,
        "supplierKey": None if heading.supplier is None else supplier_key(heading.supplier),
        "originId": heading.origin_id,
        "locationId": heading.location_id,
        "number": suggestion.number,
        "place": suggestion.place,
        "lines": [_line_document(line) for line in suggestion.lines],
        "plannedAt": suggestion.planned_at,
        "state": suggestion.state.value,
        "documentId": suggestion.document_id,
    }


def read_suggestion(document: dict[str, Any]) -> Suggestion:
    return Suggestion(
        id=document["_id"],
        run_id=document["runId"],
        heading=Heading(
            SuggestionKind(document["kind"]), document["supplier"], document["originId"], document["locationId"]
        ),
        number=document["number"],
        lines=tuple(_read_line(line) for line in document["lines"]),
        planned_at=document["plannedAt"],
        state=SuggestionState(document["state"]),
        document_id=document["documentId"],
    )


def _line_document(line: SuggestedLine) -> Document:
    return {
        "itemId": line.item_id,
        "sku": line.sku,
        "quantity": line.quantity,
        "available": line.available,
        "incoming": line.incoming,
        "position": line.position,
        "reorderPoint": line.reorder_point,
        "safetyStock": line.safety_stock,
        "orderUpTo": line.order_up_to,
        "lacking": line.lacking,
        "moved": line.moved,
        "unitsPerDay": line.units_per_day,
        "daysOfCover": line.days_of_cover,
        "leadTimeDays": line.lead_time_days,
        "expectedAt": line.expected_at,
        "unitCost": None if line.unit_cost is None else str(line.unit_cost),
        "lapsed": line.lapsed,
        "promised": line.promised,
        "drafted": line.drafted,
        "together": line.together,
    }


def _read_line(line: dict[str, Any]) -> SuggestedLine:
    return SuggestedLine(
        item_id=line["itemId"],
        sku=line["sku"],
        quantity=line["quantity"],
        available=line["available"],
        incoming=line["incoming"],
        position=line["position"],
        reorder_point=line["reorderPoint"],
        safety_stock=line["safetyStock"],
        order_up_to=line["orderUpTo"],
        lacking=line["lacking"],
        moved=line["moved"],
        units_per_day=line["unitsPerDay"],
        days_of_cover=line["daysOfCover"],
        lead_time_days=line["leadTimeDays"],
        expected_at=line["expectedAt"],
        unit_cost=None if line["unitCost"] is None else Decimal(line["unitCost"]),
        # Plans from before these were told have none.
        lapsed=line.get("lapsed", 0),
        promised=line.get("promised", 0),
        drafted=line.get("drafted", 0),
        together=line.get("together", line["quantity"]),
    )
