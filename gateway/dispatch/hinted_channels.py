"""Channels that have told of a count which is not ours are compared soon, not only on their schedule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from gateway.dispatch.echoes import Echoes, EchoKind
from gateway.inventory.channels import Channel
from gateway.store.hints import HintStore
from gateway.store.reconciliations import ReconciliationStore
from gateway.store.safety import SafetyStore

INTERVALS_APART = 0.25
"""A platform is read whole, so hints may quadruple the number of comparisons and no more."""


class HintedChannels:
    """Brings the comparison of such a channel forward, once nothing has explained its count for a while."""

    def __init__(
        self,
        hints: HintStore,
        echoes: Echoes,
        reconciliations: ReconciliationStore,
        safety: SafetyStore,
        stand_seconds: float,
    ) -> None:
        """`stand_seconds` are for the order that explains the count: it is often told later than the count."""
        self._hints = hints
        self._echoes = echoes
        self._reconciliations = reconciliations
        self._safety = safety
        self._stands = timedelta(seconds=stand_seconds)

    async def bring_forward(self, channels: Mapping[str, Channel], now: datetime) -> None:
        """Of these channels by id. Raises a StorageError."""
        hinted: set[str] = set()
        for listing, hint in await self._hints.standing(channels.keys(), now - self._stands):
            if await self._echoes.kind_of(channels[listing.channel_id], listing, hint) is EchoKind.DIFFERENT:
                hinted.add(listing.channel_id)
            else:
                await self._hints.clear(listing.id)
        for channel_id in hinted:
            apart = timedelta(seconds=(await self._safety.rules(channel_id)).interval_seconds * INTERVALS_APART)
            await self._reconciliations.bring_forward(channel_id, now, now - apart)

    async def compared(self, channel_id: str, begun_at: datetime) -> None:
        """A comparison that began then has come to its end. Raises a StorageError."""
        await self._hints.looked_at(channel_id, begun_at)
