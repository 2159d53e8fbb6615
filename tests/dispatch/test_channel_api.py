"""Channels and listings through GraphQL, as an operator connects a shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.fernet import Fernet

from gateway.inventory.access import Scope
from tests.schema.shop import Client, Shop, open_shop

CREATE = """
mutation($input: ChannelCreateInput!) {
  channelCreate(input: $input) {
    channel { id platform state config buffer locations { locationId platformLocationId } }
    userErrors { field message code }
  }
}
"""
UPDATE = """
mutation($input: ChannelUpdateInput!) {
  channelUpdate(input: $input) { channel { name config buffer } userErrors { field message code } }
}
"""
PAUSE = """
mutation($input: ChannelPauseInput!) {
  channelPause(input: $input) { channel { state reason } userErrors { code } }
}
"""
LIST = """
mutation($input: ListingCreateInput!) {
  listingCreate(input: $input) {
    listing { sku offered syncedVersion error platformIds { name value } }
    userErrors { field message code }
  }
}
"""
PAGE = """
query($after: String) {
  platforms
  channels { nodes { id } }
  channel(id: "woo-de") { listings(first: 1, after: $after) { nodes { sku } pageInfo { hasNextPage endCursor } } }
}
"""
WOO: dict[str, Any] = {
    "storeUrl": "https://shop.example",
    "consumerKey": "ck_very_secret",
    "consumerSecret": "cs_very_secret",
    "webhookSecret": "hook_very_secret",
}
SHOPIFY: dict[str, Any] = {"shopDomain": "mugs.myshopify.com", "clientId": "app", "clientSecret": "very_secret"}


def woo(**changes: Any) -> dict[str, Any]:
    return {"id": "woo-de", "platform": "woocommerce", "name": "Woo", "config": WOO, **changes}


@dataclass(frozen=True, slots=True)
class Operator:
    shop: Shop
    client: Client

    async def create(self, input: dict[str, Any]) -> dict[str, Any]:
        payload: dict[str, Any] = (await self.client.ask(CREATE, input=input))["channelCreate"]
        return payload

    async def list_item(self, sku: str, **ids: str) -> dict[str, Any]:
        lines = [{"name": name, "value": value} for name, value in ids.items()]
        answer = await self.client.ask(LIST, input={"channelId": "woo-de", "sku": sku, "platformIds": lines})
        payload: dict[str, Any] = answer["listingCreate"]
        return payload


@pytest.fixture
async def operator(mongo_uri: str, database_name: str) -> AsyncIterator[Operator]:
    """A client with the scope `admin`, on a gateway with one SKU at two locations."""
    async with open_shop(mongo_uri, database_name, secret_key=Fernet.generate_key().decode()) as shop:
        await shop.stock_up({"MUG": {"EAST": 5, "WEST": 2}})
        yield Operator(shop, await shop.client(Scope.ADMIN, name="operator"))


async def test_a_channel_is_connected_and_its_secrets_are_never_shown(operator: Operator) -> None:
    payload = await operator.create(woo(buffer=2, locations=[{"locationId": "WEST"}]))
    assert payload["userErrors"] == []
    channel = payload["channel"]
    assert (channel["state"], channel["buffer"]) == ("ACTIVE", 2)
    assert channel["locations"] == [{"locationId": "WEST", "platformLocationId": None}]
    assert channel["config"]["store_url"] == "https://shop.example"
    assert "very_secret" not in str(channel)


async def test_secrets_are_encrypted_in_the_database(operator: Operator) -> None:
    await operator.create(woo())
    [document] = await operator.shop.gateway.database["channels"].find({}).to_list(2)
    assert "very_secret" not in str(document)
    stored = await operator.shop.gateway.channels.channels.get("woo-de")
    full = operator.shop.gateway.channels.channels.full_config(stored)
    assert full["consumer_secret"] == "cs_very_secret"
    assert "very_secret" not in repr(stored)


@pytest.mark.parametrize(
    ("input", "field", "code"),
    [
        (woo(id="woo.de"), ["input", "id"], "INVALID_CHARACTERS"),
        (woo(name=" "), ["input", "name"], "BLANK"),
        (woo(platform="myspace"), ["input", "platform"], "INVALID_INPUT"),
        (woo(config={**WOO, "storeUrl": "ftp://x"}), ["input", "config", "storeUrl"], "INVALID_INPUT"),
        (woo(config={**WOO, "colour": "red"}), ["input", "config", "colour"], "INVALID_INPUT"),
        (woo(config={"storeUrl": "https://x"}), ["input", "config", "consumerKey"], "INVALID_INPUT"),
        (woo(config={"store_url": "https://x"}), ["input", "config", "consumer_key"], "INVALID_INPUT"),
        (woo(config={"store_url": "x"}), ["input", "config", "store_url"], "INVALID_INPUT"),
        (woo(config=["no", "object"]), ["input", "config"], "INVALID_INPUT"),
        (woo(buffer=-1), ["input", "buffer"], "OUT_OF_RANGE"),
        (woo(locations=[]), ["input", "locations"], "EMPTY"),
        (
            woo(locations=[{"locationId": "EAST"}, {"locationId": "EAST"}]),
            ["input", "locations", "1", "locationId"],
            "DUPLICATE",
        ),
        (woo(locations=[{"locationId": "MOON"}]), ["input", "locations", "0", "locationId"], "LOCATION_NOT_FOUND"),
        # Shopify counts per location, so it must be said which of ours feeds which of its own.
        (woo(platform="shopify", config=SHOPIFY), ["input", "locations"], "INVALID_INPUT"),
        (
            woo(platform="shopify", config=SHOPIFY, locations=[{"locationId": "EAST"}]),
            ["input", "locations"],
            "INVALID_INPUT",
        ),
    ],
)
async def test_a_wrong_field_is_named(operator: Operator, input: dict[str, Any], field: list[str], code: str) -> None:
    payload = await operator.create(input)
    [error] = payload["userErrors"]
    assert (error["field"], error["code"]) == (field, code)
    assert payload["channel"] is None
    assert "very_secret" not in error["message"] and not error["message"].startswith("Value error")


async def test_a_taken_id_is_refused(operator: Operator) -> None:
    await operator.create(woo())
    [error] = (await operator.create(woo(name="Another")))["userErrors"]
    assert (error["field"], error["code"]) == (["input", "id"], "TAKEN")


async def test_a_change_of_one_setting_keeps_the_others(operator: Operator) -> None:
    await operator.create(woo())
    change = {"id": "woo-de", "buffer": 1, "config": {"consumerSecret": "cs_new_very_secret"}}
    payload = (await operator.client.ask(UPDATE, input=change))["channelUpdate"]
    assert payload["userErrors"] == []
    assert payload["channel"]["name"] == "Woo" and payload["channel"]["buffer"] == 1
    channels = operator.shop.gateway.channels.channels
    full = channels.full_config(await channels.get("woo-de"))
    assert (full["consumer_key"], full["consumer_secret"]) == ("ck_very_secret", "cs_new_very_secret")


async def test_secrets_under_a_lost_key_are_entered_again_and_all_of_them(operator: Operator) -> None:
    await operator.create(woo())
    lost = Fernet(Fernet.generate_key()).encrypt(b"{}")
    await operator.shop.gateway.database["channels"].update_one({"_id": "woo-de"}, {"$set": {"sealed": lost}})
    some = {"id": "woo-de", "config": {"consumerSecret": "cs_new_very_secret"}}
    [error] = (await operator.client.ask(UPDATE, input=some))["channelUpdate"]["userErrors"]
    assert error["field"] == ["input", "config", "consumerKey"]
    change = {"id": "woo-de", "config": {name: value for name, value in WOO.items() if name != "storeUrl"}}
    assert (await operator.client.ask(UPDATE, input=change))["channelUpdate"]["userErrors"] == []
    channels = operator.shop.gateway.channels.channels
    full = channels.full_config(await channels.get("woo-de"))
    assert (full["store_url"], full["consumer_key"]) == ("https://shop.example", "ck_very_secret")


async def test_channels_need_the_scope_admin(operator: Operator) -> None:
    answer = await operator.shop.owner.ask(CREATE, input=woo())
    assert [error["code"] for error in answer["channelCreate"]["userErrors"]] == ["FORBIDDEN"]


async def test_a_channel_is_paused_with_a_reason(operator: Operator) -> None:
    await operator.create(woo())
    payload = (await operator.client.ask(PAUSE, input={"id": "woo-de", "reason": "stock-taking"}))["channelPause"]
    assert payload["channel"] == {"state": "PAUSED", "reason": "stock-taking"}
    missing = (await operator.client.ask(PAUSE, input={"id": "nobody"}))["channelPause"]
    assert [error["code"] for error in missing["userErrors"]] == ["CHANNEL_NOT_FOUND"]


async def test_an_item_is_listed_once_under_ids_of_its_own(operator: Operator) -> None:
    [missing] = (await operator.list_item("MUG", product_id="93"))["userErrors"]
    assert (missing["field"], missing["code"]) == (["input", "channelId"], "CHANNEL_NOT_FOUND")
    await operator.create(woo())
    await operator.shop.stock_up({"CUP": {}})
    listed = await operator.list_item("MUG", product_id="93")
    assert listed["userErrors"] == []
    assert listed["listing"]["platformIds"] == [{"name": "product_id", "value": "93"}]
    assert (listed["listing"]["offered"], listed["listing"]["syncedVersion"]) == (None, -1)
    again = await operator.list_item("MUG", product_id="94")
    stolen = await operator.list_item("CUP", product_id="93")
    unknown = await operator.list_item("TEA", product_id="95")
    assert [(e["field"], e["code"]) for e in again["userErrors"]] == [(["input", "sku"], "TAKEN")]
    assert [(e["field"], e["code"]) for e in stolen["userErrors"]] == [(["input", "platformIds"], "TAKEN")]
    assert [(e["field"], e["code"]) for e in unknown["userErrors"]] == [(["input", "sku"], "ITEM_NOT_FOUND")]


async def test_listings_are_paged(operator: Operator) -> None:
    await operator.create(woo())
    skus = ["A", "B", "C"]
    await operator.shop.stock_up({sku: {} for sku in skus})
    for number, sku in enumerate(skus):
        await operator.list_item(sku, product_id=str(number))
    seen, after = [], None
    for _ in skus:
        answer = await operator.client.ask(PAGE, after=after)
        page = answer["channel"]["listings"]
        seen += [node["sku"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert sorted(seen) == skus
    assert not page["pageInfo"]["hasNextPage"]
    assert [channel["id"] for channel in answer["channels"]["nodes"]] == ["woo-de"]
    assert "shopify" in answer["platforms"]


async def test_an_adjustment_names_the_channels_that_list_the_sku(operator: Operator) -> None:
    await operator.create(woo())
    await operator.list_item("MUG", product_id="93")
    payload = await operator.shop.owner.adjust("k1", "MUG", {"EAST": -1})
    assert payload["syncStatus"] == [{"channelId": "woo-de"}]
