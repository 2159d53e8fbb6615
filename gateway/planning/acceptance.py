"""Whether a suggestion still fits: nobody ordered or drafted the same by other means, or took what is to be moved."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.planning.reordering import PlacePlan
from gateway.planning.suggestions import Heading, SuggestedLine


def still_fits(heading: Heading, line: SuggestedLine, places: Mapping[str, PlacePlan]) -> bool:
    """Whether a line, and what was put on its way since the plan, is no more than the plan brings the place together.

    So what else it suggests for the place may be accepted before, in any order. `places` are those of the line's item
    as of now. What was sold, or came back, meanwhile changes nothing.
    """
    there = places.get(heading.location_id)
    if there is None:
        return False
    coming = max(0, there.stock.counted - line.counted) + max(0, there.stock.planned - line.drafted)
    if coming + line.quantity > line.together:
        return False
    if heading.origin_id is None:
        return True
    origin = places.get(heading.origin_id)
    # A draft takes its units only when it is shipped.
    return origin is not None and origin.stock.available + min(0, origin.stock.planned) >= line.quantity
