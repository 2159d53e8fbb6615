"""Reservations: made, extended, committed, released, fulfilled, handed to another owner, and found again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.inventory.allocation import StrategyName
from gateway.inventory.errors import Code, NotFound
from gateway.inventory.geography import Whereabouts
from gateway.inventory.identifiers import check_optional_text, check_slug
from gateway.inventory.ledger import Cause
from gateway.inventory.reservation_steps import (
    CommitReservation,
    ExtendReservation,
    FulfilledLine,
    FulfilReservation,
    OnReservation,
    ReassignReservation,
    ReleaseReservation,
)
from gateway.inventory.reservations import Reservation, ReservationFilter, reservation_key
from gateway.inventory.reserving import Reserve
from gateway.operations.calls import Call
from gateway.operations.clock import Clock
from gateway.operations.routing import Routing
from gateway.operations.sourcing import LineRequest, Sourcing
from gateway.operations.stock import StockOperations

Place = tuple[int, str]
"""Where a page ended: when its last reservation was made, in milliseconds since 1970, and its id."""


class ReservationRepository(Protocol):
    async def get(self, reservation_id: str) -> Reservation | None: ...

    async def page(
        self, wanted: ReservationFilter, now: datetime, after: Place | None, limit: int
    ) -> list[Reservation]:
        """Those in a state wanted at `now`, the newest first, from the one after `after` on."""


@dataclass(frozen=True, slots=True)
class ReservationOutcome:
    """A reservation after a request; after a replay, as it stands by now."""

    reservation: Reservation
    replayed: bool


class ReservationOperations:
    """Each raises an InventoryError that names what happened instead, or returns the reservation."""

    def __init__(
        self,
        stock: StockOperations,
        reservations: ReservationRepository,
        sourcing: Sourcing,
        routing: Routing,
        clock: Clock,
        *,
        default_seconds: int,
    ) -> None:
        """`default_seconds` is how long a hold lasts unless its maker says otherwise."""
        self._stock = stock
        self._reservations = reservations
        self._sourcing = sourcing
        self._routing = routing
        self._clock = clock
        self._default_seconds = default_seconds

    async def create(
        self,
        call: Call,
        lines: Sequence[LineRequest],
        *,
        owner: str | None = None,
        expires_in_seconds: int | None = None,
        allow_partial: bool = False,
        allow_backorder: bool = False,
        strategy: StrategyName = StrategyName.PRIORITY,
        channel_id: str | None = None,
        destination: Whereabouts | None = None,
    ) -> ReservationOutcome:
        """Hold the lines for an owner until they expire: all of them or, with `allow_partial`, what there is.

        They are sold through the channel named, or the one that all lines name, and sent to the destination.
        """
        requested = await self._sourcing.requested(lines)
        command = Reserve(
            scope=call.client,
            idempotency_key=call.idempotency_key,
            cause=await self._sourcing.cause(call, call.new_id, requested, channel_id),
            reservation_id=call.new_id,
            lines=requested,
            owner=owner,
            expires_in_seconds=expires_in_seconds,
            default_seconds=self._default_seconds,
            allow_partial=allow_partial,
            allow_backorder=allow_backorder,
            strategy=strategy,
            destination=destination,
            routes=await self._routing.wanted_by(strategy, destination),
        )
        outcome = await self._stock.apply(command)
        stored = outcome.records.get(reservation_key(call.new_id))
        return await self._outcome(call.new_id, stored, outcome.replayed)

    async def extend(self, call: Call, reservation_id: str, expires_in_seconds: int) -> ReservationOutcome:
        """Let a hold last for `expires_in_seconds` from now."""
        held = await self.get(reservation_id)
        return await self._step(ExtendReservation(*_step(call, held), expires_in_seconds))

    async def commit(self, call: Call, reservation_id: str) -> ReservationOutcome:
        """The payment succeeded: no expiry any more."""
        return await self._step(CommitReservation(*_step(call, await self.get(reservation_id))))

    async def release(self, call: Call, reservation_id: str) -> ReservationOutcome:
        """Give everything still held back to where it is held."""
        return await self._step(ReleaseReservation(*_step(call, await self.get(reservation_id))))

    async def fulfil(
        self,
        call: Call,
        reservation_id: str,
        lines: Sequence[FulfilledLine] = (),
        shipment_id: str | None = None,
    ) -> ReservationOutcome:
        """Ship the lines named, or everything that is left; a shipment with an id is entered once."""
        step = _step(call, await self.get(reservation_id))
        return await self._step(FulfilReservation(*step, tuple(lines), shipment_id))

    async def reassign(
        self, call: Call, reservation_id: str, owner: str | None, reference: str | None
    ) -> ReservationOutcome:
        """Give everything still held to a new reservation, which is returned; no unit becomes available meanwhile."""
        step = _step(call, await self.get(reservation_id))
        return await self._step(ReassignReservation(*step, call.new_id, owner, reference), call.new_id)

    async def get(self, reservation_id: str) -> Reservation:
        """The reservation as it stands now. Raises NotFound."""
        check_slug(reservation_id, ("reservationId",))
        reservation = await self._reservations.get(reservation_id)
        if reservation is None:
            message = f"There is no reservation '{reservation_id}'."
            raise NotFound(Code.RESERVATION_NOT_FOUND, message, ("reservationId",))
        return reservation.at(self._clock())

    async def page(self, wanted: ReservationFilter, after: Place | None, limit: int) -> list[Reservation]:
        """Up to `limit` reservations, the newest first, from the one after `after` on."""
        check_optional_text(wanted.owner, ("filter", "owner"))
        check_optional_text(wanted.reference, ("filter", "reference"))
        now = self._clock()
        return [reservation.at(now) for reservation in await self._reservations.page(wanted, now, after, limit)]

    async def _step(self, command: OnReservation, result_id: str | None = None) -> ReservationOutcome:
        outcome = await self._stock.apply(command)
        reservation_id = result_id or command.reservation_id
        return await self._outcome(
            reservation_id, outcome.records.get(reservation_key(reservation_id)), outcome.replayed
        )

    async def _outcome(self, reservation_id: str, stored: object, replayed: bool) -> ReservationOutcome:
        if isinstance(stored, Reservation):
            return ReservationOutcome(stored, replayed)
        return ReservationOutcome(await self.get(reservation_id), replayed)


def _step(call: Call, held: Reservation) -> tuple[str, str, Cause, str, tuple[str, ...]]:
    cause = call.cause(held.reference, held.channel_id)
    return call.client, call.idempotency_key, cause, held.id, held.item_ids
