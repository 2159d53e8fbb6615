"""A simulated shop, our client for it, and short words for what the tests do with both."""

import itertools
from typing import Any

from connectors import CONNECTORS
from connectors.client import ChannelClient
from connectors.config import read_config
from connectors.messages import OrderEvent, OrderReference, StockEcho
from connectors.simulated.platform import SimulatedPlatform
from connectors.updates import StockUpdate, UpdateOutcome
from tests.connectors.receiver import Receiver

keys = itertools.count()


class Connected:
    def __init__(self, name: str, shop: SimulatedPlatform, client: ChannelClient[Any], receiver: Receiver) -> None:
        self.shop, self.client, self.receiver = shop, client, receiver
        self.connector = CONNECTORS[name]
        self.config = read_config(self.connector.config_type, shop.config())
        self.ids: dict[str, dict[str, str]] = {}

    async def learn(self) -> None:
        cursor, more = None, True
        while more:
            page = await self.client.run(self.connector.read_catalog(self.config, cursor))
            self.ids |= {entry.sku: dict(entry.platform_ids) for entry in page.entries if entry.sku}
            cursor, more = page.cursor, page.more

    def update(self, sku: str, quantity: int, change_from: int | None = None) -> StockUpdate:
        return StockUpdate(
            platform_ids=self.ids[sku],
            sku=sku,
            location_id=self.shop.home(),
            quantity=quantity,
            change_from=change_from,
            idempotency_key=f"key-{next(keys)}",
        )

    async def write(self, *updates: StockUpdate) -> list[UpdateOutcome]:
        outcomes: list[UpdateOutcome] = await self.client.run(self.connector.write_stock(self.config, updates))
        return outcomes

    async def stock(self) -> dict[str | None, int | None]:
        found: dict[str | None, int | None] = {}
        cursor, more = None, True
        while more:
            page = await self.client.run(self.connector.read_stock(self.config, cursor))
            found |= {entry.sku: entry.quantity for entry in page.entries}
            cursor, more = page.cursor, page.more
        return found

    async def order(self, order_id: str) -> OrderEvent:
        event = await self.client.run(self.connector.read_order(self.config, order_id))
        assert event is not None
        return event

    async def received(self) -> list[OrderEvent | StockEcho]:
        """Everything the shop told us so far; references are followed."""
        await self.shop.webhooks.settled()
        events: list[OrderEvent | StockEcho] = []
        for notification in self.receiver.notifications:
            for message in self.connector.receive(self.config, notification):
                events.append(await self.order(message.order_id) if isinstance(message, OrderReference) else message)
        self.receiver.notifications.clear()
        return events
