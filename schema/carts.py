"""Whether there is enough for a cart."""

from __future__ import annotations

from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.errors import Code
from gateway.operations.carts import WARNING, CheckedCart, CheckedLine
from schema.context import Info
from schema.errors import reading
from schema.requested_lines import BasketInput, line_requests
from schema.scalars import Quantity


@strawberry.input(description="A cart to check.")
class CartCheckInput(BasketInput):
    """Nothing more than the basket."""


@strawberry.type(description="What one line of a cart can have at the moment.")
class CartLine:
    sku: str = strawberry.field(description="As it was asked for.")
    quantity: Quantity = strawberry.field(description="Units asked for.")
    obtainable: Quantity = strawberry.field(description="Units that could be had, after the lines before it.")
    ok: bool = strawberry.field(description="Whether that is all of them.")
    code: Code | None = strawberry.field(description="Why not; null where it is.")

    @classmethod
    def of(cls, line: CheckedLine) -> CartLine:
        return cls(
            sku=line.sku,
            quantity=Quantity(line.quantity),
            obtainable=Quantity(line.obtainable),
            ok=line.code is None,
            code=line.code,
        )


@strawberry.type(description="Whether there is enough for a cart. Nothing is held by asking.")
class CartCheck:
    ok: bool = strawberry.field(description="Whether every line could be had at the moment.")
    warning: str | None = strawberry.field(description="What to tell a shopper; names no product and no quantity.")
    lines: list[CartLine] | None = strawberry.field(
        description="Line by line; null unless the key has `inventory:read`."
    )


@strawberry.type
class CartQuery:
    @strawberry.field(
        description="Whether there is enough for a cart. Needs `availability:read`; with `inventory:read` it is told "
        "line by line, and else it is refused with RATE_LIMITED where it is asked too often."
    )
    async def cart_check(
        self, info: Info, input: Annotated[CartCheckInput, strawberry.argument(description="The cart.")]
    ) -> CartCheck:
        principal = info.context.principal
        exact = principal.may(Scope.INVENTORY_READ)
        with reading(principal, Scope.INVENTORY_READ if exact else Scope.AVAILABILITY_READ):
            cart: CheckedCart = await info.context.services.carts.check(
                line_requests(input.lines),
                owner=input.owner,
                allow_backorder=input.allow_backorder,
                strategy=input.strategy,
                channel_id=input.channel_id,
                destination=input.sent_to(),
                shopper=None if exact else principal.client,
            )
        lines = [CartLine.of(line) for line in cart.lines] if exact else None
        return CartCheck(ok=cart.ok, warning=None if cart.ok else WARNING, lines=lines)
