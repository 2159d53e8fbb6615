"""What storefronts are told."""

from __future__ import annotations

from typing import Any

from gateway.inventory.access import Scope
from gateway.inventory.channels import Channel, ChannelState
from gateway.store.channels import ChannelStore
from tests.builders import NOW
from tests.schema.shop import Client, Shop

AVAILABILITY = """
query($skus: [String!]!, $locationIds: [String!], $channelId: String) {
  availability(skus: $skus, locationIds: $locationIds, channelId: $channelId) { sku known band quantity }
}
"""


async def told(client: Client, *skus: str, **places: Any) -> list[tuple[str, int | None]]:
    answer = await client.ask(AVAILABILITY, skus=skus, **places)
    return [(line["band"], line["quantity"]) for line in answer["availability"]]


async def test_a_storefront_is_told_bands_and_a_back_office_quantities(library: Shop) -> None:
    storefront = await library.client(Scope.AVAILABILITY_READ, name="storefront")
    skus = ("LAMP", "LAMP-BLUE", "SOFA", "NO-SUCH")
    assert await told(storefront, *skus) == [
        ("IN_STOCK", None),
        ("LOW_STOCK", None),
        ("OUT_OF_STOCK", None),
        ("OUT_OF_STOCK", None),
    ]
    assert [quantity for _, quantity in await told(library.owner, *skus)] == [13, 2, 0, 0]


async def test_unknown_and_archived_items_are_known_to_be_unknown(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    archive = 'mutation { itemArchive(input: {sku: "LAMP"}) { userErrors { code } } }'
    assert (await shop.owner.ask(archive))["itemArchive"]["userErrors"] == []
    answer = await shop.owner.ask(AVAILABILITY, skus=["LAMP", "NO-SUCH"])
    assert answer["availability"] == [
        {"sku": "LAMP", "known": False, "band": "OUT_OF_STOCK", "quantity": 0},
        {"sku": "NO-SUCH", "known": False, "band": "OUT_OF_STOCK", "quantity": 0},
    ]


async def test_availability_counts_only_the_locations_asked_for(library: Shop) -> None:
    assert await told(library.owner, "LAMP", locationIds=["WEST"]) == [("LOW_STOCK", 3)]
    assert await told(library.owner, "LAMP", locationIds=["WEST", "EAST", "WEST"]) == [("IN_STOCK", 13)]
    assert await told(library.owner, "LAMP", locationIds=["MOON"]) == [("OUT_OF_STOCK", 0)]


async def test_a_channel_is_told_what_it_is_offered(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10, "WEST": 3, "SOUTH": 20}, "SOFA": {"EAST": 1}})
    channel = Channel(
        id="web",
        platform="shopify",
        name="Web",
        config={},
        sealed=b"",
        locations={"EAST": None, "WEST": None},
        buffer=2,
        state=ChannelState.ACTIVE,
        reason=None,
        revision=1,
        created_at=NOW,
        updated_at=NOW,
    )
    assert await ChannelStore(shop.gateway.database).insert(channel)
    shop.gateway.channels.directory.forget()
    assert await told(shop.owner, "LAMP", "SOFA", channelId="web") == [("IN_STOCK", 11), ("OUT_OF_STOCK", 0)]
    assert await told(shop.owner, "LAMP", channelId="web", locationIds=["WEST", "SOUTH"]) == [("LOW_STOCK", 1)]


async def test_an_unknown_channel_is_refused(library: Shop) -> None:
    refusal = await library.owner.refused(AVAILABILITY, skus=["LAMP"], channelId="no-such")
    assert refusal == {"code": "CHANNEL_NOT_FOUND", "field": ["channelId"], "retryable": False}


async def test_a_key_without_any_reading_scope_is_told_nothing(library: Shop) -> None:
    writer = await library.client(Scope.INVENTORY_WRITE, name="writer")
    assert (await writer.refused(AVAILABILITY, skus=["LAMP"]))["code"] == "FORBIDDEN"
