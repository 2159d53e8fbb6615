"""Quotes: for a short while, a price and a quantity that are honoured if they are asked to be held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from gateway.inventory.allocation import StrategyName
from gateway.inventory.checkout import OfReserve
from gateway.inventory.commands import Plan, StockView
from gateway.inventory.errors import Code, Conflict, NotFound
from gateway.inventory.ledger import Kind
from gateway.inventory.records import Record, RecordKey
from gateway.inventory.requested_lines import RequestedLine

QUOTES = "quotes"


class QuoteState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    """Its units were reserved once, at its terms."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """What is offered for one line that was asked for. Money is in the asker's own currency, per unit."""

    asked: RequestedLine
    quantity: int
    discount_percent: Decimal
    unit_price: Decimal | None
    quoted_price: Decimal | None
    rule: str | None
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """A record of the kernel: it is accepted in the same transaction as its units are reserved.

    It promises terms and no units: until they are held, others may be faster.
    """

    id: str
    client: str
    lines: tuple[QuotedLine, ...]
    policy_revision: int
    fingerprint: bytes
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    reservation_id: str | None = None
    revision: int = 0

    @property
    def key(self) -> RecordKey:
        return quote_key(self.id)

    def state_at(self, now: datetime) -> QuoteState:
        if self.reservation_id is not None:
            return QuoteState.ACCEPTED
        return QuoteState.EXPIRED if self.expires_at <= now else QuoteState.OPEN

    @property
    def offered(self) -> tuple[RequestedLine, ...]:
        """The lines to reserve: those of which anything was offered, with what was."""
        return tuple(replace(line.asked, quantity=line.quantity) for line in self.lines if line.quantity)

    def accepted(self, reservation_id: str, now: datetime) -> Quote:
        """Raises Conflict where it was accepted before or is too old."""
        match self.state_at(now):
            case QuoteState.ACCEPTED:
                message = f"This quote was accepted before, for the reservation '{self.reservation_id}'."
                raise Conflict(Code.ALREADY_ACCEPTED, message, ("quoteId",))
            case QuoteState.EXPIRED:
                raise Conflict(Code.EXPIRED, "This quote has expired. Ask for a new one.", ("quoteId",))
        return replace(self, reservation_id=reservation_id, updated_at=now)


@dataclass(eq=False, slots=True)
class AcceptQuote(OfReserve):
    """Reserve what a quote offers, at its terms, once. `reserve` is made of the quote's own lines."""

    quote_id: str

    kind: ClassVar[Kind] = Kind.RESERVE

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return (quote_key(self.quote_id), *self.reserve.record_keys)

    def check(self) -> None:
        """The quote's id and the reservation have been checked where they were found and made."""

    def canonical(self) -> dict[str, object]:
        reserve = self.reserve
        content: dict[str, object] = {
            "quoteId": self.quote_id,
            "owner": reserve.owner,
            "expiresInSeconds": reserve.expires_in_seconds,
        }
        # Left out unless said, as in the requests stored before they could be.
        if reserve.strategy is not StrategyName.PRIORITY:
            content["strategy"] = reserve.strategy.value
        if reserve.destination and (destination := reserve.destination.canonical()):
            content["destination"] = destination
        return content

    def plan(self, stock: StockView) -> Plan:
        quote = stock.record(quote_key(self.quote_id))
        if not isinstance(quote, Quote):
            raise NotFound(Code.QUOTE_NOT_FOUND, f"There is no quote '{self.quote_id}'.", ("quoteId",))
        accepted = quote.accepted(self.reserve.reservation_id, stock.now)
        plan = self.reserve.plan(stock)
        records: Mapping[RecordKey, Record] = {**plan.records, accepted.key: accepted}
        return Plan(plan.postings, records)


def quote_key(quote_id: str) -> RecordKey:
    return RecordKey(QUOTES, quote_id)
