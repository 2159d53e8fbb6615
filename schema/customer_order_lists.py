"""Finding the orders of the order flow."""

from __future__ import annotations

from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.customer_orders import OrderFilter
from gateway.inventory.errors import NotFound
from gateway.store.views.pages import place_of
from schema.context import Info
from schema.customer_orders import CustomerOrder
from schema.documents import item_id_of, read_place
from schema.errors import reading
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection


@strawberry.input(description="Which orders to list; what is left out matches everything.")
class CustomerOrderFilterInput:
    owner: str | None = strawberry.field(default=None, description="Of this owner.")
    reference: str | None = strawberry.field(default=None, description="With this document behind them.")
    sku: str | None = strawberry.field(default=None, description="With a line of this item.")


@strawberry.type
class CustomerOrderQuery:
    @strawberry.field(description="One order of the order flow; null where there is none. Needs `inventory:read`.")
    async def order(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> CustomerOrder | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            try:
                return CustomerOrder(view=await info.context.services.orders.get(id))
            except NotFound:
                return None

    @strawberry.field(description="Orders of the order flow, the newest first. Needs `inventory:read`.")
    async def orders(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[CustomerOrderFilterInput | None, strawberry.argument(description="Which ones.")] = None,
    ) -> Connection[CustomerOrder]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_place(after)
            wanted = filter or CustomerOrderFilterInput()
            item_id = await item_id_of(info, wanted.sku)
            criteria = OrderFilter(wanted.owner, wanted.reference, item_id)
            unknown = wanted.sku is not None and item_id is None
            found = [] if unknown else await info.context.services.order_lists.page(criteria, place, limit + 1)
            return connection(
                found,
                limit,
                lambda view: CustomerOrder(view=view),
                lambda view: place_of(view.order.created_at, view.order.id),
                after,
            )
