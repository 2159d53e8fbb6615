"""A real HTTP session that may call this machine, and simulated shops with our clients for them."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from connectors import CONNECTORS, polling
from connectors.breaker import BreakerPolicy
from connectors.client import ChannelClient
from connectors.config import read_config
from connectors.session import HttpSession
from connectors.simulated import SimulatedShopify, SimulatedWooCommerce, SimulatedZalando
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from tests.connectors.case import NOW
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "shopify.graphql"
STOCK = {"MUG": 10, "SHIRT-RED-M": 5, "CAP": 0}
LOCAL = [ip_network("127.0.0.0/8")]
NEVER_DONE = (Misbehaviour.HANG, Misbehaviour.SLOW_BODY)
MakeClient = Callable[..., ChannelClient[Any]]


@pytest.fixture(autouse=True)
def no_earlier_than_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their dates are not yet to come, whatever this machine's clock says."""
    monkeypatch.setattr(polling, "utc_now", lambda: max(datetime.now(UTC), NOW + timedelta(days=1)))


@pytest.fixture
async def session(request: pytest.FixtureRequest) -> AsyncIterator[HttpSession]:
    """Impatient only where a shop is to keep it waiting: on a busy machine an honest answer may take long."""
    case = getattr(request.node, "callspec", None)
    waits = case is not None and any(value in NEVER_DONE for value in case.params.values())
    async with HttpSession(allowed_networks=LOCAL, total_seconds=0.5 if waits else 30) as session:
        yield session


@pytest.fixture
def make_client(session: HttpSession) -> MakeClient:
    def make(name: str, shop: SimulatedPlatform, **options: Any) -> ChannelClient[Any]:
        connector = CONNECTORS[name]
        config = read_config(connector.config_type, shop.config())
        return ChannelClient(connector, config, session, breaker=BreakerPolicy(failures_max=50), **options)

    return make


@pytest.fixture(scope="session")
def vendor_schema() -> GraphQLSchema | None:
    """Shopify's own schema, where it stands beside the checkout."""
    return build_schema(SPEC.read_text()) if SPEC.exists() else None


@pytest.fixture
async def shopify(make_client: MakeClient, vendor_schema: GraphQLSchema | None) -> AsyncIterator[Connected]:
    def violations(document: str) -> list[str]:
        return [error.message for error in validate(vendor_schema, parse(document))] if vendor_schema else []

    shop = SimulatedShopify(STOCK, location_names=("Main", "Outlet"), validate_document=violations)
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        connected = Connected("shopify", shop, make_client("shopify", shop), receiver)
        await connected.learn()
        yield connected
        assert shop.violations == []


@pytest.fixture
async def woocommerce(make_client: MakeClient) -> AsyncIterator[Connected]:
    shop = SimulatedWooCommerce(STOCK)
    shop.add_variations("SHOE", {"SHOE-41": 4, "SHOE-42": 2})
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        connected = Connected("woocommerce", shop, make_client("woocommerce", shop), receiver)
        await connected.learn()
        yield connected


@pytest.fixture
async def zalando(make_client: MakeClient) -> AsyncIterator[Connected]:
    """It has no list of what it sells."""
    async with Receiver() as receiver, SimulatedZalando(STOCK) as shop:
        connected = Connected("zalando", shop, make_client("zalando", shop), receiver)
        connected.ids = {sku: {"ean": ean} for sku, ean in shop.eans.items()}
        yield connected


@pytest.fixture(params=("shopify", "woocommerce"))
def connected(request: pytest.FixtureRequest, shopify: Connected, woocommerce: Connected) -> Connected:
    return shopify if request.param == "shopify" else woocommerce
