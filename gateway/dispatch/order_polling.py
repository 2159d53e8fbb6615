"""Asking platforms for the orders that have changed: those that never tell, and, now and then, those that should."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from connectors.errors import ConnectorError, Permanent
from gateway.dispatch.connections import ChannelUnreadable, Connection, Connections
from gateway.dispatch.polled_orders import PolledOrder, delivery_key, dump_order
from gateway.dispatch.pushing import LeaseLost
from gateway.dispatch.reception import Reception
from gateway.dispatch.schedule import retry_seconds
from gateway.inventory.channels import Channel
from gateway.inventory.events import EventSource
from gateway.inventory.ports import StorageError
from gateway.store.channels import ChannelDirectory
from gateway.store.cursors import CursorStore, OrderCursor
from gateway.store.leases import Lease, LeaseStore

AT_ONCE = 8
LOOK_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 15.0
"""Another process may poll a channel and die: look at its cursor at least this often."""
PAGES_MAX = 500
PAGE_SECONDS_MAX = 30.0
LEASE_MARGIN_SECONDS = 1.0
ERROR_LENGTH_MAX = 500
CLOCK_SLACK = timedelta(seconds=2)
"""Platforms state whole seconds, so an order may seem to be older than the channel it came in on."""

_log = structlog.get_logger(__name__)


class OrderPoller:
    """Polls every channel, paused ones too: whatever was sold was sold. One process at a time polls a channel.

    Pages overlap, and what they hold is stored before the cursor is: an order may come twice, which has no effect,
    and none is missed.
    """

    def __init__(
        self,
        directory: ChannelDirectory,
        connections: Connections,
        leases: LeaseStore,
        cursors: CursorStore,
        reception: Reception,
        *,
        poll_seconds: float,
        gap_seconds: float,
    ) -> None:
        """`poll_seconds` between looks at a platform that does not tell by itself, `gap_seconds` at one that does."""
        self._directory = directory
        self._connections = connections
        self._leases = leases
        self._cursors = cursors
        self._reception = reception
        self._poll_seconds = poll_seconds
        self._gap_seconds = gap_seconds
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._next_look: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    channels = await self._directory.all()
                    self._next_look = {key: at for key, at in self._next_look.items() if key in channels}
                    for channel in channels.values():
                        if self._next_look.get(channel.id, 0.0) <= loop.time():
                            self._next_look[channel.id] = float("inf")
                            tasks.create_task(self._look(channel), name=f"orders/{channel.id}")
                except StorageError as error:
                    _log.warning("channels_not_read", error=str(error)[:300])
                await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, channel: Channel) -> None:
        seconds = LOOK_AGAIN_SECONDS
        try:
            async with self._slots:
                due_at = await self.poll(channel)
            if due_at is not None:
                seconds = min(seconds, max(0.0, (due_at - datetime.now(UTC)).total_seconds()))
        except (StorageError, LeaseLost) as error:
            _log.warning("orders_not_polled", channel=channel.id, error=str(error)[:300])
        except Exception:
            _log.exception("order_poll_failed", channel=channel.id)
        finally:
            self._next_look[channel.id] = asyncio.get_running_loop().time() + seconds

    async def poll(self, channel: Channel) -> datetime | None:
        """Take over what has changed, if it is time to; when to look again, None while another process is at it.

        Raises a StorageError or LeaseLost.
        """
        lease = await self._leases.acquire(f"orders/{channel.id}")
        if lease is None:
            return None
        try:
            known = await self._cursors.get(channel.id)
            if known is not None and known.due_at > datetime.now(UTC):
                return known.due_at
            # Orders older than the channel were sold before anybody counted with us.
            cursor = known or OrderCursor(channel.id, None, channel.created_at)
            return (await self._poll(channel, lease, cursor)).due_at
        finally:
            await self._leases.release(lease)

    async def _poll(self, channel: Channel, lease: Lease, cursor: OrderCursor) -> OrderCursor:
        try:
            connection = self._connections.of(channel)
            for _ in range(PAGES_MAX):
                cursor, more = await self._take_page(channel, connection, lease, cursor)
                if not more:
                    break
                renewed = await self._leases.acquire(lease.name)
                if renewed is None or renewed.token != lease.token:
                    raise LeaseLost(lease.name)
                lease = renewed
        except (ConnectorError, ChannelUnreadable) as error:
            # Counted from what is stored by now: the pages before this one are not asked for again.
            cursor = await self._put(_failed(cursor, lease, error))
            _log.warning("orders_not_read", channel=channel.id, reason=cursor.error)
        return cursor

    async def _take_page(
        self, channel: Channel, connection: Connection, lease: Lease, cursor: OrderCursor
    ) -> tuple[OrderCursor, bool]:
        since = channel.created_at - CLOCK_SLACK
        flow = connection.connector.read_orders(connection.config, cursor.position, since)
        seconds = min(PAGE_SECONDS_MAX, lease.seconds_left - LEASE_MARGIN_SECONDS)
        page = await connection.client.run(flow, seconds_max=seconds)
        for order in page.entries:
            await self._keep(channel.id, order)
        now = datetime.now(UTC)
        interval = 0.0 if page.more else self._interval(connection)
        position = cursor.position if page.cursor is None else page.cursor
        due_at = now + timedelta(seconds=interval)
        return await self._put(OrderCursor(channel.id, position, due_at, lease.token, now)), page.more

    async def _keep(self, channel_id: str, order: PolledOrder) -> None:
        body = dump_order(order)
        key = delivery_key(order, body, datetime.now(UTC))
        await self._reception.keep(channel_id, EventSource.POLL, key, {}, body)

    async def _put(self, cursor: OrderCursor) -> OrderCursor:
        if not await self._cursors.put(cursor):
            raise LeaseLost(f"orders/{cursor.channel_id}")
        return cursor

    def _interval(self, connection: Connection) -> float:
        tells = connection.connector.tells_of_orders(connection.config)
        seconds = max(self._gap_seconds if tells else self._poll_seconds, connection.connector.poll_seconds_min)
        # Spread a little, so that channels made at the same time do not stay in step.
        return seconds * random.uniform(1.0, 1.1)


def _failed(cursor: OrderCursor, lease: Lease, error: ConnectorError | ChannelUnreadable) -> OrderCursor:
    failures = cursor.failures + 1
    # Somebody has to change something first.
    tries = max(failures, 10) if isinstance(error, Permanent | ChannelUnreadable) else failures
    seconds = retry_seconds(tries, getattr(error, "after_seconds", None), random.random())
    return replace(
        cursor,
        due_at=datetime.now(UTC) + timedelta(seconds=seconds),
        token=lease.token,
        failures=failures,
        error=str(error)[:ERROR_LENGTH_MAX],
    )
