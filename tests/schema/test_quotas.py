"""Quotas as clients see them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.store.channels import ChannelStore
from tests.schema.shop import Client, Shop
from tests.selling import channel

SET = """
mutation($input: QuotaSetInput!) {
  quotaSet(input: $input) {
    replayed inventoryItem { version } userErrors { field code }
  }
}
"""
CLEAR = "mutation($input: QuotaInput!) { quotaClear(input: $input) { replayed userErrors { field code } } }"
QUOTAS = """
{ inventoryItem(sku: "LAMP") { quotas { channelId locationId quantity used remaining missing } } }
"""
RESERVE = """
mutation($input: ReservationCreateInput!) {
  reservationCreate(input: $input) { reservation { id channelId } userErrors { code actualQuantity } }
}
"""
AVAILABLE = 'query($channelId: String) { availability(skus: ["LAMP"], channelId: $channelId) { quantity } }'
CHECK = "query($input: CartCheckInput!) { cartCheck(input: $input) { ok lines { obtainable } } }"


@pytest.fixture
async def stocked(shop: Shop) -> Shop:
    for channel_id in ("web", "till"):
        assert await ChannelStore(shop.gateway.database).insert(channel(channel_id))
    shop.gateway.channels.directory.forget()
    await shop.stock_up({"LAMP": {"EAST": 6, "WEST": 4}})
    return shop


async def quota(client: Client, key: str, quantity: int, **fields: Any) -> dict[str, Any]:
    wanted = {"idempotencyKey": key, "sku": "LAMP", "channelId": "web", "quantity": quantity, **fields}
    answer: dict[str, Any] = (await client.ask(SET, input=wanted))["quotaSet"]
    return answer


async def available(client: Client, channel_id: str | None) -> int:
    [answer] = (await client.ask(AVAILABLE, channelId=channel_id))["availability"]
    units: int = answer["quantity"]
    return units


async def reserve(client: Client, key: str, quantity: int, **fields: Any) -> dict[str, Any]:
    wanted = {"idempotencyKey": key, "lines": [{"sku": "LAMP", "quantity": quantity}], **fields}
    answer: dict[str, Any] = (await client.ask(RESERVE, input=wanted))["reservationCreate"]
    return answer


async def test_what_is_kept_for_a_channel_is_told_and_offered_to_it_alone(stocked: Shop) -> None:
    owner = stocked.owner
    assert await quota(owner, "q", 7) == {"replayed": False, "inventoryItem": {"version": 2}, "userErrors": []}
    assert (await quota(owner, "q", 7))["replayed"]
    assert [await available(owner, some) for some in ("web", "till", None)] == [10, 3, 3]
    await reserve(owner, "r", 5, channelId="web")
    assert (await owner.ask(QUOTAS))["inventoryItem"]["quotas"] == [
        {"channelId": "web", "locationId": None, "quantity": 7, "used": 5, "remaining": 2, "missing": 0}
    ]
    assert [await available(owner, some) for some in ("web", "till", None)] == [5, 3, 3]
    wanted = {"idempotencyKey": "c", "sku": "LAMP", "channelId": "web"}
    assert (await owner.ask(CLEAR, input=wanted))["quotaClear"] == {"replayed": False, "userErrors": []}
    assert (await owner.ask(QUOTAS))["inventoryItem"]["quotas"] == []
    assert await available(owner, "till") == 5
    assert (await stocked.gateway.movements.auditor.run()).mismatches == []


async def test_a_cart_is_checked_for_the_channel_that_it_is_sold_through(stocked: Shop) -> None:
    await quota(stocked.owner, "q", 4, locationId="WEST")
    lines = [{"sku": "LAMP", "quantity": 8}]
    for channel_id, obtainable in (("web", 8), ("till", 6), (None, 6)):
        checked = await stocked.owner.ask(CHECK, input={"lines": lines, "channelId": channel_id})
        assert checked["cartCheck"] == {"ok": obtainable == 8, "lines": [{"obtainable": obtainable}]}
    refused = await reserve(stocked.owner, "r", 8, channelId="till")
    assert refused["userErrors"] == [{"code": "INSUFFICIENT_STOCK", "actualQuantity": 6}]


async def test_a_cart_check_counts_what_the_owners_own_hold_would_give_back_to_a_quota(stocked: Shop) -> None:
    await quota(stocked.owner, "q", 4)
    await reserve(stocked.owner, "mine", 4, channelId="web", owner="ann")
    await reserve(stocked.owner, "rest", 6, channelId="web", owner="bob")
    lines = [{"sku": "LAMP", "quantity": 4}]
    for owner, ok in (("ann", True), ("eve", False)):
        checked = await stocked.owner.ask(CHECK, input={"lines": lines, "channelId": "web", "owner": owner})
        assert checked["cartCheck"]["ok"] is ok
    through_none = await stocked.owner.ask(CHECK, input={"lines": lines, "owner": "ann"})
    assert through_none["cartCheck"] == {"ok": False, "lines": [{"obtainable": 0}]}
    again = await reserve(stocked.owner, "again", 4, channelId="web", owner="ann")
    assert again["userErrors"] == []


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"sku": "NO-SUCH"}, "ITEM_NOT_FOUND", "sku"),
        ({"channelId": "no-such"}, "CHANNEL_NOT_FOUND", "channelId"),
        ({"locationId": "MOON"}, "LOCATION_NOT_FOUND", "locationId"),
        ({"quantity": 0}, "OUT_OF_RANGE", "quantity"),
    ],
)
async def test_a_quota_of_what_does_not_exist_is_refused(
    stocked: Shop, fields: dict[str, Any], code: str, field: str
) -> None:
    refused = await quota(stocked.owner, "q", **{"quantity": 1, **fields})
    assert refused["userErrors"] == [{"field": ["input", field], "code": code}]
