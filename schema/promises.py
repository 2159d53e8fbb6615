"""What can be promised, and for when."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.operations.promises import AvailableToPromise, DatedPromise, Day, Place
from gateway.planning.projection import HORIZON_DAYS
from gateway.planning.promising import LinePromise, Peg
from gateway.planning.supply import ExpectedSupply, SupplyKind
from schema.context import Info
from schema.descriptions import describe
from schema.errors import reading
from schema.requested_lines import DestinationInput, RequestedLineInput, line_requests
from schema.scalars import Quantity
from schema.times import check_time

strawberry.enum(SupplyKind, name="SupplyKind", description="What brings units.")
describe(SupplyKind, {"PURCHASE": "A purchase from a supplier.", "TRANSFER": "A transfer from another location."})


@strawberry.type(name="ExpectedSupply", description="Units on their way, and from when on they can be promised.")
class ExpectedSupplyType:
    kind: SupplyKind = strawberry.field(description="What brings them.")
    document_id: strawberry.ID = strawberry.field(description="The id of the purchase or transfer.")
    line: int = strawberry.field(description="The number of its line, from 0.")
    location_id: str = strawberry.field(description="Where they arrive.")
    outstanding: Quantity = strawberry.field(description="Units still expected.")
    bound: Quantity = strawberry.field(description="Of these, units that backorders wait for.")
    free: Quantity = strawberry.field(description="Units that are promised to nobody.")
    due: Date | None = strawberry.field(description="When they are expected; null where nobody knows.")
    estimated: bool = strawberry.field(description="No date was given: it follows from the supplier's lead time.")
    counts_from: Date | None = strawberry.field(description="From which day on they count; null: they do not.")
    on_time_probability: float = strawberry.field(description="The chance that they are here by that day, or by `due`.")
    why: str = strawberry.field(description="Where these dates come from, for people.")

    @classmethod
    def of(cls, today: Date, found: ExpectedSupply) -> ExpectedSupplyType:
        supply = found.supply
        by = found.due if found.counts_from is None else found.counts_from
        return cls(
            kind=supply.kind,
            document_id=strawberry.ID(supply.document_id),
            line=supply.line,
            location_id=supply.location_id,
            outstanding=Quantity(supply.outstanding),
            bound=Quantity(supply.bound),
            free=Quantity(supply.free),
            due=_date(today, found.due),
            estimated=found.estimated,
            counts_from=_date(today, found.counts_from),
            on_time_probability=0.0 if by is None else found.chance_by(by),
            why=found.why,
        )


@strawberry.type(description="What may be taken at one location today.")
class PromisePlace:
    location_id: str = strawberry.field(description="Where.")
    available: Quantity = strawberry.field(
        description="Units, those kept for other channels left out; negative where more was promised than there is."
    )
    owed: Quantity = strawberry.field(
        description="Units due to backorders whose purchases bring them no more: the first that can be had are theirs."
    )

    @classmethod
    def of(cls, place: Place) -> PromisePlace:
        return cls(location_id=place.location_id, available=Quantity(place.available), owed=Quantity(place.owed))


@strawberry.type(description="One day, over all locations asked about.")
class PromiseDay:
    date: Date = strawberry.field(description="The day (UTC).")
    projected: Quantity = strawberry.field(description="Units at its end if nothing more is promised.")
    available_to_promise: Quantity = strawberry.field(
        description="Units that can be promised for it: at each location the least projected from then to the horizon, "
        "and never less than 0."
    )

    @classmethod
    def of(cls, day: Day) -> PromiseDay:
        return cls(date=day.date, projected=Quantity(day.projected), available_to_promise=Quantity(day.promisable))


@strawberry.type(
    name="AvailableToPromise",
    description=f"What can be promised, term by term. The horizon is {HORIZON_DAYS} days; supply after it counts not.",
)
class AvailableToPromiseType:
    sku: str = strawberry.field(description="Which SKU.")
    places: list[PromisePlace] = strawberry.field(description="What is there today.")
    supplies: list[ExpectedSupplyType] = strawberry.field(description="What is on its way, the earliest first.")
    days: list[PromiseDay] = strawberry.field(description="Today and the days after it.")

    @classmethod
    def of(cls, found: AvailableToPromise) -> AvailableToPromiseType:
        today = found.days[0].date
        return cls(
            sku=found.sku,
            places=[PromisePlace.of(place) for place in found.places],
            supplies=[ExpectedSupplyType.of(today, supply) for supply in found.supplies],
            days=[PromiseDay.of(day) for day in found.days],
        )


@strawberry.type(description="Units that a promise relies on.")
class PromiseSource:
    location_id: str = strawberry.field(description="Where they are, or arrive.")
    quantity: Quantity = strawberry.field(description="Units.")
    date: Date = strawberry.field(description="From which day on they count.")
    supply: ExpectedSupplyType | None = strawberry.field(
        description="What brings them; `backorderCreate` can bind those of a purchase. Null: they are there today."
    )

    @classmethod
    def of(cls, today: Date, peg: Peg) -> PromiseSource:
        supply = None if peg.supply is None else ExpectedSupplyType.of(today, peg.supply)
        return cls(
            location_id=peg.location_id,
            quantity=Quantity(peg.quantity),
            date=today + timedelta(days=peg.day),
            supply=supply,
        )


@strawberry.type(description="When one line can be had.")
class PromiseLine:
    sku: str = strawberry.field(description="As it was asked for.")
    quantity: Quantity = strawberry.field(description="Units asked for.")
    date: Date | None = strawberry.field(description="When all of them can be had; null within the horizon.")
    confidence: float = strawberry.field(
        description="The chance that all are there on that day, by the suppliers' lateness so far; 0 without a date."
    )
    by_quantity: Quantity | None = strawberry.field(description="Units that can be had by the time asked for.")
    by_confidence: float | None = strawberry.field(description="The chance that all are there by then.")
    sources: list[PromiseSource] = strawberry.field(description="What it relies on, and where.")

    @classmethod
    def of(cls, promise: DatedPromise, line: LinePromise) -> PromiseLine:
        by = promise.by_day
        return cls(
            sku=line.ask.sku,
            quantity=Quantity(line.ask.quantity),
            date=_date(promise.today, line.day),
            confidence=0.0 if line.day is None else line.chance_by(line.day),
            by_quantity=None if by is None else Quantity(line.by_quantity),
            by_confidence=None if by is None else line.chance_by(by),
            sources=[PromiseSource.of(promise.today, peg) for peg in line.pegs],
        )


@strawberry.type(description="The location that has everything first.")
class PromiseAlone:
    location_id: str = strawberry.field(description="Where; of several, the first or nearest.")
    date: Date = strawberry.field(description="When all lines can be had from there.")


@strawberry.type(
    name="Promise",
    description="When a cart can be had, at the locations' doors. Each line is promised what those before it left. "
    "Nothing is held by asking.",
)
class PromiseType:
    date: Date | None = strawberry.field(description="When all lines can be had; null within the horizon.")
    confidence: float = strawberry.field(
        description="The chance that everything is there on that day. Documents arrive independently of each other; 0 "
        "without a date."
    )
    in_time: bool | None = strawberry.field(description="Whether that is by the time asked for; null without one.")
    by_confidence: float | None = strawberry.field(description="The chance that everything is there by then.")
    alone: PromiseAlone | None = strawberry.field(description="Everything from one place; null where none has it.")
    lines: list[PromiseLine] = strawberry.field(description="In the order of the request.")

    @classmethod
    def of(cls, promise: DatedPromise) -> PromiseType:
        cart, by = promise.cart, promise.by_day
        alone = None
        if cart.alone is not None:
            at, day = cart.alone
            alone = PromiseAlone(location_id=at, date=promise.date_of(day))
        return cls(
            date=_date(promise.today, cart.day),
            confidence=0.0 if cart.day is None else cart.chance_by(cart.day),
            in_time=None if by is None else cart.day is not None and cart.day <= by,
            by_confidence=None if by is None else cart.chance_by(by),
            alone=alone,
            lines=[PromiseLine.of(promise, line) for line in cart.lines],
        )


@strawberry.type
class PromiseQuery:
    @strawberry.field(
        description="What can be promised of an item, day by day, from stock and supply. Needs `inventory:read`."
    )
    async def available_to_promise(
        self,
        info: Info,
        sku: Annotated[str, strawberry.argument(description="Its present SKU.")],
        location_ids: Annotated[
            list[str] | None, strawberry.argument(description="At these; at all active locations if null.")
        ] = None,
        days: Annotated[int, strawberry.argument(description=f"Days after today to list, up to {HORIZON_DAYS}.")] = 30,
        channel_id: Annotated[
            str | None, strawberry.argument(description="Through this channel, whose quotas it may use.")
        ] = None,
    ) -> AvailableToPromiseType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            places = None if location_ids is None else tuple(location_ids)
            found = await info.context.services.promises.available_to_promise(sku, days, places, channel_id)
            return AvailableToPromiseType.of(found)

    @strawberry.field(
        description="The earliest date for each line and for all of them, from which locations. Needs `inventory:read`."
    )
    async def promise(
        self,
        info: Info,
        lines: Annotated[list[RequestedLineInput], strawberry.argument(description="1 to 250 lines over any SKUs.")],
        by: Annotated[
            datetime | None, strawberry.argument(description="When it is needed, with its time zone; the day counts.")
        ] = None,
        destination: Annotated[
            DestinationInput | None,
            strawberry.argument(description="Where it is sent: nearer locations come first."),
        ] = None,
        channel_id: Annotated[
            str | None, strawberry.argument(description="Sold through this channel; that of the lines unless given.")
        ] = None,
    ) -> PromiseType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_time(by, "by")
            found = await info.context.services.promises.promise(
                line_requests(lines),
                by=by,
                channel_id=channel_id,
                destination=None if destination is None else destination.whereabouts(),
            )
            return PromiseType.of(found)


def _date(today: Date, day: int | None) -> Date | None:
    return None if day is None else today + timedelta(days=day)
