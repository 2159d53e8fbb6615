"""A simulated site of Salesforce B2C Commerce with our client for it, whose requests are as the vendor describes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.simulated.salesforce_commerce_cloud import SimulatedSalesforce
from tests.connectors.conftest import MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

NAME = "salesforce-commerce-cloud"


def described(base: str) -> VendorDescription:
    return VendorDescription(NAME, base=base, wanted=lambda request: request.path.startswith(base))


# One document describes three APIs, each with an address of its own.
DESCRIPTIONS = [described(base) for base in ("/s/-/dw/data/v25_6", "/checkout/orders/v1", "/inventory/availability/v1")]


@asynccontextmanager
async def site_of(make_client: MakeClient, shop: SimulatedSalesforce, time: QuickTime) -> AsyncIterator[Connected]:
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        connected = Connected(NAME, shop, make_client(NAME, shop, clock=time.clock, sleep=time.sleep), receiver)
        await connected.learn()
        yield connected
        assert [problem for one in DESCRIPTIONS for problem in one.violations(shop.requests)] == []
