"""What only WooCommerce does, over real HTTP."""

from connectors.messages import OrderEvent
from connectors.simulated import SimulatedWooCommerce
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.connected import Connected


async def test_what_the_shop_does_not_count_is_looked_up_where_that_is_asked_for(woocommerce: Connected) -> None:
    shop = woocommerce.shop
    assert isinstance(shop, SimulatedWooCommerce)
    shop.products["CAP"].managed = shop.products["SHOE-41"].managed = False
    shop.add_variations("SOCK", {"SOCK-S": 5})
    shop.products["SOCK-S"].managed = "parent"
    order = await shop.sell_many({"MUG": 1, "CAP": 1, "SHOE-41": 1, "SHOE-42": 1, "SOCK-S": 1})
    event = await woocommerce.order(str(order.order_id))
    assert [line.tracked for line in event.lines or ()] == [True] * 5
    woocommerce.config = woocommerce.config.model_copy(update={"look_up_tracking": True})
    (event,) = [one for one in await woocommerce.received() if isinstance(one, OrderEvent)]
    assert [line.tracked for line in event.lines or ()] == [True, False, False, True, False]
    del shop.products["SHOE"]
    event = await woocommerce.order(str(order.order_id))
    assert [line.tracked for line in event.lines or ()] == [True, False, True, True, False], "nothing is said of SHOE"


async def test_a_product_that_is_not_counted_is_reported_and_not_switched_on(woocommerce: Connected) -> None:
    shop = woocommerce.shop
    assert isinstance(shop, SimulatedWooCommerce)
    shop.products["MUG"].managed, shop.products["SHOE-41"].managed = False, "parent"
    outcomes = await woocommerce.write(woocommerce.update("MUG", 6), woocommerce.update("SHOE-41", 1))
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Rejected)] == ["not_tracked", "stock_on_parent"]
    assert (await woocommerce.stock())["MUG"] is None


async def test_variations_are_written_in_one_call_for_each_parent(woocommerce: Connected) -> None:
    updates = [woocommerce.update("SHOE-41", 1), woocommerce.update("MUG", 2), woocommerce.update("SHOE-42", 3)]
    assert await woocommerce.write(*updates) == [Confirmed(1), Confirmed(2), Confirmed(3)]
    assert len(woocommerce.shop.stock_writes()) == 2


async def test_a_parent_that_is_gone_concerns_its_variations_alone(woocommerce: Connected) -> None:
    orphan = StockUpdate(
        platform_ids={"product_id": "1", "variation_id": "2"}, sku="X", quantity=1, idempotency_key="orphan"
    )
    outcomes = await woocommerce.write(orphan, woocommerce.update("MUG", 2))
    assert isinstance(outcomes[0], Rejected) and outcomes[1] == Confirmed(2)


async def test_the_unsigned_ping_is_answered_and_nothing_else_unsigned_is(woocommerce: Connected) -> None:
    shop = woocommerce.shop
    assert isinstance(shop, SimulatedWooCommerce)
    await shop.webhooks.deliver(shop.ping())
    await shop.sell("MUG")
    ping, sale = woocommerce.receiver.notifications
    assert woocommerce.connector.handshake(woocommerce.config, ping) is not None
    assert woocommerce.connector.handshake(woocommerce.config, sale) is None
