"""Who waits for a purchase that will not come in time is told of, once."""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.inventory.backordering import InboundShare
from gateway.operations.telling import alert_message
from gateway.planning.risk_alerts import KEPT, risk_alert_id
from gateway.store.alerts import AlertStore
from tests.movements.stocked import call
from tests.supply.trade import DAY, Trade

ALERTS = """
{ alerts(first: 50, filter: {kind: PROMISE_AT_RISK}) {
  nodes { id inboundId orderId state resolution updatedAt lines { sku locationId missing available } }
} }
"""
RESOLVE = 'mutation($id: ID!) { it: alertResolve(input: {id: $id, resolution: "told them"}) { alert { state } } }'
GRACE_DAYS = 3


async def look(trade: Trade) -> None:
    trade.clock.advance(1)
    await trade.shop.gateway.supply.risk_watch.step(0)


async def alert(trade: Trade, purchase: str) -> dict[str, Any] | None:
    """The one about a purchase, after a look."""
    await look(trade)
    nodes = (await trade.shop.owner.ask(ALERTS))["alerts"]["nodes"]
    found: list[dict[str, Any]] = [node for node in nodes if node["inboundId"] == purchase]
    assert len(found) <= 1
    return found[0] if found else None


async def state(trade: Trade, purchase: str) -> str | None:
    found = await alert(trade, purchase)
    return None if found is None else found["state"]


async def backorder(trade: Trade, purchase: str, units: int) -> str:
    return (await trade.shop.gateway.supply.backorders.create(call(), [InboundShare(purchase, 0, units)])).document.id


async def expect(trade: Trade, purchase: str, days: int) -> None:
    at = trade.began + days * DAY
    await trade.shop.gateway.movements.inbound.update(call(), purchase, [(0, at)])


async def test_a_purchase_that_becomes_overdue_raises_an_alert_once_and_a_new_date_resolves_it(trade: Trade) -> None:
    purchase = await trade.buys(9, 2)
    await backorder(trade, purchase, 4)
    assert await alert(trade, purchase) is None
    trade.clock.advance((2 + GRACE_DAYS) * 86_400)
    raised = await alert(trade, purchase)
    assert raised is not None
    assert (raised["state"], raised["orderId"]) == ("OPEN", None)
    assert raised["lines"] == [{"sku": trade.lamp, "locationId": "EAST", "missing": 4, "available": None}]
    assert await alert(trade, purchase) == raised
    [untold] = await AlertStore(trade.shop.gateway.database).by_ids([raised["id"]])
    message = alert_message(untold)
    assert (message.event_type.value, message.data["inboundId"]) == ("alert.opened", purchase)
    await trade.shop.gateway.movements.inbound.receive(call(), purchase)
    over = await alert(trade, purchase)
    assert over is not None
    assert (over["state"], over["resolution"]) == ("RESOLVED", KEPT)


async def test_what_a_person_has_resolved_stays_so_until_more_is_at_risk_or_it_is_at_risk_anew(trade: Trade) -> None:
    purchase = await trade.buys(9, 5)
    await backorder(trade, purchase, 2)
    await expect(trade, purchase, 9)
    assert await state(trade, purchase) == "OPEN"
    resolve = {"id": risk_alert_id(purchase)}
    await trade.shop.owner.ask(RESOLVE, **resolve)
    await expect(trade, purchase, 10)
    assert await state(trade, purchase) == "RESOLVED"
    await backorder(trade, purchase, 1)  # promised for the later date, which holds
    assert await state(trade, purchase) == "RESOLVED"
    await expect(trade, purchase, 11)
    assert await state(trade, purchase) == "OPEN"
    await trade.shop.owner.ask(RESOLVE, **resolve)
    await expect(trade, purchase, 5)
    assert await state(trade, purchase) == "RESOLVED"
    await expect(trade, purchase, 9)
    assert await state(trade, purchase) == "OPEN"


async def test_who_waits_no_longer_is_not_at_risk(trade: Trade) -> None:
    gateway = trade.shop.gateway
    purchase = await trade.buys(9, 5)
    waiting = await backorder(trade, purchase, 2)
    await gateway.movements.inbound.cancel(call(), purchase)
    assert await state(trade, purchase) == "OPEN"
    await gateway.supply.backorders.cancel(call(), waiting)
    assert await state(trade, purchase) == "RESOLVED"


async def test_two_who_look_at_the_same_time_raise_one_alert(trade: Trade) -> None:
    purchase = await trade.buys(9, 5)
    await backorder(trade, purchase, 2)
    await expect(trade, purchase, 9)
    await asyncio.gather(look(trade), look(trade))
    assert await state(trade, purchase) == "OPEN"
