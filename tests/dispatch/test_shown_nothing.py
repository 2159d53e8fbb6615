"""A platform that takes counts and shows none, with the gateway: what was accepted is believed, and told after each of
its own sales; comparing with it says why it cannot be done."""

from __future__ import annotations

import pytest

from connectors.simulated.zalando import SimulatedZalando
from gateway.bootstrap import Gateway
from gateway.inventory.channels import Channel
from gateway.inventory.discoveries import RunState
from gateway.inventory.drifts import ReconcileMode
from tests.dispatch.surveying import discovered, reconciled
from tests.dispatch.test_polling import make_due
from tests.dispatch.trading import HOME, change, level_of, trading, until, until_confirmed

SKU = "TSHIRT-BLK-M"


async def until_told(gateway: Gateway, shop: SimulatedZalando, channel: Channel, units: int) -> None:
    """Return once a poll has brought our stock there, and every shop was told."""
    await make_due(gateway, channel.id)
    await gateway.channels.reception.poller.poll(channel)

    async def counted() -> bool:
        return (await level_of(gateway, SKU)).available == units

    await until(gateway, "ledger", counted)
    await until_confirmed(gateway, channel.id, SKU)
    assert set(shop.told.values()) == {units}


@pytest.mark.parametrize("decrements", [True, False])
async def test_a_sale_there_lowers_what_every_shop_is_told(
    mongo_uri: str, database_name: str, decrements: bool
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedZalando({SKU: 10}, decrements=decrements) as shop,
        gateway.channels.running(),
    ):
        channels, ids = gateway.channels, {"ean": shop.eans[SKU]}
        channel = await channels.channels.create("zalando", "zalando", "Zalando", shop.config(), None, 0)
        await channels.listings.create(channel.id, SKU, ids)
        await until_confirmed(gateway, channel.id, SKU)
        await change(gateway, "elsewhere", SKU, -1)
        await shop.shelf.until(SKU, 9)
        order = await shop.sell(SKU, 3)
        await channels.reception.poller.poll(channel)
        await until_told(gateway, shop, channel, 6)
        await shop.cancel(order)
        await until_told(gateway, shop, channel, 9)


async def test_comparing_and_discovering_say_why_they_cannot_be_done(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedZalando({SKU: 10}) as shop,
        gateway.channels.running(),
    ):
        channel = await gateway.channels.channels.create("zalando", "zalando", "Zalando", shop.config(), None, 0)
        await gateway.channels.listings.create(channel.id, SKU, {"ean": shop.eans[SKU]})
        await until_confirmed(gateway, channel.id, SKU)
        run = await reconciled(gateway, channel.id, ReconcileMode.REPAIR)
        assert (run.state, run.drifts, "nothing to compare" in (run.reason or "")) == (RunState.FAILED, 0, True)
        found = await discovered(gateway, channel.id)
        assert found.state is RunState.FAILED and "EAN" in (found.reason or "")
        assert len(shop.stock_writes()) == 1
