"""Fetching the notifications of channels whose platform puts them in a queue."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog

from connectors.errors import ConnectorError
from connectors.queues import NotificationSource, QueueAddress
from gateway.dispatch.connections import ChannelUnreadable, Connection, Connections
from gateway.dispatch.ending import end_tasks
from gateway.dispatch.reception import Reception
from gateway.dispatch.schedule import retry_seconds
from gateway.inventory.channels import Channel
from gateway.inventory.events import EventSource
from gateway.inventory.ports import StorageError
from gateway.store.channels import ChannelDirectory
from gateway.store.leases import LeaseStore

LOOK_SECONDS = 2.0

OpenQueue = Callable[[QueueAddress], AbstractAsyncContextManager[NotificationSource]]

_log = structlog.get_logger(__name__)


class QueueReceivers:
    """One receiver per channel with a queue, in whichever process holds its lease: stored first, acknowledged then."""

    def __init__(
        self,
        directory: ChannelDirectory,
        connections: Connections,
        leases: LeaseStore,
        reception: Reception,
        open_queue: OpenQueue,
    ) -> None:
        self._directory = directory
        self._connections = connections
        self._leases = leases
        self._reception = reception
        self._open_queue = open_queue
        self._running: dict[str, tuple[Connection, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Until cancelled: a receiver for every queue, begun anew when its channel's settings change."""
        try:
            while True:
                try:
                    self._match(await self._directory.all())
                except StorageError as error:
                    _log.warning("channels_not_read", error=str(error)[:300])
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            tasks = [task for _, task in self._running.values()]
            self._running.clear()
            await end_tasks(tasks)

    def _match(self, channels: dict[str, Channel]) -> None:
        wanted: dict[str, tuple[Connection, QueueAddress]] = {}
        for channel in channels.values():
            try:
                connection = self._connections.of(channel)
                address = connection.connector.queue(connection.config)
            except ChannelUnreadable:
                continue
            if address is not None:
                wanted[channel.id] = connection, address
        for channel_id, (connection, task) in list(self._running.items()):
            if channel_id not in wanted or wanted[channel_id][0] is not connection:
                task.cancel()
                del self._running[channel_id]
        for channel_id, (connection, address) in wanted.items():
            if channel_id not in self._running:
                task = asyncio.create_task(self._receive(channel_id, connection, address), name=f"queue/{channel_id}")
                self._running[channel_id] = connection, task

    async def _receive(self, channel_id: str, connection: Connection, address: QueueAddress) -> None:
        failures = 0
        # Asked as well as cancelled: the database's driver may swallow a cancellation that comes with its answer.
        while self._is_wanted(channel_id, connection):
            try:
                async with self._open_queue(address) as source:
                    while self._is_wanted(channel_id, connection):
                        await self._take_over(channel_id, connection, source)
                        failures = 0
                return
            except (ConnectorError, StorageError) as error:
                _log.warning("queue_not_received", channel=channel_id, error=str(error)[:300])
            except Exception:
                _log.exception("queue_receiver_failed", channel=channel_id)
            failures += 1
            await asyncio.sleep(retry_seconds(failures, None, random.random()))

    def _is_wanted(self, channel_id: str, connection: Connection) -> bool:
        known = self._running.get(channel_id)
        return known is not None and known[0] is connection

    async def _take_over(self, channel_id: str, connection: Connection, source: NotificationSource) -> None:
        # Two receivers would do no harm, since an event is stored once, but they would pay for twice the calls.
        if await self._leases.acquire(f"queue/{channel_id}") is None:
            await asyncio.sleep(self._leases.ttl_seconds / 2)
            return
        received = await source.receive()
        for one in received:
            await self._reception.take(channel_id, EventSource.QUEUE, connection.connector, one.notification)
        if received:
            await source.acknowledge(received)
