"""Connector and simulated Salesforce B2C Commerce over real HTTP, with either store of stock."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import AuthExpired, Unreachable
from connectors.messages import OrderEvent, OrderStage
from connectors.simulated import SimulatedSalesforceClassic, SimulatedSalesforceOmnichannel
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.salesforce_commerce_cloud import SimulatedSalesforce
from connectors.updates import Confirmed, Deferred, Stale
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.salesforce_site import site_of

SINCE = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture(params=[SimulatedSalesforceClassic, SimulatedSalesforceOmnichannel])
async def site(make_client: MakeClient, request: pytest.FixtureRequest) -> AsyncIterator[Connected]:
    async with site_of(make_client, request.param(STOCK), QuickTime()) as connected:
        yield connected


async def shown(site: Connected, sku: str) -> int:
    """What is for sale, as the site's own stock says."""
    cursor, more, levels = None, True, []
    while more:
        page = await site.client.run(site.connector.read_stock(site.config, cursor))
        levels += [level for level in page.entries if (level.sku, level.location_id) == (sku, site.shop.home())]
        cursor, more = page.cursor, page.more
    (level,) = levels
    assert level.quantity is not None and level.committed is not None
    return level.quantity - level.committed


async def polled(site: Connected, cursor: str | None = None) -> tuple[list[OrderEvent], str | None]:
    page = await site.client.run(site.connector.read_orders(site.config, cursor, SINCE))
    return [entry for entry in page.entries if isinstance(entry, OrderEvent)], page.cursor


def units(event: OrderEvent) -> list[tuple[int, int, int]]:
    return [(line.ordered, line.allocated, line.released) for line in event.lines or ()]


async def test_a_written_quantity_arrives_and_reads_back(site: Connected) -> None:
    assert await site.write(site.update("MUG", 7, 10), site.update("CAP", 3, 0)) == [Confirmed(7), Confirmed(3)]
    assert site.shop.shelf.quantity("MUG", site.shop.home()) == 7
    assert await shown(site, "CAP") == 3


async def test_what_is_there_already_is_not_written(site: Connected) -> None:
    assert await site.write(site.update("MUG", 10, 10)) == [Confirmed(10)]
    assert site.shop.stock_writes() == []


async def test_a_sale_is_neither_trampled_nor_counted_twice(site: Connected) -> None:
    order = await site.shop.sell("MUG", 4)
    assert await site.write(site.update("MUG", 9, 10)) == [Stale(6)]
    assert await site.write(site.update("MUG", 9, 6)) == [Confirmed(9)]
    assert (site.shop.shelf.quantity("MUG", site.shop.home()), await shown(site, "MUG")) == (9, 9)
    await site.shop.fulfil(order)
    assert await shown(site, "MUG") == 9, "shipping what was sold changes nothing that is for sale"


async def test_a_write_that_changed_nothing_is_not_confirmed(site: Connected) -> None:
    site.shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await site.write(site.update("MUG", 7, 10))
    assert isinstance(outcome, Deferred)


async def test_a_write_whose_answer_was_lost_is_not_done_twice(site: Connected) -> None:
    update = site.update("MUG", 7, 10)
    site.shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING, times=8)
    with pytest.raises(Unreachable):
        await site.write(update)
    site.shop.behave()
    # What the engine makes of this when it sends a write again: the first try was applied.
    assert await site.write(update) == [Stale(7)]
    assert await site.write(replace(update, change_from=None)) == [Confirmed(7)]
    assert site.shop.shelf.quantity("MUG", site.shop.home()) == 7


async def test_a_token_that_was_taken_back_is_renewed_once(site: Connected) -> None:
    assert isinstance(site.shop, SimulatedSalesforce)
    site.shop.tokens.clear()
    granted = site.shop.tokens_granted
    assert await site.write(site.update("MUG", 1)) == [Confirmed(1)]
    assert site.shop.tokens_granted == granted + 1


async def test_an_order_is_followed_to_its_end(site: Connected) -> None:
    order = await site.shop.sell_many({"MUG": 3, "SHIRT-RED-M": 1})
    (told,) = await site.received()
    assert isinstance(told, OrderEvent) and told.order_id == f"{order.order_id:08}"
    await site.shop.fulfil(order)
    ((shipped,), _) = await polled(site)
    assert [units(told), units(shipped)] == [[(3, 3, 0), (1, 1, 0)], [(3, 0, 0), (1, 0, 0)]]
    assert [told.stage, shipped.stage] == [OrderStage.OPEN, OrderStage.FULFILLED]
    assert isinstance(site.shop, SimulatedSalesforce)
    assert {line.location_id for line in told.lines or ()} == {site.shop.told_place}


async def test_a_cancellation_is_only_found_by_asking(site: Connected) -> None:
    order = await site.shop.sell("MUG", 2)
    (_, cursor) = await polled(site)
    await site.received()
    await site.shop.cancel(order)
    assert await site.received() == []
    ((cancelled,), _) = await polled(site, cursor)
    assert (cancelled.stage, units(cancelled)) == (OrderStage.CANCELLED, [(2, 0, 2)])


async def test_an_order_that_was_purged_gives_nothing_back(site: Connected) -> None:
    assert await site.client.run(site.connector.read_order(site.config, "00000001")) is None


async def test_the_check_names_what_is_wrong(site: Connected) -> None:
    check = await site.client.run(site.connector.check(site.config))
    assert check.summary.startswith("Connected to the site RefArch") and check.problems == ()
    assert site.shop.home() in [place.location_id for place in check.locations]
    config = site.config.model_copy(update={"location_ids": ("moon",), "site_id": "Elsewhere"})
    check = await site.client.run(site.connector.check(config))
    assert [problem.partition(":")[0] for problem in check.problems] == ["location_ids", "site_id"]
    assert "moon" in check.problems[0] and "Elsewhere" in check.problems[1]


async def test_a_client_without_the_scopes_gets_no_token(site: Connected) -> None:
    assert isinstance(site.shop, SimulatedSalesforce)
    site.shop.allowed.remove("sfcc.orders")
    with pytest.raises(AuthExpired, match="invalid_scope"):
        await site.client.run(site.connector.check(site.config))


async def test_a_person_is_told_to_install_the_cartridge(site: Connected) -> None:
    (left,) = await site.client.run(site.connector.subscribe(site.config, "https://gateway.example/hook"))
    assert "https://gateway.example/hook" in left
    config = site.config.model_copy(update={"hook_secret": None})
    (left,) = await site.client.run(site.connector.subscribe(config, "https://gateway.example/hook"))
    assert left.startswith("Enter a hook_secret")
