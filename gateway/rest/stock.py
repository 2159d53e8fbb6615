"""The endpoints of stock itself."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from gateway.inventory.access import Scope
from gateway.inventory.ledger import Cause
from gateway.inventory.stock_changes import Adjust, Adjustment
from gateway.operations.availability import AvailabilityOperations
from gateway.operations.stock import StockOperations
from gateway.rest.answers import AdjustmentAnswer, AvailabilityAnswer
from gateway.rest.bodies import AdjustmentBody, AvailabilityBody
from gateway.rest.endpoint import Answered, Asked, Endpoint, asking, changing


def stock_endpoints(stock: StockOperations, availability: AvailabilityOperations) -> Sequence[Endpoint[Any]]:
    async def ask(asked: Asked[AvailabilityBody]) -> Answered:
        body = asked.body
        found = await availability.of(body.skus, body.location_ids, body.channel_id)
        return Answered(AvailabilityAnswer.of(found, exact=asked.principal.may(Scope.INVENTORY_READ)))

    async def adjust(asked: Asked[AdjustmentBody]) -> Answered:
        body, call = asked.body, asked.call
        lines = tuple(Adjustment(line.location_id, line.delta) for line in body.adjustments)
        cause = Cause(call.client, call.reason, call.reference, body.channel_id)
        command = Adjust(call.client, call.idempotency_key, cause, body.sku, lines, body.allow_backorder)
        outcome = await stock.apply(command)
        return Answered(AdjustmentAnswer.of(outcome), outcome.replayed)

    band = "What can be sold of each SKU, as a band; exactly for a key with `inventory:read`."
    many = "Change what is available of one SKU at many locations at once."
    return [
        asking("/v1/availability", "askAvailability", band, AvailabilityBody, AvailabilityAnswer, ask),
        changing("/v1/adjustments", "adjust", many, AdjustmentBody, AdjustmentAnswer, adjust, HTTPStatus.CREATED),
    ]
