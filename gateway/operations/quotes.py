"""Quoting lines by the operator's policy, and holding what was quoted at the terms of the quote."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from gateway.inventory.allocation import StrategyName
from gateway.inventory.allotting import Allotter
from gateway.inventory.batch import BatchStock
from gateway.inventory.errors import Code, Conflict, IdempotencyKeyReused, InvalidInput, NotFound, Path
from gateway.inventory.geography import Whereabouts
from gateway.inventory.idempotency import fingerprint
from gateway.inventory.identifiers import KEY_LENGTH_MAX, check_count, check_slug, check_text
from gateway.inventory.quantities import QUANTITY_MAX
from gateway.inventory.quotes import AcceptQuote, Quote, QuotedLine
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.reservations import Reservation, reservation_key
from gateway.inventory.reserving import Reserve
from gateway.inventory.stock import Item
from gateway.operations.calls import Call
from gateway.operations.clock import Clock
from gateway.operations.reservations import ReservationOperations, ReservationOutcome
from gateway.operations.routing import Routing
from gateway.operations.sourcing import LineRequest, Sourcing, channel_of_all
from gateway.operations.stock import StockOperations
from gateway.planning.figures import DemandFigures
from gateway.planning.quoting import QuoteFacts, QuotePolicy, quoted_price, terms
from gateway.planning.selling_rate import selling_rate

LINES_MAX = 50
PRICE_MAX = 10**15
PRICE_PLACES_MAX = 8


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """A line to quote, and the asker's own price of a unit, where it wants one back."""

    line: LineRequest
    unit_price: Decimal | None = None


class StockLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class DemandLookup(Protocol):
    async def by_location(self, item_ids: Collection[str]) -> dict[str, dict[str, DemandFigures]]:
        """Of each item by location, through all channels; what is not known is left out."""


class QuoteRepository(Protocol):
    async def get(self, quote_id: str) -> Quote | None: ...

    async def insert(self, quote: Quote) -> bool: ...

    async def policy(self) -> QuotePolicy: ...

    async def replace_policy(self, policy: QuotePolicy) -> QuotePolicy | None: ...


class QuoteOperations:
    """Each raises an InventoryError that names what is wrong."""

    def __init__(
        self,
        stock: StockOperations,
        lookup: StockLookup,
        demand: DemandLookup,
        quotes: QuoteRepository,
        reservations: ReservationOperations,
        sourcing: Sourcing,
        routing: Routing,
        clock: Clock,
        *,
        default_seconds: int,
    ) -> None:
        """`default_seconds` is how long an accepted quote's units are held unless its taker says otherwise."""
        self._stock = stock
        self._lookup = lookup
        self._demand = demand
        self._quotes = quotes
        self._reservations = reservations
        self._sourcing = sourcing
        self._routing = routing
        self._clock = clock
        self._default_seconds = default_seconds

    async def quote(self, call: Call, requests: Sequence[QuoteRequest]) -> tuple[Quote, bool]:
        """What is offered for each line, until the quote expires; and whether the same key had asked for it before."""
        check_text(call.idempotency_key, ("idempotencyKey",), KEY_LENGTH_MAX)
        check_count(requests, ("lines",), LINES_MAX)
        prices = [request.unit_price for request in requests]
        for index, price in enumerate(prices):
            _check_price(price, ("lines", str(index), "unitPrice"))
        lines = await self._sourcing.requested([request.line for request in requests])
        asked = _asked(lines, prices)
        known = await self._quotes.get(call.new_id)
        if known is None:
            known = await self._made(call, lines, prices, fingerprint(asked))
            if await self._quotes.insert(known):
                return replace(known, revision=1), False
            known = await self.get(call.new_id)
        if known.fingerprint != fingerprint(asked):
            raise IdempotencyKeyReused(("lines",))
        return known, True

    async def accept(
        self,
        call: Call,
        quote_id: str,
        *,
        owner: str | None = None,
        expires_in_seconds: int | None = None,
        strategy: StrategyName = StrategyName.PRIORITY,
        destination: Whereabouts | None = None,
    ) -> tuple[Quote, ReservationOutcome]:
        """Hold what a quote offers, at its terms; from which locations is chosen as for any reservation.

        Raises Conflict where it expired or was accepted before.
        """
        quote = await self.get(quote_id)
        if not quote.offered:
            raise Conflict(Code.INSUFFICIENT_STOCK, "This quote offers nothing.", ("quoteId",))
        cause = await self._sourcing.cause(call, f"quote:{quote.id}", quote.offered)
        reserve = Reserve(
            call.client,
            call.idempotency_key,
            cause,
            reservation_id=call.new_id,
            lines=await self._sourcing.resolved(quote.offered),
            owner=owner,
            expires_in_seconds=expires_in_seconds,
            default_seconds=self._default_seconds,
            strategy=strategy,
            destination=destination,
            routes=await self._routing.wanted_by(strategy, destination),
        )
        outcome = await self._stock.apply(AcceptQuote(call.client, call.idempotency_key, cause, reserve, quote.id))
        stored = outcome.records.get(reservation_key(call.new_id))
        held = stored if isinstance(stored, Reservation) else await self._reservations.get(call.new_id)
        return await self.get(quote_id), ReservationOutcome(held, outcome.replayed)

    async def get(self, quote_id: str) -> Quote:
        """Raises NotFound."""
        check_slug(quote_id, ("quoteId",))
        quote = await self._quotes.get(quote_id)
        if quote is None:
            raise NotFound(Code.QUOTE_NOT_FOUND, f"There is no quote '{quote_id}'.", ("quoteId",))
        return quote

    def now(self) -> datetime:
        """The time by which a quote's state is told."""
        return self._clock()

    async def policy(self) -> QuotePolicy:
        return await self._quotes.policy()

    async def set_policy(self, policy: QuotePolicy) -> QuotePolicy:
        """Put it in the place of its own revision, from the next quote on. Raises Conflict where that is outdated."""
        policy.check()
        after = await self._quotes.replace_policy(replace(policy, updated_at=self._clock()))
        if after is None:
            message = "The policy was changed by somebody else. Read it again."
            raise Conflict(Code.REVISION_STALE, message, ("compareRevision",))
        return after

    async def _made(
        self, call: Call, lines: Sequence[RequestedLine], prices: Sequence[Decimal | None], request: bytes
    ) -> Quote:
        policy = await self._quotes.policy()
        items = await self._lookup.items({line.sku for line in lines})
        demand = await self._demand.by_location([item.id for item in items.values()])
        now = self._clock()
        stock = BatchStock({item.id: item for item in items.values()}, await self._lookup.locations(), now)
        allotter = Allotter(stock, StrategyName.PRIORITY, channel_id=channel_of_all(lines))
        offering = _Offering(policy, allotter, demand)
        quoted = [
            offering.offer(line, price, ("lines", str(index)))
            for index, (line, price) in enumerate(zip(lines, prices, strict=True))
        ]
        return Quote(
            id=call.new_id,
            client=call.client,
            lines=tuple(quoted),
            policy_revision=policy.revision,
            fingerprint=request,
            expires_at=now + timedelta(seconds=policy.valid_seconds),
            created_at=now,
            updated_at=now,
        )


class _Offering:
    """Offers line after line: each sees what those before it, even of the same SKU, were offered."""

    def __init__(
        self, policy: QuotePolicy, allotter: Allotter, demand: Mapping[str, Mapping[str, DemandFigures]]
    ) -> None:
        """`demand` is by item id and location."""
        self._policy = policy
        self._allotter = allotter
        self._demand = demand

    def offer(self, line: RequestedLine, unit_price: Decimal | None, path: Path) -> QuotedLine:
        """Raises NotFound or Conflict for what cannot be sold at all."""
        there = self._allotter.fork().allot(replace(line, quantity=QUANTITY_MAX), path)
        # Units and rate are those of the same places: what is at one of them is not sold at the rate of all.
        rate = selling_rate(self._demand.get(there.item.id, {}), self._allotter.places(line, path))
        facts = QuoteFacts(line.sku, frozenset(there.item.tags), there.quantity, rate)
        given = terms(self._policy, facts, line.quantity)
        if given.quantity:
            self._allotter.allot(replace(line, quantity=given.quantity), path)
        price = None if unit_price is None else quoted_price(unit_price, given.discount_percent)
        return QuotedLine(line, given.quantity, given.discount_percent, unit_price, price, given.rule, given.why)


def _asked(lines: Sequence[RequestedLine], prices: Sequence[Decimal | None]) -> dict[str, object]:
    """The request in the form that two requests are compared in; the order of the lines counts."""
    return {
        str(number): {
            "sku": line.sku,
            "quantity": line.quantity,
            "from": line.source,
            "price": None if price is None else str(price),
        }
        for number, (line, price) in enumerate(zip(lines, prices, strict=True))
    }


def _check_price(price: Decimal | None, path: Path) -> None:
    if price is None:
        return
    exponent = price.as_tuple().exponent
    # Infinities and what is no number have a letter there.
    readable = isinstance(exponent, int) and -PRICE_PLACES_MAX <= exponent <= 0
    if not readable or not 0 <= price <= PRICE_MAX:
        message = f"A price is a decimal number from 0 to {PRICE_MAX}, with up to {PRICE_PLACES_MAX} decimal places."
        raise InvalidInput(Code.INVALID_INPUT, message, path)
