"""One channel's worker: tells the platform the newest quantity of everything that has changed, for as long as its lease
holds, whatever the platform does."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog

from connectors.abilities import StockAbilities, StockWrites
from connectors.breaker import ChannelSuspended
from connectors.client import PACE_WAIT_SECONDS_MAX
from connectors.errors import ConnectorError, Permanent, Retriable, Throttled, Unreachable
from gateway.dispatch.backlog_scan import BacklogScan
from gateway.dispatch.comparisons import Comparisons
from gateway.dispatch.connections import Connection
from gateway.dispatch.offers import Offer, requests
from gateway.dispatch.outcomes import Settlement
from gateway.dispatch.pending import Pending
from gateway.dispatch.pushing import LeaseLost, Pusher
from gateway.dispatch.safety_valve import ValveShut
from gateway.dispatch.schedule import retry_seconds
from gateway.inventory.channel_health import Breaker, PushHealth, PushOutcome
from gateway.inventory.channels import Channel, ChannelState
from gateway.inventory.errors import InventoryError
from gateway.inventory.offering import Offering
from gateway.inventory.ports import StorageError
from gateway.store.leases import Lease
from gateway.store.pushes import BACKLOG_PAGE, PushStore

FAILURES_BEFORE_ALERT = 3
PERMANENT_RETRY_SECONDS = 60.0
VALVE_SECONDS = 10.0
REASON_LENGTH_MAX = 500

CountPushes = Callable[[str, PushOutcome, int], None]
"""Counts listings of a channel by what became of pushing them."""
MeasurePropagation = Callable[[str, float, bool], None]
"""Notes how long a channel took to hear of a change, in seconds, and whether its platform takes absolute counts."""
ReportHealth = Callable[[str, str | None], Awaitable[Channel]]
"""Stores that a channel fails with a reason, or is well again."""

_log = structlog.get_logger(__name__)


class ChannelWorker:
    """Runs until it is stopped or its lease is lost. What it has not done is found again by comparing versions."""

    def __init__(
        self,
        offering: Offering,
        connection: Connection,
        lease: Lease,
        pusher: Pusher,
        pushes: PushStore,
        report_health: ReportHealth,
        count: CountPushes,
        measured: MeasurePropagation,
    ) -> None:
        self.lease = lease
        self._offering = offering
        self._connection = connection
        self._pusher = pusher
        self._pushes = pushes
        self._report_health = report_health
        self._count = count
        self._measured = measured
        self._started = time.time()
        self._pending = Pending()
        self._in_hand: dict[str, float] = {}
        self._woken = asyncio.Event()
        self._interrupted = asyncio.Event()
        self._stopping = False
        self._recovered = False
        self._one_by_one = False
        self._scan = BacklogScan(pushes)
        self._failures = 0
        self._comparisons = Comparisons()

    @property
    def channel(self) -> Channel:
        return self._offering.channel

    @property
    def _abilities(self) -> StockAbilities:
        return self._connection.connector.abilities(self._connection.config)

    def health(self, now: float) -> PushHealth:
        """How the channel fares by what this worker knows; `now` in seconds since 1970."""
        oldest = min((*self._in_hand.values(), self._pending.oldest or now))
        return PushHealth(
            lag_seconds=max(0.0, now - oldest),
            backlog=len(self._pending) + len(self._in_hand),
            # While versions are compared, or after more has changed than is kept, there may be more.
            backlog_exact=not (self._scan.under_way or self._pending.overflowed),
            breaker=Breaker(self._connection.client.breaker_state.value),
            failures_in_a_row=self._failures,
        )

    def due(self, item_id: str, available: int, since: float | None = None) -> None:
        """The item has changed, to `available` units in all, at `since` in seconds since 1970 or just now."""
        self._pending.add(item_id, available, time.time() if since is None else since)
        self._woken.set()

    def scan(self) -> None:
        """Compare all versions: changes may have been missed, or the channel's policy has changed."""
        self._scan.begin()
        self._woken.set()

    def update(self, offering: Offering, connection: Connection) -> None:
        """The channel, or what it is offered, was changed; one that waits after a failure tries again at once."""
        if not offering.agrees_with(self._offering):
            self.scan()
        if connection is not self._connection:
            self._interrupted.set()
        self._offering, self._connection = offering, connection

    def stop(self) -> None:
        """Finish the push in hand and end."""
        self._stopping = True
        self._woken.set()
        self._interrupted.set()

    async def run(self) -> None:
        """Push what is due until stopped. Raises LeaseLost."""
        while not self._stopping:
            try:
                if await self._step():
                    await self._succeeded()
            except LeaseLost:
                raise
            except ValveShut:
                # The channel is paused by now, and this worker about to be stopped.
                await self._rest(VALVE_SECONDS)
            except StorageError as error:
                _log.warning("push_storage_failed", channel=self.channel.id, error=str(error)[:300])
                await self._rest(None)
            except ConnectorError as error:
                _log.warning("push_refused", channel=self.channel.id, reason=error.reason)
                await self._failed(error, error.reason)
            except Exception as error:
                _log.exception("push_failed", channel=self.channel.id)
                await self._failed(error, f"{type(error).__name__}: see the log")

    async def _step(self) -> bool:
        """Do the next thing there is to do; whether the platform was reached."""
        if not self._recovered:
            return await self._recover()
        if self._scan.under_way and self._pending.room >= BACKLOG_PAGE:
            for item in await self._scan.page(self._offering):
                units = sum(level.available for level in item.levels.values())
                self._pending.add(item.id, units, item.updated_at.timestamp())
        if not len(self._pending):
            if self._pending.overflowed:
                self._pending.overflowed = False
                self.scan()
            elif not self._scan.under_way:
                await self._woken.wait()
                self._woken.clear()
            return False
        return await self._push()

    async def _push(self) -> bool:
        seconds = self._connection.client.seconds_until_free
        if seconds > 0:
            # A quantity that is decided before the wait is old news after it.
            await self._wait(min(seconds, PACE_WAIT_SECONDS_MAX))
            return False
        abilities = self._abilities
        self._in_hand = self._pending.take(abilities.updates_max)
        taken = list(self._in_hand)
        # Until its answer is recorded, a request must be assumed to have arrived.
        self._recovered = False
        try:
            actual, counts = self._comparisons.take(taken), abilities.counts_returns
            offers = await self._pusher.offers(self._offering, abilities.writes, taken, actual, counts_returns=counts)
            for group in requests(offers, abilities.updates_max):
                settlement = await self._pusher.send(self.channel, self._connection, self.lease, group)
                self._measure(group, settlement, abilities.writes)
                self._follow(settlement)
        except BaseException:
            for item_id, since in self._in_hand.items():
                self._pending.add(item_id, 0, since)
            self._in_hand = {}
            raise
        self._recovered = True
        for some in offers:
            if len(some.writes) > abilities.updates_max:
                self._pending.add(some.listing.item_id, 0, self._in_hand[some.listing.item_id])
        self._in_hand = {}
        return any(some.writes for some in offers)

    def _measure(self, group: Sequence[Offer], settlement: Settlement, writes: StockWrites) -> None:
        """Note the age of the oldest change of stock that the request told of.

        Neither what the channel is told for another reason nor what waited for a worker says how fast it is.
        """
        confirmed = set(settlement.confirmed)
        told = [
            since
            for some in group
            if some.listing.item_id in confirmed
            and 0 <= some.listing.synced_version < some.version
            and (since := self._in_hand[some.listing.item_id]) >= self._started
        ]
        if told:
            self._measured(self.channel.id, time.time() - min(told), writes is StockWrites.ABSOLUTE)

    async def _recover(self) -> bool:
        """Settle the requests that have no recorded answer, before anything newer is sent."""
        batches = await self._pusher.unanswered(self.channel)
        if batches:
            await self._pusher.check_finished(self._connection, self.lease)
        if self._one_by_one and batches:
            await self._pusher.resend_alone(self._connection, self.lease, batches)
        elif self._abilities.writes is not StockWrites.ABSOLUTE:
            for batch in batches:
                self._follow(await self._pusher.resend(self._connection, self.lease, batch))
        else:
            # Only the newest quantity matters, and it is written whatever the platform shows.
            for write in (write for batch in batches for write in batch):
                self._pending.add(write.listing.item_id, 0, write.intent.at.timestamp())
            batches = []
        self._recovered = True
        return bool(batches)

    def _follow(self, settlement: Settlement) -> None:
        """Arrange what a settled request leaves to do. Raises Retriable where part of it has to be sent again."""
        for outcome, number in settlement.counts().items():
            self._count(self.channel.id, outcome, number)
        for item_id in settlement.confirmed:
            self._comparisons.passed(item_id)
        for item_id, actual in settlement.stale.items():
            # Soon the platform's own order that made the difference will be reported, or it has told its count.
            self._comparisons.failed(item_id, actual, partial(self.due, item_id, 0, self._in_hand.get(item_id)))
        if settlement.deferred:
            raise Retriable(settlement.reason or "part of a request", after_seconds=settlement.wait_seconds)

    async def _failed(self, error: Exception, reason: str) -> None:
        self._failures += 1
        self._count(self.channel.id, PushOutcome.FAILED, 1)
        await self._note(reason[:REASON_LENGTH_MAX])
        lasting = isinstance(error, Permanent)
        elsewhere = isinstance(error, Throttled | Unreachable | ChannelSuspended)
        # A line that the connector or the platform cannot digest must not hold up the others of its request.
        self._one_by_one = self._failures >= FAILURES_BEFORE_ALERT and not (lasting or elsewhere)
        if lasting or (self._failures >= FAILURES_BEFORE_ALERT and not isinstance(error, Throttled)):
            await self._report(reason[:REASON_LENGTH_MAX])
        await self._rest(PERMANENT_RETRY_SECONDS if lasting else getattr(error, "after_seconds", None))

    async def _note(self, reason: str) -> None:
        try:
            await self._pushes.failed(self.channel.id, reason, self.lease.token)
        except StorageError as error:
            _log.warning("push_failure_not_stored", channel=self.channel.id, error=str(error)[:300])

    async def _succeeded(self) -> None:
        self._failures = 0
        self._one_by_one = False
        if self.channel.state is ChannelState.FAILING:
            await self._report(None)

    async def _report(self, failure: str | None) -> None:
        if self.channel.state is ChannelState.FAILING and self.channel.reason == failure:
            return
        try:
            known = await self._report_health(self.channel.id, failure)
            # Nothing else of it: whatever has changed beside its health comes by `update`, which has it told.
            channel = replace(self.channel, state=known.state, reason=known.reason)
            self._offering = replace(self._offering, channel=channel)
        except (StorageError, InventoryError) as error:
            _log.warning("channel_health_not_stored", channel=self.channel.id, error=str(error)[:300])

    async def _rest(self, wished: float | None) -> None:
        """Wait before the next try; a stop or a change of the channel's settings ends the wait."""
        await self._wait(retry_seconds(max(self._failures, 1), wished, random.random()))

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._interrupted.wait()
        self._interrupted.clear()
