"""What agents ask of planning, and what they are told."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.inventory.geography import Whereabouts
from gateway.operations.promises import DatedPromise
from gateway.planning.promising import LinePromise
from gateway.planning.suggestions import PlanState, SuggestedLine, Suggestion, SuggestionFilter, SuggestionKind
from gateway.rest.answers import Answer
from gateway.rest.bodies import AnyDestination, Body, Lines
from gateway.rest.texts import Slug, Text

SUGGESTIONS_MAX = 50


class PromiseForm(Body):
    """What is wanted, and by when."""

    lines: Lines
    by: Annotated[datetime, Field(strict=False)] | None = Field(
        default=None, description="When it is wanted, with its time zone; the answer says whether that can be done."
    )
    destination: AnyDestination | None = Field(
        default=None, description="Where it is sent: nearer locations come first."
    )

    def sent_to(self) -> Whereabouts | None:
        return None if self.destination is None else self.destination.whereabouts()


class PromisedLineAnswer(Answer):
    sku: str
    quantity: int
    date: Date | None = Field(description="When all of them can be had; null: not within half a year.")
    confidence: float = Field(description="The chance of that, by how late the suppliers were so far; from 0 to 1.")
    by_quantity: int | None = Field(description="Units that can be had by the time asked for.")
    locations: dict[str, int] = Field(description="Units by the location that they would come from.")

    @classmethod
    def of(cls, promise: DatedPromise, line: LinePromise) -> PromisedLineAnswer:
        locations: dict[str, int] = {}
        for peg in line.pegs:
            locations[peg.location_id] = locations.get(peg.location_id, 0) + peg.quantity
        return cls(
            sku=line.ask.sku,
            quantity=line.ask.quantity,
            date=None if line.day is None else promise.date_of(line.day),
            confidence=0.0 if line.day is None else line.chance_by(line.day),
            by_quantity=None if promise.by_day is None else line.by_quantity,
            locations=locations,
        )


class PromiseAnswer(Answer):
    """When everything can be had, at the locations' doors. Nothing is held by asking."""

    date: Date | None = Field(description="When all lines can be had; null: not within half a year.")
    confidence: float = Field(description="The chance that all of it is there on that day; from 0 to 1.")
    in_time: bool | None = Field(description="Whether that is by the time asked for.")
    lines: list[PromisedLineAnswer]

    @classmethod
    def of(cls, promise: DatedPromise) -> PromiseAnswer:
        cart = promise.cart
        return cls(
            date=None if cart.day is None else promise.date_of(cart.day),
            confidence=0.0 if cart.day is None else cart.chance_by(cart.day),
            in_time=None if promise.by_day is None else cart.day is not None and cart.day <= promise.by_day,
            lines=[PromisedLineAnswer.of(promise, line) for line in cart.lines],
        )


class ReorderForm(Body):
    """Which suggestions; all unless something is given."""

    supplier: Text | None = None
    location_id: Slug | None = Field(default=None, description="The location that lacks the units.")
    after: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, description="`next` of the answer before, to read on."
    )

    def wanted(self) -> SuggestionFilter:
        return SuggestionFilter(supplier=self.supplier, location_id=self.location_id)


class SuggestedLineAnswer(Answer):
    sku: str
    quantity: int = Field(description="Units to order or to move, in whole packs.")
    available: int
    incoming: int
    reorder_point: int
    units_per_day: float
    days_of_cover: float | None

    @classmethod
    def of(cls, line: SuggestedLine) -> SuggestedLineAnswer:
        return cls(
            sku=line.sku,
            quantity=line.quantity,
            available=line.available,
            incoming=line.incoming,
            reorder_point=line.reorder_point,
            units_per_day=line.units_per_day,
            days_of_cover=line.days_of_cover,
        )


class SuggestionAnswer(Answer):
    """A purchase or a transfer that the plan suggests; nothing is ordered before a person accepts it."""

    id: str
    kind: SuggestionKind
    supplier: str | None
    origin_id: str | None = Field(description="Of a transfer, the location that gives the units.")
    location_id: str
    lines: list[SuggestedLineAnswer]

    @classmethod
    def of(cls, suggestion: Suggestion) -> SuggestionAnswer:
        heading = suggestion.heading
        return cls(
            id=suggestion.id,
            kind=heading.kind,
            supplier=heading.supplier,
            origin_id=heading.origin_id,
            location_id=heading.location_id,
            lines=[SuggestedLineAnswer.of(line) for line in suggestion.lines],
        )


class ReorderAnswer(Answer):
    """What needs reordering, by the plan in force."""

    planned_at: datetime | None = Field(description="When the plan was made; null: there is none yet.")
    suggestions: list[SuggestionAnswer]
    next: str | None = Field(description="Given as `after`, it reads on; null at the end.")

    @classmethod
    def of(cls, state: PlanState, found: list[Suggestion]) -> ReorderAnswer:
        shown = found[:SUGGESTIONS_MAX]
        return cls(
            planned_at=None if state.run is None else state.run.planned_at,
            suggestions=[SuggestionAnswer.of(suggestion) for suggestion in shown],
            next=shown[-1].place if len(found) > len(shown) else None,
        )
