"""Reservations: units promised to an owner."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.errors import NotFound
from gateway.inventory.identifiers import check_count, check_sku
from gateway.inventory.reservations import HeldLine, Reservation, ReservationFilter, ReservationState
from gateway.operations.reservations import ReservationOutcome
from gateway.store.views.pages import place_of
from schema.context import Info
from schema.documents import KeyedPayload, read_place, taken
from schema.errors import reading
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection
from schema.requested_lines import Input, line_requests
from schema.reservation_inputs import (
    ReservationCreateInput,
    ReservationExtendInput,
    ReservationFilterInput,
    ReservationFulfilInput,
    ReservationInput,
    ReservationReassignInput,
)
from schema.scalars import Quantity


@strawberry.type(description="Units of one SKU that a reservation holds, or held, at one location.")
class ReservationLine:
    line: int = strawberry.field(description="The number of this line, from 0, for `reservationFulfil`.")
    request_line: int = strawberry.field(description="The number of the request's line that it serves, from 0.")
    item_id: strawberry.ID = strawberry.field(description="The item, whatever its SKU is by now.")
    sku: str = strawberry.field(description="The SKU when it was reserved.")
    location_id: str = strawberry.field(description="Where.")
    quantity: Quantity = strawberry.field(description="Units reserved at first.")
    fulfilled: Quantity = strawberry.field(description="Of these, units that have left.")
    released: Quantity = strawberry.field(description="Of these, units that went back or to another reservation.")
    open: Quantity = strawberry.field(description="Of these, units still held.")
    why: str = strawberry.field(description="Why this location was chosen.")

    @classmethod
    def of(cls, number: int, line: HeldLine) -> ReservationLine:
        return cls(
            line=number,
            request_line=line.request_line,
            item_id=strawberry.ID(line.item_id),
            sku=line.sku,
            location_id=line.location_id,
            quantity=Quantity(line.quantity),
            fulfilled=Quantity(line.fulfilled),
            released=Quantity(line.released),
            open=Quantity(line.open),
            why=line.why,
        )


@strawberry.type(name="Reservation", description="Units promised to an owner.")
class ReservationType:
    reservation: Private[Reservation]

    @strawberry.field(description="Made from the idempotency key, so that a repetition finds the same reservation.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.reservation.id)

    @strawberry.field(description="As of now: past its time a reservation has expired.")
    def state(self) -> ReservationState:
        return self.reservation.state

    @strawberry.field(description="Whose it is, such as a cart.")
    def owner(self) -> str | None:
        return self.reservation.owner

    @strawberry.field(description="The document behind it; its own id unless another was given.")
    def reference(self) -> str | None:
        return self.reservation.reference

    @strawberry.field(description="The channel it is sold through; null for none.")
    def channel_id(self) -> str | None:
        return self.reservation.channel_id

    @strawberry.field(description="When it expires; null once it is resolved or committed.")
    def expires_at(self) -> datetime | None:
        return self.reservation.expires_at

    @strawberry.field(description="When it was paid; null before.")
    def committed_at(self) -> datetime | None:
        return self.reservation.committed_at

    @strawberry.field(description="The reservation that its units were given to.")
    def reassigned_to(self) -> strawberry.ID | None:
        heir = self.reservation.reassigned_to
        return None if heir is None else strawberry.ID(heir)

    @strawberry.field(description="The shipments that were entered with an id.")
    def shipments(self) -> list[str]:
        return list(self.reservation.shipments)

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.reservation.created_at

    @strawberry.field(description="When it was last changed.")
    def updated_at(self) -> datetime:
        return self.reservation.updated_at

    @strawberry.field(description="What it holds where; a line of the request may be served by several.")
    def lines(self) -> list[ReservationLine]:
        return [ReservationLine.of(number, line) for number, line in enumerate(self.reservation.lines)]


@strawberry.type(description="What became of a request about a reservation.")
class ReservationPayload(KeyedPayload):
    reservation: ReservationType | None = strawberry.field(
        default=None, description="The reservation after the request, or as it is by now after a repetition."
    )


@strawberry.type
class ReservationMutation:
    @strawberry.mutation(description="Reserve units until they are paid for or expire. Needs `inventory:write`.")
    async def reservation_create(
        self, info: Info, input: Annotated[ReservationCreateInput, Input]
    ) -> ReservationPayload:
        return await _applied(info, _create(info, input))

    @strawberry.mutation(description="Change when a held reservation expires. Needs `inventory:write`.")
    async def reservation_extend(
        self, info: Info, input: Annotated[ReservationExtendInput, Input]
    ) -> ReservationPayload:
        reservations, call = info.context.services.reservations, input.call(info.context.principal.client)
        return await _applied(info, reservations.extend(call, input.reservation_id, input.expires_in_seconds))

    @strawberry.mutation(description="The payment succeeded: it expires no more. Needs `inventory:write`.")
    async def reservation_commit(self, info: Info, input: Annotated[ReservationInput, Input]) -> ReservationPayload:
        reservations, call = info.context.services.reservations, input.call(info.context.principal.client)
        return await _applied(info, reservations.commit(call, input.reservation_id))

    @strawberry.mutation(description="Give back everything still held, where it is held. Needs `inventory:write`.")
    async def reservation_release(self, info: Info, input: Annotated[ReservationInput, Input]) -> ReservationPayload:
        reservations, call = info.context.services.reservations, input.call(info.context.principal.client)
        return await _applied(info, reservations.release(call, input.reservation_id))

    @strawberry.mutation(description="Ship a committed reservation, whole or in part. Needs `inventory:write`.")
    async def reservation_fulfil(
        self, info: Info, input: Annotated[ReservationFulfilInput, Input]
    ) -> ReservationPayload:
        return await _applied(info, _fulfil(info, input))

    @strawberry.mutation(
        description="Give everything still held to a new reservation, which is returned. Needs `inventory:write`."
    )
    async def reservation_reassign(
        self, info: Info, input: Annotated[ReservationReassignInput, Input]
    ) -> ReservationPayload:
        reservations, call = info.context.services.reservations, input.call(info.context.principal.client)
        new = (input.new_owner, input.new_reference)
        return await _applied(info, reservations.reassign(call, input.reservation_id, *new))


ReservationConnection = Connection[ReservationType]


@strawberry.type
class ReservationQuery:
    @strawberry.field(description="One reservation; null where there is none. Needs `inventory:read`.")
    async def reservation(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> ReservationType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            try:
                return ReservationType(reservation=await info.context.services.reservations.get(id))
            except NotFound:
                return None

    @strawberry.field(description="Reservations, the newest first. Needs `inventory:read`.")
    async def reservations(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[
            ReservationFilterInput | None, strawberry.argument(description="Which ones; all unless given.")
        ] = None,
    ) -> ReservationConnection:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_place(after)
            wanted = await _filter(info, filter or ReservationFilterInput())
            reservations = info.context.services.reservations
            found = [] if wanted is None else await reservations.page(wanted, place, limit + 1)
            return connection(
                found,
                limit,
                lambda reservation: ReservationType(reservation=reservation),
                lambda reservation: place_of(reservation.created_at, reservation.id),
                after,
            )


async def _filter(info: Info, wanted: ReservationFilterInput) -> ReservationFilter | None:
    """The filter in the domain's terms; None where it names a SKU that does not exist, so that nothing matches."""
    item_id = None
    if wanted.sku is not None:
        check_sku(wanted.sku, ("filter", "sku"))
        item = await info.context.loaders.item_by_sku.load(wanted.sku)
        if item is None:
            return None
        item_id = item.id
    states = tuple(wanted.states or ())
    if wanted.states is not None:
        check_count(states, ("filter", "states"), len(ReservationState))
    return ReservationFilter(wanted.owner, wanted.reference, item_id, states)


async def _create(info: Info, input: ReservationCreateInput) -> ReservationOutcome:
    return await info.context.services.reservations.create(
        input.call(info.context.principal.client),
        line_requests(input.lines),
        owner=input.owner,
        expires_in_seconds=input.expires_in_seconds,
        allow_partial=input.allow_partial,
        allow_backorder=input.allow_backorder,
        strategy=input.strategy,
        channel_id=input.channel_id,
        destination=input.sent_to(),
    )


async def _fulfil(info: Info, input: ReservationFulfilInput) -> ReservationOutcome:
    call = input.call(info.context.principal.client)
    lines = input.fulfilled()
    return await info.context.services.reservations.fulfil(call, input.reservation_id, lines, input.shipment_id)


async def _applied(info: Info, work: Coroutine[Any, Any, ReservationOutcome]) -> ReservationPayload:
    return await taken(info, work, _done, lambda errors: ReservationPayload(user_errors=errors))


def _done(outcome: ReservationOutcome) -> ReservationPayload:
    shown = ReservationType(reservation=outcome.reservation)
    return ReservationPayload(reservation=shown, replayed=outcome.replayed, user_errors=[])
