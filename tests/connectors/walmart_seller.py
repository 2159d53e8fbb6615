"""A simulated seller at Walmart with our client for it, whose requests are as the vendor describes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from connectors.messages import OrderEvent, OrderStage
from connectors.simulated import SimulatedWalmart
from tests.connectors.cases.walmart_marketplace import MAIN
from tests.connectors.conftest import MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

NAME = "walmart-marketplace"
OUTLET = str(int(MAIN) + 1)
DESCRIPTION = VendorDescription(
    NAME,
    # Of feeds, only how they are made is described; of returns, nothing.
    wanted=lambda request: not (request.method == "GET" and request.path.startswith(("/v3/feeds", "/v3/returns"))),
    # Of the cursor, which is only said to be a query.
    undescribed=("hasMoreElements", "soIndex"),
)


@asynccontextmanager
async def seller_of(make_client: MakeClient, shop: SimulatedWalmart, quick: QuickTime) -> AsyncIterator[Connected]:
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        client = make_client(NAME, shop, clock=quick.clock, sleep=quick.sleep)
        connected = Connected(NAME, shop, client, receiver)
        await connected.learn()
        yield connected
        assert DESCRIPTION.violations(shop.requests) == []


async def told(seller: Connected) -> list[tuple[OrderStage, list[tuple[int, int, int]]]]:
    return [(event.stage, units(event)) for event in await seller.received() if isinstance(event, OrderEvent)]


def units(event: OrderEvent) -> list[tuple[int, int, int]]:
    return [(line.ordered, line.allocated, line.released) for line in event.lines or ()]


def listing(*items: Any, **meta: Any) -> dict[str, Any]:
    """A page of items."""
    return {"meta": {"totalCount": len(items), **meta}, "elements": {"inventories": list(items)}}
