"""The tools that agents are given: few, and each the same operation that everybody else uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.agents.forms import (
    AcceptedAnswer,
    AcceptForm,
    HoldForm,
    QuoteAnswer,
    QuoteForm,
    ReservationForm,
)
from gateway.agents.planning_forms import SUGGESTIONS_MAX, PromiseAnswer, PromiseForm, ReorderAnswer, ReorderForm
from gateway.agents.tool import Tool
from gateway.inventory.access import Principal, Scope
from gateway.operations.availability import AvailabilityOperations
from gateway.operations.promises import PromiseOperations
from gateway.operations.quotes import QuoteOperations
from gateway.operations.reorder import ReorderOperations
from gateway.operations.reservations import ReservationOperations
from gateway.rest.answers import AvailabilityAnswer, ReservationAnswer
from gateway.rest.bodies import AvailabilityBody


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What the tools act through."""

    availability: AvailabilityOperations
    reservations: ReservationOperations
    quotes: QuoteOperations
    promises: PromiseOperations
    reorder: ReorderOperations

    async def check_availability(self, principal: Principal, form: AvailabilityBody) -> AvailabilityAnswer:
        found = await self.availability.of(form.skus, form.location_ids, form.channel_id)
        return AvailabilityAnswer.of(found, exact=principal.may(Scope.INVENTORY_READ))

    async def hold(self, principal: Principal, form: HoldForm) -> ReservationAnswer:
        lines = [line.request() for line in form.lines]
        outcome = await self.reservations.create(
            form.call(principal),
            lines,
            owner=form.owner,
            expires_in_seconds=form.expires_in_seconds,
            strategy=form.strategy,
            destination=form.sent_to(),
        )
        return ReservationAnswer.of(outcome.reservation)

    async def confirm_hold(self, principal: Principal, form: ReservationForm) -> ReservationAnswer:
        outcome = await self.reservations.commit(form.call(principal), form.reservation_id)
        return ReservationAnswer.of(outcome.reservation)

    async def release_hold(self, principal: Principal, form: ReservationForm) -> ReservationAnswer:
        outcome = await self.reservations.release(form.call(principal), form.reservation_id)
        return ReservationAnswer.of(outcome.reservation)

    async def quote(self, principal: Principal, form: QuoteForm) -> QuoteAnswer:
        quote, _ = await self.quotes.quote(form.call(principal), [line.request() for line in form.lines])
        return QuoteAnswer.of(quote, self.quotes.now())

    async def accept_quote(self, principal: Principal, form: AcceptForm) -> AcceptedAnswer:
        quote, outcome = await self.quotes.accept(
            form.call(principal),
            form.quote_id,
            owner=form.owner,
            expires_in_seconds=form.expires_in_seconds,
            strategy=form.strategy,
            destination=form.sent_to(),
        )
        return AcceptedAnswer(
            quote=QuoteAnswer.of(quote, self.quotes.now()), reservation=ReservationAnswer.of(outcome.reservation)
        )

    async def promise_date(self, principal: Principal, form: PromiseForm) -> PromiseAnswer:
        lines = [line.request() for line in form.lines]
        return PromiseAnswer.of(await self.promises.promise(lines, by=form.by, destination=form.sent_to()))

    async def list_reorders(self, principal: Principal, form: ReorderForm) -> ReorderAnswer:
        found = await self.reorder.page(form.wanted(), form.after, SUGGESTIONS_MAX + 1)
        return ReorderAnswer.of(await self.reorder.state(), found)

    def tools(self) -> Sequence[Tool[Any]]:
        return [*self._asking(), *self._changing()]

    def _asking(self) -> Sequence[Tool[Any]]:
        return [
            Tool(
                "check_availability",
                "Check availability",
                "What can be sold of up to 100 SKUs now: at all locations, at some, or as one sales channel is "
                "offered. Nothing is held by asking; somebody else may be faster.",
                Scope.AVAILABILITY_READ,
                AvailabilityBody,
                AvailabilityAnswer,
                self.check_availability,
            ),
            Tool(
                "promise_date",
                "Get a promise date",
                "When units can be had that are not all there now: the earliest date for each line and for all of "
                "them, from which locations, and how likely that is. Nothing is held by asking.",
                Scope.INVENTORY_READ,
                PromiseForm,
                PromiseAnswer,
                self.promise_date,
            ),
            Tool(
                "list_reorders",
                "List what needs reordering",
                "The purchases and transfers that the newest reorder plan suggests, by supplier and location, with "
                "what each follows from. Nothing is ordered by asking.",
                Scope.INVENTORY_READ,
                ReorderForm,
                ReorderAnswer,
                self.list_reorders,
            ),
        ]

    def _changing(self) -> Sequence[Tool[Any]]:
        return [
            Tool(
                "quote",
                "Get a quote",
                "Ask how many units would be offered, and at which discount, by the seller's own policy. The terms are "
                "honoured until `expiresAt` if the quote is accepted by then. It keeps no units from others.",
                Scope.INVENTORY_WRITE,
                QuoteForm,
                QuoteAnswer,
                self.quote,
            ),
            Tool(
                "accept_quote",
                "Accept a quote",
                "Hold all units that a quote offers, at its terms. A quote can be accepted once.",
                Scope.INVENTORY_WRITE,
                AcceptForm,
                AcceptedAnswer,
                self.accept_quote,
            ),
            Tool(
                "hold",
                "Hold units",
                "Keep units from everybody else until the hold expires: all lines or none.",
                Scope.INVENTORY_WRITE,
                HoldForm,
                ReservationAnswer,
                self.hold,
            ),
            Tool(
                "confirm_hold",
                "Confirm a hold",
                "The buyer has paid: the hold no longer expires, and the units will be shipped.",
                Scope.INVENTORY_WRITE,
                ReservationForm,
                ReservationAnswer,
                self.confirm_hold,
            ),
            Tool(
                "release_hold",
                "Release a hold",
                "The units are not wanted: give everything that is still held back, for others to buy.",
                Scope.INVENTORY_WRITE,
                ReservationForm,
                ReservationAnswer,
                self.release_hold,
            ),
        ]
