"""Units that buyers bring back."""

from __future__ import annotations

from typing import Annotated

import strawberry

from gateway.inventory.arrivals import Condition
from gateway.inventory.commands import Command
from gateway.inventory.returns import Return
from schema.context import Info
from schema.requested_lines import Input
from schema.scalars import Quantity
from schema.stock import InventoryAdjustPayload, applied
from schema.stock_inputs import StockChangeInput


@strawberry.input(description="A buyer brought units of one SKU back.")
class InventoryReturnInput(StockChangeInput):
    location_id: str = strawberry.field(description="Where they are now.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")
    condition: Condition = strawberry.field(description="Their condition.")

    def command(self, client: str) -> Command:
        cause = self.cause(client)
        return Return(client, self.idempotency_key, cause, self.sku, self.location_id, self.quantity, self.condition)


@strawberry.type
class ReturnMutation:
    @strawberry.mutation(description="Put returned units into stock. Needs `inventory:write`.")
    async def inventory_return(
        self, info: Info, input: Annotated[InventoryReturnInput, Input]
    ) -> InventoryAdjustPayload:
        return await applied(info, input.command)
