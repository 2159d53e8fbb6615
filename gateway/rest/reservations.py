"""The endpoints of reservations."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from gateway.inventory.reservation_steps import FulfilledLine
from gateway.operations.reservations import ReservationOperations, ReservationOutcome
from gateway.rest.answers import ReservationAnswer
from gateway.rest.bodies import Body, CallBody, ExtendBody, FulfilBody, ReassignBody, ReservationBody
from gateway.rest.endpoint import Answered, Asked, Endpoint, changing, reading


class Reservations:
    """Handlers about reservations."""

    def __init__(self, reservations: ReservationOperations) -> None:
        self._reservations = reservations

    async def create(self, asked: Asked[ReservationBody]) -> Answered:
        body = asked.body
        outcome = await self._reservations.create(
            asked.call,
            [line.request() for line in body.lines],
            owner=body.owner,
            expires_in_seconds=body.expires_in_seconds,
            allow_partial=body.allow_partial,
            allow_backorder=body.allow_backorder,
            strategy=body.strategy,
            channel_id=body.channel_id,
            destination=body.sent_to(),
        )
        return _answered(outcome)

    async def get(self, asked: Asked[Body]) -> Answered:
        return Answered(ReservationAnswer.of(await self._reservations.get(_id(asked))))

    async def extend(self, asked: Asked[ExtendBody]) -> Answered:
        return _answered(await self._reservations.extend(asked.call, _id(asked), asked.body.expires_in_seconds))

    async def commit(self, asked: Asked[CallBody]) -> Answered:
        return _answered(await self._reservations.commit(asked.call, _id(asked)))

    async def release(self, asked: Asked[CallBody]) -> Answered:
        return _answered(await self._reservations.release(asked.call, _id(asked)))

    async def fulfil(self, asked: Asked[FulfilBody]) -> Answered:
        lines = [FulfilledLine(line.line, line.quantity) for line in asked.body.lines or ()]
        return _answered(await self._reservations.fulfil(asked.call, _id(asked), lines, asked.body.shipment_id))

    async def reassign(self, asked: Asked[ReassignBody]) -> Answered:
        new = (asked.body.new_owner, asked.body.new_reference)
        return _answered(await self._reservations.reassign(asked.call, _id(asked), *new))


def reservation_endpoints(reservations: ReservationOperations) -> Sequence[Endpoint[Any]]:
    all_of_them, one, answer = "/v1/reservations", "/v1/reservations/{reservation_id}", ReservationAnswer
    handlers, made = Reservations(reservations), HTTPStatus.CREATED
    create = "Reserve units until they are paid for or expire."
    steps: Sequence[tuple[str, str, type[CallBody], Any]] = [
        ("extend", "Change when it expires.", ExtendBody, handlers.extend),
        ("commit", "The payment succeeded: it expires no more.", CallBody, handlers.commit),
        ("release", "Give back everything still held, where it is held.", CallBody, handlers.release),
        ("fulfil", "Ship it, whole or in part.", FulfilBody, handlers.fulfil),
        ("reassign", "Give everything still held to a new reservation.", ReassignBody, handlers.reassign),
    ]
    return [
        changing(all_of_them, "createReservation", create, ReservationBody, answer, handlers.create, made),
        reading(one, "getReservation", "One reservation, as it stands now.", answer, handlers.get),
        *(
            changing(f"{one}/{step}", f"{step}Reservation", summary, body, answer, handle)
            for step, summary, body, handle in steps
        ),
    ]


def _id(asked: Asked[Any]) -> str:
    return asked.path["reservation_id"]


def _answered(outcome: ReservationOutcome) -> Answered:
    return Answered(ReservationAnswer.of(outcome.reservation), outcome.replayed)
