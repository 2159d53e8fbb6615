"""Alerts through GraphQL: a sale beyond the stock has a state and an owner until somebody has dealt with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.inventory.access import Scope
from gateway.inventory.orders import Precedence
from gateway.operations.sales import ChannelLine, ChannelOrder, SalesOperations
from gateway.store.listings import ListingStore
from gateway.store.orders import OrderStore
from tests.dispatch.trading import SECRET_KEY, connect
from tests.schema.shop import Client, Shop, open_shop

ALERT = "id kind state owner channelId orderId resolution lines { sku locationId missing }"
ALERTS = f"""
query($first: Int! = 20, $after: String, $filter: AlertFilterInput) {{
  alerts(first: $first, after: $after, filter: $filter) {{ nodes {{ {ALERT} }} pageInfo {{ hasNextPage endCursor }} }}
}}
"""
ACKNOWLEDGE = f"""mutation($input: AlertAcknowledgeInput!) {{
  it: alertAcknowledge(input: $input) {{ alert {{ {ALERT} }} userErrors {{ code field }} }}
}}"""
RESOLVE = f"""mutation($input: AlertResolveInput!) {{
  it: alertResolve(input: $input) {{ alert {{ {ALERT} }} userErrors {{ code field }} }}
}}"""
ORDERS = """
{
  oversold: channelOrders(channelId: "woo-de", oversold: true) { nodes { orderId oversold } }
  others: channelOrders(channelId: "woo-de", oversold: false) { nodes { orderId } }
  channelOrder(channelId: "woo-de", orderId: "1") { oversold lines { sku ordered allocated } }
}
"""


@dataclass(frozen=True, slots=True)
class Oversold:
    """A shop of one lamp and one desk, of which channels have sold more."""

    shop: Shop
    sales: SalesOperations

    async def sell(self, order_id: str, sku: str, units: int, channel_id: str = "woo-de") -> None:
        channel = await self.shop.gateway.channels.channels.get(channel_id)
        sold = (ChannelLine("1", sku, {}, units, units, 0),)
        precedence = Precedence(datetime(2026, 11, 20, tzinfo=UTC), 1, 0)
        await self.sales.report(channel, ChannelOrder(order_id, None, "paid", precedence, sold))

    async def listed(self, client: Client | None = None, **variables: Any) -> list[dict[str, Any]]:
        answer = await (client or self.shop.owner).ask(ALERTS, **variables)
        nodes: list[dict[str, Any]] = answer["alerts"]["nodes"]
        return nodes

    async def change(self, document: str, **input: Any) -> dict[str, Any]:
        payload: dict[str, Any] = (await self.shop.owner.ask(document, input=input))["it"]
        return payload


@pytest.fixture
async def oversold(mongo_uri: str, database_name: str) -> AsyncIterator[Oversold]:
    opened = open_shop(mongo_uri, database_name, secret_key=SECRET_KEY, allow_private_addresses=True)
    async with opened as shop, SimulatedWooCommerce({}) as woo:
        await shop.stock_up({"LAMP": {"EAST": 1}, "DESK": {"EAST": 1}})
        for channel_id in ("woo-de", "woo-fr"):
            await connect(shop.gateway, channel_id, woo)
        database = shop.gateway.database
        stores = (OrderStore(database), ListingStore(database))
        yield Oversold(shop, SalesOperations(shop.gateway.stock, shop.gateway.stock_store, *stores))


async def test_a_sale_beyond_the_stock_is_recorded_flagged_and_alerted(oversold: Oversold) -> None:
    await oversold.sell("1", "LAMP", 3)
    await oversold.sell("2", "DESK", 1)
    [alert] = await oversold.listed()
    assert alert == {
        "id": alert["id"],
        "kind": "OVERSOLD",
        "state": "OPEN",
        "owner": None,
        "channelId": "woo-de",
        "orderId": "1",
        "resolution": None,
        "lines": [{"sku": "LAMP", "locationId": "EAST", "missing": 2}],
    }
    await oversold.shop.gateway.channels.reception.watch.look()
    assert b"gateway_alerts_unresolved 1.0" in oversold.shop.gateway.metrics.exposition()
    orders = await oversold.shop.owner.ask(ORDERS)
    assert orders["oversold"]["nodes"] == [{"orderId": "1", "oversold": True}]
    assert orders["others"]["nodes"] == [{"orderId": "2"}]
    assert orders["channelOrder"]["lines"] == [{"sku": "LAMP", "ordered": 3, "allocated": 3}]


async def test_an_alert_is_taken_on_handed_over_and_closed_with_a_reason(oversold: Oversold) -> None:
    await oversold.sell("1", "LAMP", 3)
    [alert_id] = [alert["id"] for alert in await oversold.listed()]
    taken = (await oversold.change(ACKNOWLEDGE, id=alert_id))["alert"]
    assert (taken["state"], taken["owner"]) == ("ACKNOWLEDGED", "owner")
    handed = (await oversold.change(ACKNOWLEDGE, id=alert_id, owner="ann"))["alert"]
    assert (handed["state"], handed["owner"]) == ("ACKNOWLEDGED", "ann")
    closed = (await oversold.change(RESOLVE, id=alert_id, resolution="Bought two more."))["alert"]
    assert (closed["state"], closed["owner"], closed["resolution"]) == ("RESOLVED", "ann", "Bought two more.")
    again = (await oversold.change(RESOLVE, id=alert_id, resolution="Something else."))["alert"]
    assert again == closed
    late = await oversold.change(ACKNOWLEDGE, id=alert_id, owner="bob")
    assert late == {"alert": None, "userErrors": [{"code": "ALREADY_RESOLVED", "field": ["input", "id"]}]}


async def test_a_closed_alert_opens_again_when_its_order_takes_still_more(oversold: Oversold) -> None:
    await oversold.sell("1", "LAMP", 3)
    [alert_id] = [alert["id"] for alert in await oversold.listed()]
    await oversold.change(RESOLVE, id=alert_id, resolution="Cancelled by phone.")
    channel = await oversold.shop.gateway.channels.channels.get("woo-de")
    more = (ChannelLine("1", "LAMP", {}, 5, 5, 0),)
    edited = ChannelOrder("1", None, "paid", Precedence(datetime(2026, 11, 21, tzinfo=UTC), 1, 0), more)
    await oversold.sales.report(channel, edited)
    [alert] = await oversold.listed()
    assert (alert["id"], alert["state"], alert["resolution"]) == (alert_id, "OPEN", None)


async def test_alerts_are_found_by_state_channel_order_and_owner_page_by_page(oversold: Oversold) -> None:
    await oversold.sell("1", "LAMP", 2)
    await oversold.sell("2", "DESK", 2, "woo-fr")
    await oversold.sell("3", "LAMP", 1)
    ids = {alert["orderId"]: alert["id"] for alert in await oversold.listed()}
    await oversold.change(ACKNOWLEDGE, id=ids["1"], owner="ann")
    await oversold.change(RESOLVE, id=ids["3"], resolution="Done.")

    async def found(**wanted: Any) -> set[str]:
        return {alert["orderId"] for alert in await oversold.listed(filter=wanted)}

    assert await found(states=["OPEN"]) == await found(channelId="woo-fr") == await found(orderId="2") == {"2"}
    assert await found(owner="ann") == {"1"}
    assert await found(states=["ACKNOWLEDGED", "RESOLVED"], kind="OVERSOLD") == {"1", "3"}
    page = (await oversold.shop.owner.ask(ALERTS, first=2))["alerts"]
    rest = await oversold.listed(first=2, after=page["pageInfo"]["endCursor"])
    assert [alert["orderId"] for alert in [*page["nodes"], *rest]] == ["3", "2", "1"]


async def test_what_nobody_can_do_about_an_alert_is_refused_by_name(oversold: Oversold) -> None:
    for document, input, code, field in (
        (ACKNOWLEDGE, {"id": "nowhere"}, "ALERT_NOT_FOUND", "id"),
        (ACKNOWLEDGE, {"id": "nowhere", "owner": " "}, "BLANK", "owner"),
        (ACKNOWLEDGE, {"id": "nowhere", "owner": "x" * 65}, "TOO_LONG", "owner"),
        (RESOLVE, {"id": "nowhere", "resolution": "Done."}, "ALERT_NOT_FOUND", "id"),
        (RESOLVE, {"id": "nowhere", "resolution": ""}, "BLANK", "resolution"),
    ):
        refused = await oversold.change(document, **input)
        assert refused == {"alert": None, "userErrors": [{"code": code, "field": ["input", field]}]}, input
    guest = await oversold.shop.client(Scope.AVAILABILITY_READ)
    assert (await guest.refused(ALERTS))["code"] == "FORBIDDEN"
    reader = await oversold.shop.client(Scope.INVENTORY_READ, name="reader")
    answer = await reader.ask(RESOLVE, input={"id": "nowhere", "resolution": "Done."})
    assert answer["it"]["userErrors"][0]["code"] == "FORBIDDEN"
