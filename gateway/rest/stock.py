"""The endpoints of stock itself."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from gateway.inventory.access import Scope
from gateway.inventory.commands import Adjust, Adjustment
from gateway.inventory.ledger import Cause
from gateway.operations.stock import StockOperations
from gateway.rest.answers import AdjustmentAnswer
from gateway.rest.bodies import AdjustmentBody
from gateway.rest.endpoint import Answered, Asked, Endpoint


def stock_endpoints(stock: StockOperations) -> Sequence[Endpoint[Any]]:
    async def adjust(asked: Asked[AdjustmentBody]) -> Answered:
        body, call = asked.body, asked.call
        lines = tuple(Adjustment(line.location_id, line.delta) for line in body.adjustments)
        cause = Cause(call.client, call.reason, call.reference, body.channel_id)
        command = Adjust(call.client, call.idempotency_key, cause, body.sku, lines, body.allow_backorder)
        outcome = await stock.apply(command)
        return Answered(AdjustmentAnswer.of(outcome), outcome.replayed)

    return [
        Endpoint(
            method="POST",
            path="/v1/adjustments",
            name="adjust",
            summary="Change what is available of one SKU at many locations at once.",
            scope=Scope.INVENTORY_WRITE,
            body=AdjustmentBody,
            answer=AdjustmentAnswer,
            handle=adjust,
            status=HTTPStatus.CREATED,
            refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
        )
    ]
