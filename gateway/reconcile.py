"""Compare a channel's stock with ours, report drift and repair it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from connectors.errors import ConnectorError
from gateway.dispatch.connections import Connection
from gateway.dispatch.drift_looks import DriftLooks, LookTally
from gateway.dispatch.offers import SETTLING
from gateway.dispatch.platform_pages import read_page
from gateway.dispatch.safety_valve import SafetyValve, ValveShut
from gateway.inventory.channels import Channel
from gateway.inventory.discoveries import RunState
from gateway.inventory.drifts import Drift, DriftState, ReconcileMode, Reconciliation
from gateway.inventory.safety import STOP_LINES_MAX
from gateway.store.drifts import DriftStore
from gateway.store.listing_walks import ListingWalk
from gateway.store.reconciliations import ReconciliationStore

LOOKS = 2
PAGES_MAX = 1_000_000
REPAIRS_AT_ONCE = 500

_log = structlog.get_logger(__name__)


class RunOvertaken(Exception):
    """Another process, or another run, has the channel now."""


class ReconcileRun:
    """Looks through everything a channel shows, and a second time if something differs; then repairs if it may."""

    def __init__(
        self,
        runs: ReconciliationStore,
        drifts: DriftStore,
        walk: ListingWalk,
        looks: DriftLooks,
        valve: SafetyValve,
        report_divergence: Callable[[str, int], None],
        *,
        settle_seconds: float,
    ) -> None:
        """`settle_seconds` lie between the two looks. `report_divergence` is told how many places differ."""
        self._runs = runs
        self._drifts = drifts
        self._walk = walk
        self._looks = looks
        self._valve = valve
        self._report_divergence = report_divergence
        self._settle_seconds = settle_seconds

    async def run(self, run: Reconciliation, channel: Channel, connection: Connection) -> Reconciliation:
        """The finished run, stored. Raises RunOvertaken or a StorageError; then it is begun anew later."""
        try:
            for look in range(1, LOOKS + 1):
                run = replace(run, state=RunState.RUNNING, looks=look)
                mark = f"{run.run_id}/{look}"
                run = await self._look(run, mark, channel, connection)
                if run.state is RunState.FAILED or not await self._drifts.suspected(channel.id, mark):
                    break
                if look < LOOKS:
                    await asyncio.sleep(self._settle_seconds)
            if run.state is not RunState.FAILED and run.mode is ReconcileMode.REPAIR:
                run = await self._repair(run, f"{run.run_id}/{run.looks}", channel)
            run = run if run.state in (RunState.FAILED, RunState.STOPPED) else replace(run, state=RunState.DONE)
        except ConnectorError as error:
            # No answer says nothing about any quantity.
            run = replace(run, state=RunState.FAILED, reason=error.reason)
        return await self._finish(run)

    async def _look(self, run: Reconciliation, mark: str, channel: Channel, connection: Connection) -> Reconciliation:
        connector, config = connection.connector, connection.config
        tally, cursor = LookTally(), None
        abilities = connector.abilities(config)
        for pages in range(1, PAGES_MAX):
            page = await read_page(connection, lambda at=cursor: connector.read_stock(config, at))  # type: ignore[misc]
            tally += await self._looks.compare_page(channel, abilities.counted, page.entries, mark)
            run = tally.counted(replace(run, pages=pages))
            if not await self._runs.save(run):
                raise RunOvertaken(channel.id)
            if not page.more:
                break
            cursor = page.cursor
        if not tally.entries and await self._walk.count(channel.id):
            return replace(run, state=RunState.FAILED, reason="The platform showed nothing at all; that is no answer.")
        await self._looks.compare_missing(channel, mark, run.started_at)
        return run

    async def _repair(self, run: Reconciliation, mark: str, channel: Channel) -> Reconciliation:
        repairs = await self._drifts.planned(channel.id, mark)
        zeros = await self._drifts.planned(channel.id, mark, zeros=True)
        try:
            shown = await self._drifts.repairable(channel.id, mark, STOP_LINES_MAX, zeros=zeros > 0)
            await self._valve.check_repairs(channel, repairs, zeros, shown)
        except ValveShut as stopped:
            return replace(run, state=RunState.STOPPED, reason=str(stopped))
        while some := await self._drifts.repairable(channel.id, mark, REPAIRS_AT_ONCE):
            run = replace(run, repaired=run.repaired + await self._repair_some(some))
        return run

    async def _repair_some(self, drifts: Sequence[Drift]) -> int:
        now = datetime.now(UTC)
        done: dict[DriftState, list[str]] = {DriftState.REPAIRED: [], DriftState.GONE: []}
        for drift in drifts:
            # What has moved on meanwhile is being told our newest quantity anyway.
            rebased = await self._walk.rebase(drift, now + SETTLING)
            done[DriftState.REPAIRED if rebased else DriftState.GONE].append(drift.id)
        for state, ids in done.items():
            await self._drifts.close(ids, state, now)
        return len(done[DriftState.REPAIRED])

    async def _finish(self, run: Reconciliation) -> Reconciliation:
        left = await self._drifts.open_count(run.channel_id)
        now = datetime.now(UTC)
        run = replace(run, drifts=left + run.repaired, finished_at=now)
        if not await self._runs.save(run):
            raise RunOvertaken(run.channel_id)
        self._report_divergence(run.channel_id, left)
        _log.info("reconciled", channel=run.channel_id, state=run.state.value, drifts=run.drifts, repaired=run.repaired)
        return run


def next_time(now: datetime, interval_seconds: float) -> datetime:
    """An interval later, give or take a tenth, so that channels do not all run at once."""
    return now + timedelta(seconds=interval_seconds * random.uniform(0.9, 1.1))
