"""What a notification asks for, and having it done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from connectors.errors import Permanent
from connectors.exchange import Notification, headers_of
from connectors.messages import ChannelMessage, OrderEvent, OrderLine, OrderReference, StockEcho
from gateway.dispatch.connections import Connection, Connections
from gateway.dispatch.echoes import Echoes
from gateway.dispatch.polled_orders import NotAnOrder, load_order
from gateway.inventory.channels import Channel
from gateway.inventory.events import EventSource
from gateway.inventory.orders import Precedence
from gateway.operations.sales import ChannelLine, ChannelOrder, SalesOperations
from gateway.store.channels import ChannelDirectory
from gateway.store.inbox import InboxEvent

READ_ORDER_SECONDS_MAX = 20.0


class Unreadable(Exception):
    """The event cannot be understood, now or later: only a person, or another version of us, can do something."""


class MessageHandler:
    """Parses an event of the inbox with its channel's connector and carries out what it says."""

    def __init__(
        self,
        directory: ChannelDirectory,
        connections: Connections,
        sales: SalesOperations,
        echoes: Echoes,
        found: Callable[[str], None],
        reported: Callable[[str, float], None],
    ) -> None:
        """`found` is told the channel of every state of an order that a poll has brought first.

        `reported` is told the channel of every new order, and the seconds from the order until we heard of it.
        """
        self._directory = directory
        self._connections = connections
        self._sales = sales
        self._echoes = echoes
        self._found = found
        self._reported = reported

    async def handle(self, event: InboxEvent) -> None:
        """Do everything that the event asks for; safe to repeat.

        Raises Unreadable, WaitingForListing, ChannelUnreadable, a ConnectorError, an InventoryError or a StorageError.
        """
        channel = await self._directory.get(event.channel_id)
        if channel is None:
            raise Unreadable("The channel does not exist any more.")
        connection = self._connections.of(channel)
        messages = _messages(connection, event)
        for message in messages:
            if event.source is EventSource.POLL and isinstance(message, OrderEvent | OrderReference):
                # A look for gaps finds mostly what was told long ago: reading it would cost the pushes' allowance.
                if await self._sales.knows(channel.id, message.order_id, message.occurred_at):
                    if isinstance(message, OrderReference):
                        continue
                elif event.attempts == 1:
                    self._found(channel.id)
            await self._carry_out(channel, connection, message, event.received_at)

    async def _carry_out(
        self, channel: Channel, connection: Connection, message: ChannelMessage, received_at: datetime
    ) -> None:
        match message:
            case OrderEvent():
                await self._report(channel, message, received_at)
            case OrderReference(order_id=order_id):
                flow = connection.connector.read_order(connection.config, order_id)
                order = await connection.client.run(flow, seconds_max=READ_ORDER_SECONDS_MAX)
                if order is not None:
                    await self._report(channel, order, received_at)
            case StockEcho():
                await self._echoes.hear(channel, message)

    async def _report(self, channel: Channel, order: OrderEvent, received_at: datetime) -> None:
        if await self._sales.report(channel, _order(order)):
            self._reported(channel.id, (received_at - order.occurred_at).total_seconds())


def _messages(connection: Connection, event: InboxEvent) -> Sequence[ChannelMessage]:
    try:
        if event.source is EventSource.POLL:
            return [load_order(event.body)]
        notification = Notification(body=event.body, headers=headers_of(event.headers), received_at=event.received_at)
        return connection.connector.parse(connection.config, notification)
    except (Permanent, NotAnOrder) as error:
        raise Unreadable(str(error)) from error


def _order(event: OrderEvent) -> ChannelOrder:
    lines = None if event.lines is None else tuple(_line(line) for line in event.lines)
    return ChannelOrder(event.order_id, event.name, event.status, Precedence(*event.precedence), lines)


def _line(line: OrderLine) -> ChannelLine:
    return ChannelLine(
        line_id=line.line_id,
        sku=line.sku,
        ids=line.platform_ids,
        ordered=line.ordered,
        allocated=line.allocated,
        released=line.released,
        place=line.location_id,
        return_place=line.return_location_id,
        tracked=line.tracked,
    )
