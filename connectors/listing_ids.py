"""Which ids a listing of a platform needs. People can enter listings by hand, and one that cannot be written must not
spoil the batch it is in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.updates import StockUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingIds:
    """Names and the patterns that their whole values match."""

    required: Mapping[str, str]
    optional: Mapping[str, str] = field(default_factory=dict)
    location: str | None = None
    """The pattern of location ids; None where the platform has no locations."""

    def problem(self, ids: Mapping[str, str]) -> str | None:
        """What is wrong with a listing's ids, for the operator; None when nothing is."""
        if missing := self.required.keys() - ids.keys():
            return f"The listing lacks {', '.join(sorted(missing))}."
        patterns = {**self.optional, **self.required}
        wrong = [name for name, pattern in patterns.items() if name in ids and not re.fullmatch(pattern, ids[name])]
        return f"The listing's {', '.join(wrong)} cannot be right." if wrong else None

    def problem_of(self, update: StockUpdate) -> str | None:
        """The same of an update, its location included."""
        if self.location is not None and not re.fullmatch(self.location, update.location_id or ""):
            return f"The platform's location id {update.location_id!r} cannot be right."
        return self.problem(update.platform_ids)
