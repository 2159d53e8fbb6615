"""Units that one location can spare and another one lacks: moved before more are bought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MOVES_MAX = 10
"""Transfers suggested of one item in one plan."""


@dataclass(frozen=True, slots=True)
class Need:
    """A place at its reorder point or below lacks `units`, and has what it has for `days_of_cover`."""

    location_id: str
    units: int
    days_of_cover: float


@dataclass(frozen=True, slots=True)
class Move:
    origin_id: str
    destination_id: str
    units: int


def moves(needs: Iterable[Need], spare: Mapping[str, int]) -> list[Move]:
    """Who runs out first is served first, from where most can be spared; up to `MOVES_MAX`."""
    left = {at: units for at, units in spare.items() if units > 0}
    found: list[Move] = []
    for need in sorted(needs, key=lambda need: (need.days_of_cover, need.location_id)):
        lacking = need.units
        while lacking > 0 and left and len(found) < MOVES_MAX:
            origin_id = max(left, key=lambda at: (left[at], at))
            units = min(lacking, left[origin_id])
            found.append(Move(origin_id, need.location_id, units))
            lacking -= units
            left[origin_id] -= units
            if not left[origin_id]:
                del left[origin_id]
    return found
