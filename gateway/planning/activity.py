"""When locations were switched off and on: while nobody could buy there, no demand says nothing of what buyers want."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

_seq = attrgetter("seq")


@dataclass(frozen=True, slots=True, order=True)
class Switch:
    """From ledger position `seq` on, a location is active, or not. One that was never switched is active."""

    seq: int
    location_id: str
    active: bool


def between(switches: Sequence[Switch], after: int, until: int) -> Sequence[Switch]:
    """Those behind position `after`, up to `until`; `switches` are in their order."""
    return switches[bisect_right(switches, after, key=_seq) : bisect_right(switches, until, key=_seq)]


def is_active(switches: Sequence[Switch], location_id: str, seq: int) -> bool:
    """Whether the location is active at this position; `switches` are in their order."""
    return next((one.active for one in reversed(switches) if one.location_id == location_id and one.seq <= seq), True)
