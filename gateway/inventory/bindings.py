"""Units of a purchase's line that are promised to backorders before they arrive, first come, first served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Binding:
    """`quantity` units that line number `backorder_line` of a backorder still waits for, promised for a time."""

    backorder_id: str
    backorder_line: int
    quantity: int
    promised_for: datetime | None
    reference: str | None


Bindings = tuple[Binding, ...]
"""In the order in which they are served."""


def units_bound(bindings: Bindings) -> int:
    return sum(binding.quantity for binding in bindings)


def serve(bindings: Bindings, units: int) -> tuple[Bindings, Bindings]:
    """What these units, which have arrived, are for; and what still waits after that."""
    served, waiting = [], []
    for binding in bindings:
        part = min(binding.quantity, units)
        units -= part
        if part:
            served.append(replace(binding, quantity=part))
        if part < binding.quantity:
            waiting.append(replace(binding, quantity=binding.quantity - part))
    return tuple(served), tuple(waiting)


def unbind(bindings: Bindings, backorder_id: str, backorder_line: int, units: int) -> Bindings:
    """Without so many units of a backorder's line, which has no fewer."""
    kept: list[Binding] = []
    for binding in bindings:
        if (binding.backorder_id, binding.backorder_line) == (backorder_id, backorder_line):
            part = min(binding.quantity, units)
            units -= part
            if part < binding.quantity:
                kept.append(replace(binding, quantity=binding.quantity - part))
        else:
            kept.append(binding)
    return tuple(kept)


def backorders_of(lines: Sequence[Bindings]) -> tuple[str, ...]:
    """The ids of the backorders that wait for any of these."""
    return tuple(dict.fromkeys(binding.backorder_id for bindings in lines for binding in bindings))
