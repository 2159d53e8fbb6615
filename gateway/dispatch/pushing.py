"""Carrying out one push of a channel: look, write, record; under a lease, and repeatable after a crash at any step."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import structlog

from connectors.abilities import StockWrites
from connectors.breaker import ChannelSuspended
from connectors.errors import Permanent, Throttled, Unreachable
from gateway.dispatch.connections import Connection
from gateway.dispatch.offers import SETTLING, Offer, Present, Write, numbered, offer
from gateway.dispatch.outcomes import Settlement, settle
from gateway.dispatch.safety_valve import SafetyValve
from gateway.inventory.channels import Channel, Confirmed, Intent, Listing, Place
from gateway.inventory.offering import Offering
from gateway.inventory.ports import StorageError
from gateway.inventory.stock import Item
from gateway.store.leases import Lease
from gateway.store.pushes import Acknowledged, PushStore

LEASE_MARGIN_SECONDS = 1.0
PUSH_SECONDS_MIN = 2.0
UNFINISHED_SECONDS = 45.0

_log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another process may be pushing this channel now: stop at once, and write nothing."""


class Pusher:
    """The steps of a push, without any decision of when to take them."""

    def __init__(self, pushes: PushStore, valve: SafetyValve | None = None) -> None:
        """Without a valve nothing is ever held back."""
        self._pushes = pushes
        self._valve = valve

    async def offers(
        self,
        offering: Offering,
        writes: StockWrites,
        item_ids: Sequence[str],
        actual: Mapping[str, Mapping[Place, int]],
        *,
        counts_returns: bool = True,
    ) -> list[Offer]:
        """What the channel is to be told of these items, from what is true now. Raises ValveShut."""
        channel = offering.channel
        # Before anything is read: what a platform is told to have been true at this time was true then.
        present = Present(offering, writes, datetime.now(UTC), counts_returns)
        listings, items = await asyncio.gather(
            self._pushes.listings(channel.id, item_ids), self._pushes.items(item_ids)
        )
        due = [some for some in listings if _is_due(offering, some, items.get(some.item_id))]
        # The items first: of the channel's own orders, those that came later must not be counted yet.
        own = await self._pushes.own_movements.of(channel.id, _since(due, items))
        offers = [offer(present, some, items[some.item_id], own, actual.get(some.item_id, {})) for some in due]
        if self._valve is not None:
            await self._valve.check(offering, offers)
        return offers

    async def send(self, channel: Channel, connection: Connection, lease: Lease, offers: Sequence[Offer]) -> Settlement:
        """Write the offers to the platform and record what became of them.

        Raises LeaseLost, a ConnectorError when there was no answer for the whole request, or a StorageError.
        """
        settled_already = [some for some in offers if not some.writes]
        await self._record([_acknowledged(some) for some in settled_already], lease)
        writes = numbered((some for some in offers if some.writes), uuid4().hex)
        if not writes:
            return Settlement()
        # Once sent, what the platform shows is unknown until it has answered, also to whoever comes after a crash.
        await self._intend(writes, lease)
        unchanged = {some.listing.id: some.unchanged for some in offers}
        return await self._write(connection, lease, writes, unchanged)

    async def resend(self, connection: Connection, lease: Lease, writes: Sequence[Write]) -> Settlement:
        """Send writes again that had no answer; raises like `send`."""
        if not await self._pushes.resend({write.listing.id for write in writes}, lease.token):
            raise LeaseLost(lease.name)
        return await self._write(connection, lease, writes, {}, settles_at=datetime.now(UTC) + SETTLING)

    async def resend_alone(self, connection: Connection, lease: Lease, batches: Sequence[Sequence[Write]]) -> None:
        """Send each listing's unanswered writes by themselves, and park those that fail where others succeed.

        Raises like `send` when the platform cannot be reached, and when all of them fail: then it is the channel.
        """
        by_listing: dict[str, list[Write]] = defaultdict(list)
        for write in (write for batch in batches for write in batch):
            by_listing[write.listing.id].append(write)
        failed: list[tuple[Listing, Exception]] = []
        for writes in by_listing.values():
            try:
                await self.resend(connection, lease, writes)
            except (LeaseLost, StorageError, Unreachable, Throttled, ChannelSuspended, Permanent):
                raise
            except Exception as error:
                _log.warning("listing_failed_alone", listing=writes[0].listing.id, error=repr(error)[:300])
                failed.append((writes[0].listing, error))
        if len(failed) == len(by_listing):
            raise failed[-1][1]
        reason = "The platform cannot be told of this listing: {0}"
        parked = [
            Acknowledged(listing.id, listing.confirmed, None, reason.format(error), resyncs=listing.resyncs)
            for listing, error in failed
        ]
        await self._record(parked, lease)

    async def check_finished(self, connection: Connection, lease: Lease) -> None:
        """Raises Throttled while the platform may yet apply something that it has not answered."""
        flow = connection.connector.unfinished(connection.config)
        if flow is not None and await connection.client.run(flow, seconds_max=_seconds_left(lease)):
            raise Throttled("what was written before is still being worked off", after_seconds=UNFINISHED_SECONDS)

    async def unanswered(self, channel: Channel) -> list[list[Write]]:
        """The requests that a predecessor sent without recording an answer, each as it was."""
        batches: dict[str, list[Write]] = defaultdict(list)
        for listing in await self._pushes.unanswered(channel.id):
            for intent in listing.intents:
                batches[intent.batch].append(Write(listing, intent))
        return [sorted(batch, key=lambda write: write.intent.position) for batch in batches.values()]

    async def _write(
        self,
        connection: Connection,
        lease: Lease,
        writes: Sequence[Write],
        unchanged: Mapping[str, Mapping[Place, Confirmed]],
        *,
        settles_at: datetime | None = None,
    ) -> Settlement:
        flow = connection.connector.write_stock(connection.config, [write.update for write in writes])
        outcomes = await connection.client.run(flow, seconds_max=_seconds_left(lease))
        settlement = settle(writes, outcomes, unchanged, settles_at=settles_at)
        await self._record(settlement.acknowledged, lease)
        return settlement

    async def _intend(self, writes: Sequence[Write], lease: Lease) -> None:
        intents: dict[str, list[Intent]] = defaultdict(list)
        for write in writes:
            intents[write.listing.id].append(write.intent)
        if not await self._pushes.intend(intents, lease.token):
            raise LeaseLost(lease.name)

    async def _record(self, acknowledged: Sequence[Acknowledged], lease: Lease) -> None:
        if not await self._pushes.record(acknowledged, lease.token):
            raise LeaseLost(lease.name)


def _seconds_left(lease: Lease) -> float:
    """Whatever happens, nothing may still be on its way when another process has the lease. Raises LeaseLost."""
    seconds = lease.seconds_left - LEASE_MARGIN_SECONDS
    if seconds < PUSH_SECONDS_MIN:
        raise LeaseLost(lease.name)
    return seconds


def _acknowledged(some: Offer) -> Acknowledged:
    return Acknowledged(some.listing.id, some.unchanged, (some.version, some.policy), resyncs=some.listing.resyncs)


def _is_due(offering: Offering, listing: Listing, item: Item | None) -> bool:
    return item is not None and offering.is_due(listing, item)


def _since(listings: Iterable[Listing], items: Mapping[str, Item]) -> dict[str, int]:
    """From which ledger position on the channel's own orders matter, per item that has moved since."""
    since: dict[str, int] = {}
    for listing in listings:
        oldest = min((confirmed.seq for confirmed in listing.confirmed.values()), default=None)
        if oldest is not None and oldest < items[listing.item_id].seq:
            since[listing.item_id] = oldest
    return since
