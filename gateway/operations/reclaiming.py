"""Before a request is refused for shortage: holds that have expired, and the owner's own holds, make room for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.inventory.commands import Command
from gateway.inventory.ledger import Cause
from gateway.inventory.quotes import AcceptQuote
from gateway.inventory.reservation_steps import ExpireReservation, ReleaseReservation
from gateway.inventory.reservations import Reservation, ReservationState
from gateway.inventory.reserving import Reserve
from gateway.inventory.stock import Item
from gateway.inventory.transfer_steps import ShipTransfer

OVERDUE_MAX = 500
OWN_HOLDS_MAX = 100

SYSTEM = "system"


class HoldStore(Protocol):
    """Finds holds by the items they hold."""

    async def overdue_of(self, item_ids: Sequence[str], now: datetime, limit: int) -> list[Reservation]: ...

    async def held_by(self, owner: str, item_ids: Sequence[str], limit: int) -> list[Reservation]: ...


@dataclass(slots=True)
class Reclaimed:
    """Commands that make room: `overdue` for everybody, `own` for one command each, by its key."""

    overdue: list[Command] = field(default_factory=list)
    own: dict[str, list[Command]] = field(default_factory=dict)

    @property
    def commands(self) -> list[Command]:
        return [*self.overdue, *(command for commands in self.own.values() for command in commands)]

    @property
    def may_be_more(self) -> bool:
        return len(self.overdue) == OVERDUE_MAX


class Reclaimer:
    """Finds what may make room for commands that were short."""

    def __init__(self, holds: HoldStore) -> None:
        self._holds = holds

    async def find(self, short: Iterable[Command], items: Mapping[str, Item], now: datetime) -> Reclaimed:
        ids = {item.sku: item.id for item in items.values()}
        reclaimed = Reclaimed()
        short_items: set[str] = set()
        for command in short:
            of_command = [ids[sku] for sku in command.skus if sku in ids]
            short_items.update(command.item_ids if isinstance(command, ShipTransfer) else of_command)
            reserve = command.reserve if isinstance(command, AcceptQuote) else command
            if isinstance(reserve, Reserve) and reserve.owner is not None:
                holds = await self._holds.held_by(reserve.owner, of_command, OWN_HOLDS_MAX)
                # One that has expired makes room as everybody's does, and cannot be released a second time.
                current = [hold for hold in holds if hold.state_at(now) is ReservationState.HELD]
                reclaimed.own[command.key] = [superseded(hold, reserve) for hold in current]
        if short_items:
            overdue = await self._holds.overdue_of(list(short_items), now, OVERDUE_MAX)
            reclaimed.overdue = [expired(hold) for hold in overdue]
        return reclaimed


def expired(hold: Reservation) -> ExpireReservation:
    """The command that expires a hold; its key makes it happen once, whoever does it."""
    cause = Cause(SYSTEM, "expired", hold.reference, hold.channel_id)
    # An extended hold may come due again, so the time belongs to the key.
    due = hold.expires_at.isoformat() if hold.expires_at else ""
    return ExpireReservation(SYSTEM, f"expire/{hold.id}/{due}", cause, hold.id, hold.item_ids)


def superseded(hold: Reservation, by: Reserve) -> ReleaseReservation:
    """The command that releases an owner's hold in favour of the owner's newer one."""
    cause = Cause(SYSTEM, f"superseded by reservation {by.reservation_id}", hold.reference, hold.channel_id)
    return ReleaseReservation(SYSTEM, f"supersede/{hold.id}", cause, hold.id, hold.item_ids)
