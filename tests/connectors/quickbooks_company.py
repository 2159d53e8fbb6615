"""A simulated company in QuickBooks Online with our client for it, whose requests are as the vendor describes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from connectors.messages import OrderEvent, OrderReference
from connectors.simulated import SimulatedQuickBooks
from tests.connectors.conftest import MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

NAME = "quickbooks-commerce"
SINCE = datetime.now(UTC) - timedelta(hours=1)
DESCRIPTION = VendorDescription(
    NAME,
    # Change data capture is not described.
    wanted=lambda request: request.path.startswith("/v3/") and not request.path.endswith("/cdc"),
)


@asynccontextmanager
async def company_of(make_client: MakeClient, shop: SimulatedQuickBooks) -> AsyncIterator[Connected]:
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        connected = Connected(NAME, shop, make_client(NAME, shop), receiver)
        await connected.learn()
        yield connected
        assert DESCRIPTION.violations(shop.requests) == []


async def polled(
    books: Connected, cursor: str | None, since: datetime = SINCE
) -> tuple[list[OrderEvent], list[OrderReference], str | None]:
    events: list[OrderEvent] = []
    references: list[OrderReference] = []
    more = True
    while more:
        page = await books.client.run(books.connector.read_orders(books.config, cursor, since))
        events += [entry for entry in page.entries if isinstance(entry, OrderEvent)]
        references += [entry for entry in page.entries if isinstance(entry, OrderReference)]
        cursor, more = page.cursor, page.more
    return events, references, cursor
