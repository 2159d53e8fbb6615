"""What can be promised of a SKU and from which day on, explained to an agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date as Date
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from gateway.inventory.requested_lines import CANDIDATES_MAX
from gateway.operations.promises import AvailableToPromise, Day, Place
from gateway.planning.projection import HORIZON_DAYS
from gateway.planning.supply import ExpectedSupply, SupplyKind
from gateway.rest.answers import Answer
from gateway.rest.bodies import Body
from gateway.rest.texts import Sku, Slug

SUPPLIES_MAX = 100


class PromisableForm(Body):
    """Of which SKU, from where and through which channel."""

    sku: Sku
    location_ids: Annotated[list[Slug], Field(min_length=1, max_length=CANDIDATES_MAX)] | None = Field(
        default=None, description="At these locations; at all active ones unless given."
    )
    channel_id: Slug | None = Field(default=None, description="Sold through this channel, whose quotas it may use.")

    @property
    def places(self) -> tuple[str, ...] | None:
        return None if self.location_ids is None else tuple(self.location_ids)


class PlaceAnswer(Answer):
    location_id: str
    available: int = Field(description="Units to be taken today; negative where more was promised than there is.")
    owed: int = Field(description="Units due to backorders whose purchases bring them no more: the first are theirs.")

    @classmethod
    def of(cls, place: Place) -> PlaceAnswer:
        return cls(location_id=place.location_id, available=place.available, owed=place.owed)


class SupplyAnswer(Answer):
    """Units on their way, and from when on they can be promised."""

    kind: SupplyKind
    document_id: str
    line: int
    location_id: str = Field(description="Where they arrive.")
    outstanding: int
    bound: int = Field(description="Of these, units that backorders wait for.")
    free: int = Field(description="Units that are promised to nobody.")
    due: Date | None = Field(description="When they are expected; null where nobody knows.")
    estimated: bool = Field(description="No date was given: it follows from the supplier's lead time.")
    counts_from: Date | None = Field(description="From which day on they count; null: they do not.")
    on_time_probability: float = Field(description="The chance that they are here by that day, or by `due`.")
    why: str

    @classmethod
    def of(cls, today: Date, found: ExpectedSupply) -> SupplyAnswer:
        supply = found.supply
        by = found.due if found.counts_from is None else found.counts_from
        return cls(
            kind=supply.kind,
            document_id=supply.document_id,
            line=supply.line,
            location_id=supply.location_id,
            outstanding=supply.outstanding,
            bound=supply.bound,
            free=supply.free,
            due=_date(today, found.due),
            estimated=found.estimated,
            counts_from=_date(today, found.counts_from),
            on_time_probability=0.0 if by is None else found.chance_by(by),
            why=found.why,
        )


class DayAnswer(Answer):
    """From this day on, until the next one that is listed."""

    date: Date
    projected: int = Field(description="Units there if nothing more is promised.")
    available_to_promise: int = Field(
        description="At each location the least projected from then to the horizon, and never less than 0."
    )


class PromisableAnswer(Answer):
    """What can be promised, term by term. Nothing is held by asking."""

    sku: str
    places: list[PlaceAnswer] = Field(description="Where there are any today, or any are owed.")
    supplies: list[SupplyAnswer] = Field(description="What is on its way, the earliest first.")
    supplies_left_out: int = Field(description=f"Further ones, beyond the {SUPPLIES_MAX} that are listed.")
    days: list[DayAnswer] = Field(
        description=f"Today, and the days on which something changes, up to {HORIZON_DAYS} days from now."
    )

    @classmethod
    def of(cls, found: AvailableToPromise) -> PromisableAnswer:
        today, listed = found.days[0].date, found.supplies[:SUPPLIES_MAX]
        return cls(
            sku=found.sku,
            places=[PlaceAnswer.of(place) for place in found.places if place.available or place.owed],
            supplies=[SupplyAnswer.of(today, supply) for supply in listed],
            supplies_left_out=len(found.supplies) - len(listed),
            days=list(_changes(found.days)),
        )


def _changes(days: Sequence[Day]) -> Iterator[DayAnswer]:
    before = None
    for day in days:
        now = (day.projected, day.promisable)
        if now != before:
            yield DayAnswer(date=day.date, projected=day.projected, available_to_promise=day.promisable)
        before = now


def _date(today: Date, day: int | None) -> Date | None:
    return None if day is None else today + timedelta(days=day)
