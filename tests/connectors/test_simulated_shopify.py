"""What only Shopify does, over real HTTP."""

import time

import pytest
from graphql import GraphQLEnumType, GraphQLSchema, parse, validate

from connectors import CONNECTORS
from connectors.errors import Throttled
from connectors.platforms.shopify import documents
from connectors.simulated import SimulatedShopify
from connectors.updates import Confirmed, Stale, StockUpdate
from tests.connectors.connected import Connected


@pytest.mark.parametrize("name", [name for name in dir(documents) if name.isupper()])
def test_our_documents_are_valid_in_the_vendors_own_schema(name: str, vendor_schema: GraphQLSchema | None) -> None:
    if vendor_schema is None:
        pytest.skip("the vendor's schema is not beside the checkout")
    assert validate(vendor_schema, parse(getattr(documents, name))) == []


def test_every_topic_exists_in_the_vendors_own_schema(vendor_schema: GraphQLSchema | None) -> None:
    if vendor_schema is None:
        pytest.skip("the vendor's schema is not beside the checkout")
    topics = vendor_schema.get_type("WebhookSubscriptionTopic")
    assert isinstance(topics, GraphQLEnumType)
    ours = {topic.upper().replace("/", "_") for topic in CONNECTORS["shopify"].topics}
    assert ours <= topics.values.keys()


async def test_a_sale_in_flight_makes_the_comparison_fail_and_says_what_is_there(shopify: Connected) -> None:
    shopify.shop.webhooks.hold()
    await shopify.shop.sell("MUG", 2)
    outcomes = await shopify.write(shopify.update("MUG", 9, 10), shopify.update("CAP", 4, 0))
    assert outcomes == [Stale(8), Confirmed(4)]
    assert shopify.shop.shelf.quantity("MUG", shopify.shop.home()) == 8


async def test_locations_are_written_and_read_apart(shopify: Connected) -> None:
    shop = shopify.shop
    assert isinstance(shop, SimulatedShopify)
    outlet = list(shop.locations)[1]
    update = StockUpdate(
        platform_ids=shopify.ids["MUG"],
        sku="MUG",
        location_id=outlet,
        quantity=4,
        change_from=0,
        idempotency_key="outlet",
    )
    assert await shopify.write(update) == [Confirmed(4)]
    assert (shop.shelf.quantity("MUG", shop.home()), shop.shelf.quantity("MUG", outlet)) == (10, 4)


async def test_what_shopify_does_not_count_is_said_to_be_so(shopify: Connected) -> None:
    assert isinstance(shopify.shop, SimulatedShopify)
    shopify.shop.tracked.discard("CAP")
    order = await shopify.shop.sell_many({"MUG": 1, "CAP": 1})
    event = await shopify.order(f"gid://shopify/Order/{order.order_id}")
    assert [line.tracked for line in event.lines or ()] == [True, False]


async def test_a_refused_token_is_renewed_once(shopify: Connected) -> None:
    assert isinstance(shopify.shop, SimulatedShopify)
    shopify.shop.expire_tokens()
    assert await shopify.write(shopify.update("MUG", 6, 10)) == [Confirmed(6)]
    grants = [request for request in shopify.shop.requests if request.path.endswith("access_token")]
    assert len(grants) == 2


async def test_a_used_up_allowance_is_obeyed(shopify: Connected) -> None:
    assert isinstance(shopify.shop, SimulatedShopify)
    # Restored so slowly that a busy machine's next request does not find it restored.
    shopify.shop.bucket.restored_per_second = 20
    shopify.shop.bucket.leave(5)
    asked_at = time.monotonic()
    with pytest.raises(Throttled) as refused:
        await shopify.write(shopify.update("MUG", 6, 10))
    assert refused.value.after_seconds is not None and 0 < refused.value.after_seconds <= 0.5
    assert await shopify.write(shopify.update("MUG", 6, 10)) == [Confirmed(6)]
    assert shopify.shop.stock_writes()[-1].arrived_at - asked_at > refused.value.after_seconds


async def test_250_lines_go_in_one_call_and_two_bad_ones_cost_one_more(shopify: Connected) -> None:
    shop = shopify.shop
    assert isinstance(shop, SimulatedShopify)
    for number in range(250):
        sku = f"BULK-{number}"
        shop.variants[sku] = 9000 + number
        shop.shelf.put(sku, shop.home(), 1)
        shopify.ids[sku] = {"inventory_item_id": f"gid://shopify/InventoryItem/{9000 + number}"}
    updates = [shopify.update(f"BULK-{number}", 2, 5 if number in (17, 200) else 1) for number in range(250)]
    outcomes = await shopify.write(*updates)
    assert [number for number, outcome in enumerate(outcomes) if outcome == Stale(1)] == [17, 200]
    assert sum(isinstance(outcome, Confirmed) for outcome in outcomes) == 248
    assert len(shop.stock_writes()) == 2
