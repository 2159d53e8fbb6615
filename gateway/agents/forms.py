"""What agents fill in, and the answers that only they get; the rest is that of the REST API."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from gateway.agents.tool import KeyedBody
from gateway.inventory.quotes import Quote, QuoteState
from gateway.operations.quotes import LINES_MAX, QuoteRequest
from gateway.operations.sourcing import LineRequest
from gateway.rest.answers import Answer, ReservationAnswer
from gateway.rest.bodies import Body, Lines, Placement
from gateway.rest.texts import Seconds, Sku, Slug, Text, Units


class HoldForm(KeyedBody, Placement):
    """Units to keep from everybody else."""

    lines: Lines
    owner: Text | None = Field(default=None, description="Whose hold it is, such as a cart or a conversation.")
    expires_in_seconds: Seconds | None = Field(default=None, description="A quarter of an hour unless given.")


class ReservationForm(KeyedBody):
    """Which hold."""

    reservation_id: Slug = Field(description="The `id` that the hold was answered with.")


class QuoteLineForm(Body):
    """Units of one SKU, from any location."""

    sku: Sku
    quantity: Units
    unit_price: Annotated[Decimal, Field(strict=False)] | None = Field(
        default=None, description="Your own price of a unit, in any currency, where you want the quoted one back."
    )

    def request(self) -> QuoteRequest:
        return QuoteRequest(LineRequest(self.sku, self.quantity), self.unit_price)


class QuoteForm(KeyedBody):
    """What to quote."""

    lines: Annotated[list[QuoteLineForm], Field(min_length=1, max_length=LINES_MAX)]


class AcceptForm(KeyedBody, Placement):
    """Which quote to hold the units of."""

    quote_id: Slug
    owner: Text | None = Field(default=None, description="Whose hold it is, such as a cart or a conversation.")
    expires_in_seconds: Seconds | None = Field(default=None, description="A quarter of an hour unless given.")


class QuotedLineAnswer(Answer):
    sku: str
    asked: int
    quantity: int = Field(description="Units offered, possibly fewer than asked for, or none.")
    discount_percent: Decimal = Field(description="Off your own price; negative is put on it.")
    quoted_price: Decimal | None = Field(description="Your price of a unit at these terms.")
    why: list[str]


class QuoteAnswer(Answer):
    """Terms that are honoured until they expire. They promise no units: accept the quote to hold them."""

    id: str
    state: QuoteState
    expires_at: datetime
    lines: list[QuotedLineAnswer]

    @classmethod
    def of(cls, quote: Quote, now: datetime) -> QuoteAnswer:
        lines = [
            QuotedLineAnswer(
                sku=line.asked.sku,
                asked=line.asked.quantity,
                quantity=line.quantity,
                discount_percent=line.discount_percent,
                quoted_price=line.quoted_price,
                why=list(line.why),
            )
            for line in quote.lines
        ]
        return cls(id=quote.id, state=quote.state_at(now), expires_at=quote.expires_at, lines=lines)


class AcceptedAnswer(Answer):
    """What is held by a quote now."""

    quote: QuoteAnswer
    reservation: ReservationAnswer
