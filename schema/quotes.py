"""Quotes: what is offered, at which terms and for how long."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.errors import NotFound
from gateway.inventory.identifiers import check_count
from gateway.inventory.quotes import Quote, QuotedLine, QuoteState
from gateway.operations.quotes import LINES_MAX, QuoteRequest
from gateway.operations.reservations import ReservationOutcome
from schema.context import Info
from schema.descriptions import describe
from schema.documents import KeyedPayload, taken
from schema.errors import reading
from schema.requested_lines import Input, KeyedInput, PlacementInput, RequestedLineInput
from schema.reservations import ReservationType
from schema.scalars import Quantity

strawberry.enum(QuoteState, name="QuoteState", description="Whether a quote's terms can still be had.")
describe(
    QuoteState,
    {
        "OPEN": "They can.",
        "ACCEPTED": "Its units were reserved once, at its terms.",
        "EXPIRED": "Its time has passed.",
    },
)


@strawberry.type(name="QuotedLine", description="What is offered for one line that was asked for.")
class QuotedLineType:
    line: Private[QuotedLine]

    @strawberry.field(description="Which item.")
    def sku(self) -> str:
        return self.line.asked.sku

    @strawberry.field(description="Units asked for.")
    def asked(self) -> Quantity:
        return Quantity(self.line.asked.quantity)

    @strawberry.field(description="Units offered: up to those asked for, possibly none.")
    def quantity(self) -> Quantity:
        return Quantity(self.line.quantity)

    @strawberry.field(description="Percent off the asker's own price; negative is put on it.")
    def discount_percent(self) -> Decimal:
        return self.line.discount_percent

    @strawberry.field(description="The asker's own price of a unit.")
    def unit_price(self) -> Decimal | None:
        return self.line.unit_price

    @strawberry.field(description="The price of a unit at these terms, to as many places; null where none was given.")
    def quoted_price(self) -> Decimal | None:
        return self.line.quoted_price

    @strawberry.field(description="The policy's rule that decided; null where none applied.")
    def rule(self) -> str | None:
        return self.line.rule

    @strawberry.field(description="What it was decided by, in words.")
    def why(self) -> list[str]:
        return list(self.line.why)


@strawberry.type(
    name="Quote",
    description="Terms that are honoured until it expires. It promises no units: `quoteAccept` holds them.",
)
class QuoteType:
    quote: Private[Quote]
    now: Private[datetime]

    @strawberry.field(description="Made from the idempotency key, so that a repetition finds the same quote.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.quote.id)

    @strawberry.field(description="As of now.")
    def state(self) -> QuoteState:
        return self.quote.state_at(self.now)

    @strawberry.field(description="What is offered, in the order asked for.")
    def lines(self) -> list[QuotedLineType]:
        return [QuotedLineType(line=line) for line in self.quote.lines]

    @strawberry.field(description="The revision of the policy that it was made by.")
    def policy_revision(self) -> int:
        return self.quote.policy_revision

    @strawberry.field(description="Until when its terms are honoured.")
    def expires_at(self) -> datetime:
        return self.quote.expires_at

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.quote.created_at

    @strawberry.field(description="The reservation made by it.")
    def reservation_id(self) -> strawberry.ID | None:
        reservation_id = self.quote.reservation_id
        return None if reservation_id is None else strawberry.ID(reservation_id)


@strawberry.input(description="A line to quote.")
class QuoteLineInput(RequestedLineInput):
    unit_price: Decimal | None = strawberry.field(
        default=None, description="Your own price of a unit, in any currency, where you want one back."
    )

    def request(self) -> QuoteRequest:
        return QuoteRequest(self.line(), self.unit_price)


@strawberry.input(description="What to quote.")
class QuoteCreateInput(KeyedInput):
    lines: list[QuoteLineInput] = strawberry.field(description="1 to 50 lines.")


@strawberry.input(description="Which quote to hold the units of.")
class QuoteAcceptInput(KeyedInput, PlacementInput):
    quote_id: str = strawberry.field(description="Its id.")
    owner: str | None = strawberry.field(default=None, description="Whose the reservation is, such as a cart.")
    expires_in_seconds: int | None = strawberry.field(
        default=None, description="How long the units are held, as for `reservationCreate`."
    )


@strawberry.type(description="What became of a request for a quote.")
class QuotePayload(KeyedPayload):
    quote: QuoteType | None = strawberry.field(default=None, description="The quote as it is now.")


@strawberry.type(description="What became of accepting a quote.")
class QuoteAcceptPayload(KeyedPayload):
    quote: QuoteType | None = strawberry.field(default=None, description="The quote as it is now.")
    reservation: ReservationType | None = strawberry.field(default=None, description="What is held.")


@strawberry.type
class QuoteQuery:
    @strawberry.field(description="One quote; null where there is none. Needs `inventory:read`.")
    async def quote(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> QuoteType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            try:
                return _quote_type(info, await info.context.services.quotes.get(id))
            except NotFound:
                return None


@strawberry.type
class QuoteMutation:
    @strawberry.mutation(description="Ask what is offered for some lines, and at which terms. Needs `inventory:write`.")
    async def quote_create(self, info: Info, input: Annotated[QuoteCreateInput, Input]) -> QuotePayload:
        return await taken(
            info,
            _created(info, input),
            lambda made: QuotePayload(quote=_quote_type(info, made[0]), replayed=made[1], user_errors=[]),
            lambda errors: QuotePayload(user_errors=errors),
        )

    @strawberry.mutation(
        description="Hold the units of a quote at its terms: all that it offers, or nothing. Needs `inventory:write`."
    )
    async def quote_accept(self, info: Info, input: Annotated[QuoteAcceptInput, Input]) -> QuoteAcceptPayload:
        return await taken(
            info,
            _accept(info, input),
            lambda done: _accepted(info, *done),
            lambda errors: QuoteAcceptPayload(user_errors=errors),
        )


async def _created(info: Info, input: QuoteCreateInput) -> tuple[Quote, bool]:
    check_count(input.lines, ("lines",), LINES_MAX)
    call = input.call(info.context.principal.client)
    return await info.context.services.quotes.quote(call, [line.request() for line in input.lines])


async def _accept(info: Info, input: QuoteAcceptInput) -> tuple[Quote, ReservationOutcome]:
    return await info.context.services.quotes.accept(
        input.call(info.context.principal.client),
        input.quote_id,
        owner=input.owner,
        expires_in_seconds=input.expires_in_seconds,
        strategy=input.strategy,
        destination=input.sent_to(),
    )


def _accepted(info: Info, quote: Quote, outcome: ReservationOutcome) -> QuoteAcceptPayload:
    reservation = ReservationType(reservation=outcome.reservation)
    return QuoteAcceptPayload(
        quote=_quote_type(info, quote), reservation=reservation, replayed=outcome.replayed, user_errors=[]
    )


def _quote_type(info: Info, quote: Quote) -> QuoteType:
    return QuoteType(quote=quote, now=info.context.services.quotes.now())
