"""Rules of what is withheld: written, explained and tried out through the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.inventory.access import Scope
from gateway.inventory.channels import Channel, ChannelState, Listing
from gateway.operations import buffers, offer_preview
from gateway.store.buffer_rules import BUFFER_RULES
from gateway.store.channels import ChannelStore
from gateway.store.delays import DelayStore, Measurements
from gateway.store.listings import ListingStore
from tests.builders import NOW
from tests.schema.shop import Client, Shop, open_shop

SET = """
mutation($input: BufferRuleSetInput!) {
  bufferRuleSet(input: $input) {
    rule { id layer channelId locationId tag sku fixed percent listAtMost stopAt dynamic { quantile unitsMax } }
    userErrors { field code }
  }
}
"""
DELETE = """
mutation($input: BufferTargetInput!) { bufferRuleDelete(input: $input) { rule { id } userErrors { field code } } }
"""
RULES = """
query($after: String) { bufferRules(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }
"""
EFFECTIVE = """
query($sku: String!, $channelId: String!) {
  effectiveBuffer(sku: $sku, channelId: $channelId) {
    platformLocationId locationIds available withheld offered
    fixed { ...term } percent { ...term } stopAt { ...term } listAtMost { ...term }
    dynamic {
      ruleId quantile unitsMax units exactUnits mean variance lagVariance
      sources { channelId unitsPerDay variancePerDay seconds units variance }
    }
  }
}
fragment term on BufferTerm { value units ruleId }
"""
PREVIEW = """
query(
  $changes: [BufferRuleChangeInput!]!, $channelId: String, $after: String, $totalsAfter: String
  $onlyChanged: Boolean! = true
) {
  offerPreview(changes: $changes, channelId: $channelId) {
    totals(after: $totalsAfter) { listings changed unitsNow unitsThen toZero fromZero complete endCursor }
    lines(first: 2, after: $after, onlyChanged: $onlyChanged) {
      nodes { channelId sku now then } pageInfo { hasNextPage endCursor }
    }
  }
}
"""
AVAILABILITY = (
    "query($sku: String!, $channelId: String) { availability(skus: [$sku], channelId: $channelId) { quantity } }"
)


def channel(channel_id: str, buffer: int = 0) -> Channel:
    locations = {"EAST": None, "WEST": None}
    return Channel(channel_id, "shopify", "S", {}, b"", locations, buffer, ChannelState.ACTIVE, None, 1, NOW, NOW)


@dataclass(frozen=True, slots=True)
class Trade:
    """Three items with 10 units in the east, listed on `till` (buffer 4) and `web`."""

    shop: Shop
    admin: Client

    async def set(self, **rule: Any) -> dict[str, Any]:
        payload: dict[str, Any] = (await self.admin.ask(SET, input=rule))["bufferRuleSet"]
        return payload

    async def effective(self, sku: str = "LAMP", channel_id: str = "web") -> dict[str, Any]:
        [place] = (await self.admin.ask(EFFECTIVE, sku=sku, channelId=channel_id))["effectiveBuffer"]
        found: dict[str, Any] = place
        return found

    async def preview(self, *changes: dict[str, Any], **asked: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await self.admin.ask(PREVIEW, changes=changes, **asked))["offerPreview"]
        return found


@pytest.fixture(scope="module")
async def opened(mongo_uri: str, kept_database: str) -> AsyncIterator[Trade]:
    async with open_shop(mongo_uri, kept_database) as shop:
        await shop.stock_up({sku: {"EAST": 10, "WEST": 0} for sku in ("LAMP", "SOFA", "STOOL")})
        database = shop.gateway.database
        items = await shop.gateway.stock_store.items(["LAMP", "SOFA", "STOOL"])
        for some in (channel("till", 4), channel("web")):
            assert await ChannelStore(database).insert(some)
            for sku, item in items.items():
                await ListingStore(database).insert(Listing(some.id, item.id, sku, {"variant_id": sku}, NOW))
        shop.gateway.channels.directory.forget()
        yield Trade(shop, await shop.client(Scope.ADMIN, Scope.INVENTORY_READ, name="admin"))


@pytest.fixture
async def trade(opened: Trade) -> Trade:
    """Without rules. A test that changes more than these changes it back."""
    await opened.shop.gateway.database[BUFFER_RULES].delete_many({})
    opened.shop.gateway.channels.buffer_rules.forget()
    return opened


async def test_a_rule_is_told_as_it_was_written_and_replaced_whole(trade: Trade) -> None:
    written = await trade.set(channelId="web", sku="LAMP", percent=20, dynamic={"quantile": 0.9, "unitsMax": 7})
    assert written["userErrors"] == []
    rule = written["rule"]
    assert (rule["layer"], rule["sku"], rule["percent"]) == ("ITEM", "LAMP", 20)
    assert rule["dynamic"] == {"quantile": 0.9, "unitsMax": 7}
    replaced = (await trade.set(channelId="web", sku="LAMP", fixed=3))["rule"]
    assert (replaced["id"], replaced["fixed"], replaced["percent"], replaced["dynamic"]) == (rule["id"], 3, None, None)


async def test_rules_are_listed_page_by_page_and_deleted_by_what_they_name(trade: Trade) -> None:
    for target in ({}, {"channelId": "web"}, {"tag": "rare", "locationId": "EAST"}):
        await trade.set(**target, fixed=1)
    first = (await trade.admin.ask(RULES))["bufferRules"]
    rest = (await trade.admin.ask(RULES, after=first["pageInfo"]["endCursor"]))["bufferRules"]
    assert [rule["id"] for rule in first["nodes"] + rest["nodes"]] == ["///", "/EAST//rare", "web///"]
    deleted = await trade.admin.ask(DELETE, input={"locationId": "EAST", "tag": "rare"})
    assert deleted["bufferRuleDelete"]["userErrors"] == []
    again = await trade.admin.ask(DELETE, input={"locationId": "EAST", "tag": "rare"})
    assert again["bufferRuleDelete"]["userErrors"] == [{"field": ["input"], "code": "BUFFER_RULE_NOT_FOUND"}]


async def test_a_rule_that_cannot_be_is_refused(trade: Trade) -> None:
    cases: list[tuple[dict[str, Any], list[str], str]] = [
        ({}, [], "EMPTY"),
        ({"fixed": -1}, ["fixed"], "OUT_OF_RANGE"),
        ({"dynamic": {"quantile": 1, "unitsMax": 5}}, ["dynamic", "quantile"], "OUT_OF_RANGE"),
        ({"fixed": 1, "channelId": "no-such"}, ["channelId"], "CHANNEL_NOT_FOUND"),
        ({"fixed": 1, "locationId": "MOON"}, ["locationId"], "LOCATION_NOT_FOUND"),
        ({"fixed": 1, "sku": "NO-SUCH"}, ["sku"], "ITEM_NOT_FOUND"),
        ({"fixed": 1, "sku": "LAMP", "tag": "rare"}, ["tag"], "INVALID_INPUT"),
        ({"fixed": 1, "tag": " "}, ["tag"], "BLANK"),
    ]
    for rule, field, code in cases:
        assert (await trade.set(**rule))["userErrors"] == [{"field": ["input", *field], "code": code}]


async def test_there_are_only_so_many_rules(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "RULES_MAX", 1)
    await trade.set(fixed=1)
    assert (await trade.set(fixed=2))["userErrors"] == []
    assert (await trade.set(tag="rare", fixed=2))["userErrors"] == [{"field": ["input"], "code": "TOO_MANY"}]


async def test_only_an_administrator_writes_rules_and_tries_them_out(trade: Trade) -> None:
    owner = trade.shop.owner
    assert (await owner.ask(SET, input={"fixed": 1}))["bufferRuleSet"]["userErrors"][0]["code"] == "FORBIDDEN"
    assert (await owner.ask(DELETE, input={}))["bufferRuleDelete"]["userErrors"][0]["code"] == "FORBIDDEN"
    assert (await owner.refused(PREVIEW, changes=[]))["code"] == "FORBIDDEN"


async def test_each_term_of_an_offer_is_told_with_the_rule_that_won(trade: Trade) -> None:
    await trade.set(percent=25, listAtMost=6)
    await trade.set(locationId="EAST", stopAt=2)
    assert await trade.effective(channel_id="till") == {
        "platformLocationId": None,
        "locationIds": ["EAST", "WEST"],
        "available": 10,
        "fixed": {"value": 4, "units": 4, "ruleId": None},
        "percent": {"value": 25, "units": 3, "ruleId": "///"},
        "stopAt": {"value": 2, "units": 2, "ruleId": "/EAST//"},
        "listAtMost": {"value": 6, "units": 6, "ruleId": "///"},
        "dynamic": None,
        "withheld": 4,
        "offered": 6,
    }
    assert (await trade.effective())["offered"] == 6
    assert (await trade.shop.owner.ask(AVAILABILITY, sku="LAMP", channelId="till"))["availability"] == [{"quantity": 6}]


async def test_a_dynamic_buffer_is_told_source_by_source(trade: Trade) -> None:
    await trade.set(channelId="web", dynamic={"quantile": 0.95, "unitsMax": 50})
    delays = DelayStore(trade.shop.gateway.database)
    await delays.fold("web", Measurements([3_600.0, 3_600.0], [10.0], False))
    found = await trade.effective()
    assert (found["dynamic"]["units"], found["dynamic"]["exactUnits"], found["withheld"]) == (0, 0, 0)
    [source] = found["dynamic"]["sources"]
    assert (source["channelId"], source["seconds"], source["unitsPerDay"]) == (None, 3_600, 0)
    query = """
    query($id: String!) {
      channelDelays(channelId: $id) { propagation { meanSeconds deviationSeconds samples } reports { samples } }
    }
    """
    told = await trade.admin.ask(query, id="web")
    propagation = {"meanSeconds": 3_600, "deviationSeconds": 0, "samples": 2}
    assert told["channelDelays"] == {"propagation": propagation, "reports": {"samples": 1}}
    assert (await trade.admin.ask(query, id="till"))["channelDelays"] is None


async def test_an_item_is_tagged_and_its_rules_follow(trade: Trade) -> None:
    await trade.set(tag="rare", fixed=9)
    update = """
    mutation($sku: String!, $tags: [String!]!) {
      itemUpdate(input: {sku: $sku, tags: $tags}) { item { tags } userErrors { field code } }
    }
    """
    tagged = await trade.shop.owner.ask(update, sku="LAMP", tags=["rare", "fragile", "rare"])
    assert tagged["itemUpdate"]["item"] == {"tags": ["fragile", "rare"]}
    assert (await trade.effective())["offered"] == 1
    for tags, path, code in (([" x"], ["tags", "0"], "INVALID_CHARACTERS"), (["x"] * 21, ["tags"], "TOO_MANY")):
        refused = await trade.shop.owner.ask(update, sku="LAMP", tags=tags)
        assert refused["itemUpdate"]["userErrors"] == [{"field": ["input", *path], "code": code}]
    assert (await trade.shop.owner.ask(update, sku="LAMP", tags=[]))["itemUpdate"]["item"] == {"tags": []}
    assert (await trade.effective())["offered"] == 10
    created = await trade.shop.owner.ask(
        'mutation { itemCreate(input: {sku: "RUG", tags: ["soft"]}) { item { tags } userErrors { code } } }'
    )
    assert created["itemCreate"]["item"] == {"tags": ["soft"]}


async def test_a_change_is_tried_out_on_every_listing_before_it_is_made(trade: Trade) -> None:
    await trade.set(sku="SOFA", fixed=10)
    changes = ({"set": {"channelId": "web", "percent": 50}}, {"delete": {"sku": "SOFA"}})
    found = await trade.preview(*changes)
    assert found["totals"] == {
        "listings": 6,
        "changed": 4,
        "unitsNow": 32,
        "unitsThen": 33,
        "toZero": 0,
        "fromZero": 2,
        "complete": True,
        "endCursor": None,
    }
    first = found["lines"]
    rest = (await trade.preview(*changes, after=first["pageInfo"]["endCursor"]))["lines"]
    assert first["pageInfo"]["hasNextPage"] and not rest["pageInfo"]["hasNextPage"]
    lines = {(line["channelId"], line["sku"]): (line["now"], line["then"]) for line in first["nodes"] + rest["nodes"]}
    assert lines == {
        ("till", "SOFA"): (0, 6),
        ("web", "LAMP"): (10, 5),
        ("web", "SOFA"): (0, 5),
        ("web", "STOOL"): (10, 5),
    }
    one = await trade.preview({"set": {"stopAt": 10}}, channelId="till", onlyChanged=False)
    assert (one["totals"]["listings"], one["totals"]["toZero"]) == (3, 2)
    assert (await trade.effective())["offered"] == 10, "nothing was changed"


async def test_a_preview_of_many_listings_goes_on_where_it_stopped(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offer_preview, "LOOKED_AT_MAX", 4)
    change = {"set": {"channelId": "web", "sku": "STOOL", "fixed": 1}}
    first = await trade.preview(change)
    some = first["totals"]
    assert (some["listings"], some["complete"]) == (4, False)
    rest = (await trade.preview(change, totalsAfter=some["endCursor"]))["totals"]
    assert (rest["listings"], rest["complete"], rest["endCursor"]) == (2, True, None)
    # Which listings come first depends on their ids, which are random.
    counted = ("changed", "unitsNow", "unitsThen", "toZero", "fromZero")
    assert [some[name] + rest[name] for name in counted] == [1, 48, 47, 0, 0]
    seen, page = list(first["lines"]["nodes"]), first["lines"]["pageInfo"]
    while page["hasNextPage"]:
        lines = (await trade.preview(change, after=page["endCursor"]))["lines"]
        seen, page = seen + lines["nodes"], lines["pageInfo"]
    assert seen == [{"channelId": "web", "sku": "STOOL", "now": 10, "then": 9}]


async def test_changes_that_cannot_be_are_not_tried_out(trade: Trade) -> None:
    cases: list[tuple[list[dict[str, Any]], list[str], str]] = [
        ([], ["changes"], "EMPTY"),
        ([{}], ["changes", "0"], "INVALID_INPUT"),
        ([{"set": {"fixed": 1}}, {"delete": {}}], ["changes", "1"], "DUPLICATE"),
        ([{"set": {"sku": "NO-SUCH", "fixed": 1}}], ["changes", "0", "sku"], "ITEM_NOT_FOUND"),
    ]
    for changes, path, code in cases:
        refused = await trade.admin.refused(PREVIEW, changes=changes)
        assert (refused["field"], refused["code"]) == (path, code)
