"""Asking for discoveries and reconciliations, and deciding about channels that the safety valve has stopped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

from gateway.inventory.channels import Channel
from gateway.inventory.discoveries import Discovery, RunState
from gateway.inventory.drifts import Drift, DriftState, ReconcileMode, Reconciliation
from gateway.inventory.errors import Code, Conflict, InvalidInput
from gateway.inventory.safety import ChannelRules, SafetyStop, StopState
from gateway.operations.channels import ChannelOperations

APPROVED = timedelta(hours=1)
"""How long the safety valve stays open after somebody has approved."""
INTERVAL_SECONDS_MIN = 60.0
LISTINGS_MIN_MAX = 1_000_000
ACTIVE = (RunState.REQUESTED, RunState.RUNNING)


class Discoveries(Protocol):
    async def get(self, channel_id: str) -> Discovery | None: ...

    async def begin(self, discovery: Discovery) -> None: ...


class Reconciliations(Protocol):
    async def get(self, channel_id: str) -> Reconciliation | None: ...

    async def begin(self, run: Reconciliation) -> None: ...


class Drifts(Protocol):
    async def page(
        self, channel_id: str, state: DriftState | None, after: str | None, limit: int
    ) -> Collection[Drift]: ...


class Safety(Protocol):
    async def rules(self, channel_id: str) -> ChannelRules: ...

    async def set_rules(self, channel_id: str, changes: Mapping[str, object]) -> None: ...

    async def stop(self, channel_id: str) -> SafetyStop | None: ...

    async def save_stop(self, stop: SafetyStop) -> None: ...


class SurveyOperations:
    """Stores what is asked for; the work is done in the background, by the process that pushes the channel."""

    def __init__(
        self,
        channels: ChannelOperations,
        discoveries: Discoveries,
        reconciliations: Reconciliations,
        drifts: Drifts,
        safety: Safety,
        on_request: Callable[[], None],
    ) -> None:
        """`on_request` is called after every request that this process has stored."""
        self._channels = channels
        self._discoveries = discoveries
        self._reconciliations = reconciliations
        self._drifts = drifts
        self._safety = safety
        self._on_request = on_request

    async def discover(self, channel_id: str) -> Discovery:
        """Match the channel's catalogue with our items; one that failed goes on where it stopped."""
        await self._channels.get(channel_id)
        last = await self._discoveries.get(channel_id)
        if last is not None and last.state in ACTIVE:
            return last
        now = datetime.now(UTC)
        if last is not None and last.state is RunState.FAILED and last.cursor is not None:
            wanted = replace(last, state=RunState.REQUESTED, reason=None, finished_at=None)
        else:
            wanted = Discovery(channel_id, uuid4().hex, RunState.REQUESTED, now, now)
        await self._discoveries.begin(wanted)
        self._on_request()
        return wanted

    async def discovery(self, channel_id: str) -> Discovery | None:
        return await self._discoveries.get(channel_id)

    async def reconcile(self, channel_id: str, mode: ReconcileMode) -> Reconciliation:
        """Compare the channel with us now; a comparison that is under way is begun anew if it only reports."""
        await self._channels.get(channel_id)
        last = await self._reconciliations.get(channel_id)
        if last is not None and last.state in ACTIVE and last.mode in (mode, ReconcileMode.REPAIR):
            return last
        now = datetime.now(UTC)
        next_at = last.next_at if last is not None else None
        wanted = Reconciliation(channel_id, uuid4().hex, mode, RunState.REQUESTED, now, now, next_at=next_at)
        await self._reconciliations.begin(wanted)
        self._on_request()
        return wanted

    async def reconciliation(self, channel_id: str) -> Reconciliation | None:
        return await self._reconciliations.get(channel_id)

    async def drifts(
        self, channel_id: str, state: DriftState | None, after: str | None, limit: int
    ) -> Collection[Drift]:
        """The newest first, those after drift id `after`; without a state, all that were seen twice."""
        return await self._drifts.page(channel_id, state, after, limit)

    async def rules(self, channel_id: str) -> ChannelRules:
        return await self._safety.rules(channel_id)

    async def change_rules(self, channel_id: str, changes: Mapping[str, object]) -> ChannelRules:
        """`changes` are fields of ChannelRules; the others stay as they are."""
        await self._channels.get(channel_id)
        _check(changes)
        await self._safety.set_rules(channel_id, changes)
        return await self._safety.rules(channel_id)

    async def safety_stop(self, channel_id: str) -> SafetyStop | None:
        return await self._safety.stop(channel_id)

    async def approve(self, channel_id: str, who: str) -> Channel:
        """Let the channel do what the safety valve has shown, and whatever else is due within the next hour."""
        channel = await self._channels.get(channel_id)
        stop = await self._safety.stop(channel_id)
        if stop is None or stop.state is not StopState.STOPPED:
            raise Conflict(Code.NOT_STOPPED, f"The safety valve has not stopped '{channel_id}'.", ("channelId",))
        until = datetime.now(UTC) + APPROVED
        await self._safety.save_stop(replace(stop, state=StopState.APPROVED, approved_by=who, approved_until=until))
        channel = await self._channels.resume(channel_id)
        if stop.during == "reconcile":
            await self.reconcile(channel_id, ReconcileMode.REPAIR)
        return channel


def _check(changes: Mapping[str, object]) -> None:
    ranges = {
        "interval_seconds": (INTERVAL_SECONDS_MIN, 366 * 86_400),
        "zero_share": (0, 1),
        "change_share": (0, 1),
        "listings_min": (0, LISTINGS_MIN_MAX),
    }
    names = {"interval_seconds": "intervalSeconds", "zero_share": "zeroShare", "change_share": "changeShare"}
    if not changes:
        raise InvalidInput(Code.EMPTY, "Nothing to change was given.")
    for name, (least, most) in ranges.items():
        value = changes.get(name, least)
        if not isinstance(value, int | float) or not least <= value <= most:
            path = (names.get(name, "listingsMin"),)
            raise InvalidInput(Code.OUT_OF_RANGE, f"It must be {least} to {most}.", path)
