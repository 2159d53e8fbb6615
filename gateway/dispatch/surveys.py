"""Runs discoveries and reconciliations in the background, each under a lease, in whichever process pushes the
channel: so they share its connection, and with it the platform's allowance."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import structlog

from gateway.discovery import DiscoveryRun
from gateway.dispatch.connections import ChannelUnreadable, Connections
from gateway.dispatch.dispatch import Dispatch
from gateway.dispatch.hinted_channels import HintedChannels
from gateway.inventory.channels import Channel
from gateway.inventory.discoveries import RunState
from gateway.inventory.drifts import Reconciliation
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.reconcile import ReconcileRun, RunOvertaken, next_time
from gateway.store.channels import ChannelDirectory
from gateway.store.discoveries import DiscoveryStore
from gateway.store.leases import Lease, LeaseStore
from gateway.store.reconciliations import ReconciliationStore
from gateway.store.safety import SafetyStore

LOOK_SECONDS = 2.0
RENEWALS_PER_LEASE = 3
AT_ONCE_MAX = 4

_log = structlog.get_logger(__name__)

Work = Callable[[Channel], Awaitable[None]]


class Surveys:
    """Looks every few seconds, and at once when this process was asked, for what is to be run."""

    def __init__(
        self,
        directory: ChannelDirectory,
        connections: Connections,
        dispatch: Dispatch,
        leases: LeaseStore,
        discoveries: DiscoveryStore,
        discovery: DiscoveryRun,
        reconciliations: ReconciliationStore,
        reconcile: ReconcileRun,
        safety: SafetyStore,
        hinted: HintedChannels,
    ) -> None:
        self._directory = directory
        self._connections = connections
        self._dispatch = dispatch
        self._leases = leases
        self._discoveries = discoveries
        self._discovery = discovery
        self._reconciliations = reconciliations
        self._reconcile = reconcile
        self._safety = safety
        self._hinted = hinted
        self._woken = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Something was asked for just now."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; runs that are broken off are taken up again later."""
        try:
            while True:
                self._woken.clear()
                try:
                    await self._round()
                except StorageError as error:
                    _log.warning("surveys_not_started", error=str(error)[:300])
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()
                except TimeoutError:
                    continue
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _round(self) -> None:
        channels = await self._directory.all()
        pushed = {worker.channel.id for worker in self._dispatch.workers}
        ours = {id: some for id, some in channels.items() if id in pushed or not some.is_pushed}
        await self._schedule(ours)
        if ours:
            await self._hinted.bring_forward(ours, datetime.now(UTC))
        for channel_id in await self._discoveries.active():
            if channel_id in ours:
                self._start("discovery", ours[channel_id], self._discover)
        for channel_id, asked in (await self._reconciliations.due(datetime.now(UTC))).items():
            # A channel that is paused is left in peace, unless somebody asks.
            if channel_id in ours and (asked or ours[channel_id].is_pushed):
                self._start("reconcile", ours[channel_id], self._compare)

    async def _schedule(self, channels: Mapping[str, Channel]) -> None:
        new = channels.keys() - await self._reconciliations.scheduled() if channels else set()
        now = datetime.now(UTC)
        times = []
        for channel_id in new:
            seconds = (await self._safety.rules(channel_id)).interval_seconds * random.random()
            times.append((channel_id, now + timedelta(seconds=seconds)))
        await self._reconciliations.schedule(times)

    def _start(self, kind: str, channel: Channel, work: Work) -> None:
        name = f"{kind}/{channel.id}"
        if name in self._running or len(self._running) >= AT_ONCE_MAX:
            return
        task = asyncio.create_task(self._under_lease(name, channel, work), name=name)
        self._running[name] = task
        task.add_done_callback(lambda _: self._running.pop(name, None))

    async def _under_lease(self, name: str, channel: Channel, work: Work) -> None:
        try:
            lease = await self._leases.acquire(name)
            if lease is None:
                return
            try:
                async with asyncio.TaskGroup() as tasks:
                    keeping = tasks.create_task(self._keep(lease))
                    await work(channel)
                    keeping.cancel()
            finally:
                await self._leases.release(lease)
        except* (StorageError, RunOvertaken) as errors:
            _log.warning("survey_broken_off", survey=name, error=str(errors.exceptions[0])[:300])
        except* Exception:
            _log.exception("survey_failed", survey=name)

    async def _keep(self, lease: Lease) -> None:
        """Renew the lease for as long as the work takes; when it is lost, the work is cancelled with this."""
        while True:
            await asyncio.sleep(self._leases.ttl_seconds / RENEWALS_PER_LEASE)
            renewed = await self._leases.acquire(lease.name)
            if renewed is None or renewed.token != lease.token:
                raise RunOvertaken(lease.name)

    async def _discover(self, channel: Channel) -> None:
        try:
            connection = self._connections.of(channel)
        except ChannelUnreadable as error:
            discovery = await self._discoveries.get(channel.id)
            if discovery is not None:
                await self._discoveries.save(replace(discovery, state=RunState.FAILED, reason=str(error)))
            return
        await self._discovery.run(channel, connection)

    async def _compare(self, channel: Channel) -> None:
        now = datetime.now(UTC)
        rules = await self._safety.rules(channel.id)
        last = await self._reconciliations.get(channel.id)
        asked = last is not None and last.state in (RunState.REQUESTED, RunState.RUNNING)
        mode = last.mode if last is not None and asked else rules.mode
        run = Reconciliation(
            channel_id=channel.id,
            run_id=uuid4().hex,
            mode=mode,
            state=RunState.RUNNING,
            started_at=now,
            updated_at=now,
            next_at=next_time(now, rules.interval_seconds),
        )
        await self._reconciliations.begin(run)
        try:
            connection = self._connections.of(channel)
        except (ChannelUnreadable, InventoryError) as error:
            await self._reconciliations.save(replace(run, state=RunState.FAILED, reason=str(error), finished_at=now))
            return
        ended = await self._reconcile.run(run, channel, connection)
        if ended.state is not RunState.FAILED:
            await self._hinted.compared(channel.id, now)
