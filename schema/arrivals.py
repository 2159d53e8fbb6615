"""Units that arrive."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from gateway.inventory.arrivals import Arrival, Condition
from gateway.inventory.commands import LINES_MAX
from gateway.inventory.identifiers import check_count
from schema.descriptions import describe
from schema.scalars import Quantity

strawberry.enum(Condition, name="Condition", description="Whether units can be sold as they are.")
describe(
    Condition,
    {"SELLABLE": "They become available.", "UNSELLABLE": "Damaged, for instance: they become unavailable."},
)


@strawberry.input(description="Units of one line of a document that arrive.")
class ArrivalInput:
    line: int = strawberry.field(description="The number of the document's line, from 0.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")
    condition: Condition = strawberry.field(default=Condition.SELLABLE, description="Their condition.")


def arrivals_of(lines: Sequence[ArrivalInput] | None) -> list[Arrival]:
    """None, which means everything that is still expected, is no arrival in particular. Raises InvalidInput."""
    if lines is None:
        return []
    check_count(lines, ("lines",), LINES_MAX)
    return [Arrival(line.line, line.quantity, line.condition) for line in lines]
