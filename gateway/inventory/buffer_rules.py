"""Rules about what is withheld from channels: which offers each applies to, and what it sets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.inventory.channels import BUFFER_MAX
from gateway.inventory.errors import Code, InvalidInput, Path
from gateway.inventory.quantities import QUANTITY_MAX, check_range

RULES_MAX = 20_000
DYNAMIC_UNITS_MAX = 10_000
QUANTILE_MIN, QUANTILE_MAX = 0.5, 0.9999


class BufferLayer(StrEnum):
    """How specific a rule is; a later one of these wins over an earlier one."""

    EVERYWHERE = "everywhere"
    CHANNEL = "channel"
    LOCATION = "location"
    TAG = "tag"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class BufferSelector:
    """Which offers a rule applies to: those that match all that is set; all where nothing is.

    A location is matched by each place of a channel that it feeds. There is at most one rule per selector.
    """

    channel_id: str | None = None
    location_id: str | None = None
    tag: str | None = None
    item_id: str | None = None

    @property
    def id(self) -> str:
        # Only a tag, which comes last, may have a separator in it.
        return "/".join(part or "" for part in (self.channel_id, self.location_id, self.item_id, self.tag))

    @property
    def layer(self) -> BufferLayer:
        if self.item_id is not None:
            return BufferLayer.ITEM
        if self.tag is not None:
            return BufferLayer.TAG
        if self.location_id is not None:
            return BufferLayer.LOCATION
        return BufferLayer.EVERYWHERE if self.channel_id is None else BufferLayer.CHANNEL

    @property
    def rank(self) -> int:
        """Specificity: an item counts more than tag, location and channel together, and so on down."""
        parts = (self.item_id, self.tag, self.location_id, self.channel_id)
        return sum(1 << position for position, part in enumerate(reversed(parts)) if part is not None)

    def check(self, path: Path) -> None:
        """Raises InvalidInput."""
        if self.item_id is not None and self.tag is not None:
            message = "A rule is for one item or for a tag, not for both."
            raise InvalidInput(Code.INVALID_INPUT, message, (*path, "tag"))


@dataclass(frozen=True, slots=True)
class DynamicBuffer:
    """Withhold what may sell before the channel hears of it: that `quantile` of it, at most `units_max` units.

    The higher the quantile, the rarer an oversell and the more is withheld: high for a channel whose sales earn
    little or whose penalties are dear, low for the one that is to sell the last unit.
    """

    quantile: float
    units_max: int


@dataclass(frozen=True, slots=True)
class BufferValues:
    """What a rule sets; None leaves a value to less specific rules.

    `fixed` units and `percent` of what is available are withheld, and what `dynamic` has learned: the most of the
    three. At `stop_at` available units and below nothing is offered, and never more than `list_at_most`.
    """

    fixed: int | None = None
    percent: int | None = None
    list_at_most: int | None = None
    stop_at: int | None = None
    dynamic: DynamicBuffer | None = None

    def check(self, path: Path) -> None:
        """Raises InvalidInput."""
        if self == BufferValues():
            raise InvalidInput(Code.EMPTY, "The rule sets nothing. Delete it instead.", path)
        for field, units, most in [
            ("fixed", self.fixed, BUFFER_MAX),
            ("percent", self.percent, 100),
            ("listAtMost", self.list_at_most, QUANTITY_MAX),
            ("stopAt", self.stop_at, QUANTITY_MAX),
        ]:
            if units is not None:
                check_range(units, (*path, field), 0, most)
        if self.dynamic is not None:
            check_range(self.dynamic.units_max, (*path, "dynamic", "unitsMax"), 0, DYNAMIC_UNITS_MAX)
            if not QUANTILE_MIN <= self.dynamic.quantile <= QUANTILE_MAX:
                message = f"A quantile is from {QUANTILE_MIN} to {QUANTILE_MAX}."
                raise InvalidInput(Code.OUT_OF_RANGE, message, (*path, "dynamic", "quantile"))


@dataclass(frozen=True, slots=True)
class BufferRule:
    selector: BufferSelector
    values: BufferValues
    updated_at: datetime
