"""Which channels this process pushes: one worker for each whose lease it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from gateway.dispatch.connections import ChannelUnreadable, Connections
from gateway.dispatch.pushing import LeaseLost, Pusher
from gateway.dispatch.worker import ChannelWorker, CountPushes, MeasurePropagation, ReportHealth
from gateway.inventory.errors import InventoryError
from gateway.inventory.offering import Offering
from gateway.inventory.ports import StorageError
from gateway.operations.channel_locations import KnownLocations
from gateway.store.buffer_rules import BufferRuleDirectory
from gateway.store.channels import ChannelDirectory
from gateway.store.leases import LeaseStore
from gateway.store.pushes import PushStore

ROUNDS_PER_LEASE = 4
"""A lease is renewed this many times while it lasts, so a few may fail."""
DRAIN_SECONDS_MAX = 2.0
"""For the push in hand at the end; one that is cut off is settled by whoever has the channel next."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Running:
    worker: ChannelWorker
    task: asyncio.Task[None]


class Dispatch:
    """Takes, keeps and gives up the leases of channels, and runs their workers."""

    def __init__(
        self,
        directory: ChannelDirectory,
        connections: Connections,
        leases: LeaseStore,
        pusher: Pusher,
        pushes: PushStore,
        locations: KnownLocations,
        rules: BufferRuleDirectory,
        report_health: ReportHealth,
        count: CountPushes,
        measured: MeasurePropagation,
    ) -> None:
        self._directory = directory
        self._connections = connections
        self._leases = leases
        self._pusher = pusher
        self._pushes = pushes
        self._locations = locations
        self._rules = rules
        self._report_health = report_health
        self._count = count
        self._measured = measured
        self._running: dict[str, _Running] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._wanted = asyncio.Event()

    @property
    def workers(self) -> Iterable[ChannelWorker]:
        """Those of this process."""
        return [running.worker for running in self._running.values()]

    def due(self, channel_id: str, item_id: str, available: int, since: float) -> None:
        running = self._running.get(channel_id)
        if running is not None:
            running.worker.due(item_id, available, since)

    def missed(self) -> None:
        self.channels_changed()
        for worker in self.workers:
            worker.scan()

    def channels_changed(self) -> None:
        self._directory.forget()
        self._rules.forget()
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled: look after the leases several times while they last, and at once when channels change."""
        while True:
            self._wanted.clear()
            try:
                await self._round()
            except (StorageError, InventoryError) as error:
                _log.warning("leases_not_renewed", error=str(error)[:300])
            try:
                async with asyncio.timeout(self._leases.ttl_seconds / ROUNDS_PER_LEASE):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Let every worker finish the push in hand, and hand its channel to whoever comes next."""
        for channel_id in list(self._running):
            self._end(channel_id)
        await asyncio.gather(*self._ending.values())

    async def _round(self) -> None:
        channels = {channel.id: channel for channel in (await self._directory.all()).values() if channel.is_pushed}
        for channel_id in self._running.keys() - channels.keys():
            self._end(channel_id)
        active, rules = await self._locations.locations(fresh=True), await self._rules.all()
        for channel in channels.values():
            try:
                await self._look_after(Offering(channel, active, rules))
            except ChannelUnreadable as error:
                await self._report_health(channel.id, str(error))
            except StorageError:
                raise
            except Exception:
                # The leases of the other channels are to be renewed all the same.
                _log.exception("channel_not_looked_after", channel=channel.id)

    async def _look_after(self, offering: Offering) -> None:
        channel = offering.channel
        if channel.id in self._ending:
            return
        connection = self._connections.of(channel)
        lease = await self._leases.acquire(f"channel/{channel.id}")
        running = self._running.get(channel.id)
        if running is not None and (lease is None or lease.token != running.worker.lease.token):
            # Another process has had the channel meanwhile: nothing more may be sent under the old lease.
            running.task.cancel()
            self._end(channel.id)
        elif lease is not None and running is not None and not running.task.done():
            running.worker.lease = lease
            running.worker.update(offering, connection)
        elif lease is not None:
            worker = ChannelWorker(
                offering,
                connection,
                lease,
                self._pusher,
                self._pushes,
                self._report_health,
                self._count,
                self._measured,
            )
            task = asyncio.create_task(self._run_worker(worker), name=f"channel/{channel.id}")
            self._running[channel.id] = _Running(worker, task)

    def _end(self, channel_id: str) -> None:
        """Let the worker finish the push in hand, without keeping the other channels waiting for it."""
        running = self._running.pop(channel_id)
        running.worker.stop()
        self._ending[channel_id] = asyncio.create_task(self._drain(channel_id, running))

    async def _drain(self, channel_id: str, running: _Running) -> None:
        try:
            _, late = await asyncio.wait([running.task], timeout=DRAIN_SECONDS_MAX)
            for task in late:
                task.cancel()
            await asyncio.gather(running.task, return_exceptions=True)
            await self._leases.release(running.worker.lease)
        except StorageError as error:
            _log.warning("lease_not_released", error=str(error)[:300])
        finally:
            del self._ending[channel_id]
            # It may have been resumed meanwhile.
            self._wanted.set()

    async def _run_worker(self, worker: ChannelWorker) -> None:
        try:
            await worker.run()
        except LeaseLost:
            _log.warning("lease_lost", channel=worker.channel.id)
            # Perhaps only because the database was away for too long to renew it.
            self._wanted.set()
