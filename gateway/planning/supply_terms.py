"""On which terms a supplier brings an item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from gateway.inventory.errors import Code, InvalidInput, Path
from gateway.inventory.identifiers import check_text
from gateway.inventory.inbound import supplier_key
from gateway.inventory.quantities import check_range

SUPPLIER_LENGTH_MAX = 200
MONEY_MAX = Decimal(10) ** 12
MONEY_PLACES_MAX = 6
HOLDING_RATE_MAX = 10.0
LEAD_TIME_DAYS_MAX = 730.0
PACK_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class SupplyTerms:
    """What one supplier asks for one item; money is in the business's own currency.

    `holding_rate` is what keeping a unit for a year costs, as a share of `unit_cost`. Orders are of whole packs of
    `pack_size` units, and of `quantity_min` units or more. `lead_time_days` are those that the supplier declares.
    """

    item_id: str
    supplier: str
    unit_cost: Decimal | None = None
    order_cost: Decimal | None = None
    holding_rate: float | None = None
    pack_size: int = 1
    quantity_min: int = 1
    lead_time_days: float | None = None
    preferred: bool = False

    @property
    def supplier_key(self) -> str:
        return supplier_key(self.supplier)

    def check(self, path: Path) -> None:
        """Raises InvalidInput."""
        check_text(self.supplier, (*path, "supplier"), SUPPLIER_LENGTH_MAX)
        check_money(self.unit_cost, (*path, "unitCost"))
        check_money(self.order_cost, (*path, "orderCost"))
        check_range(self.pack_size, (*path, "packSize"), minimum=1, maximum=PACK_MAX)
        check_range(self.quantity_min, (*path, "quantityMin"), minimum=1, maximum=PACK_MAX)
        for name, number, most in [
            ("holdingRate", self.holding_rate, HOLDING_RATE_MAX),
            ("leadTimeDays", self.lead_time_days, LEAD_TIME_DAYS_MAX),
        ]:
            if number is not None and not 0 < number <= most:
                raise InvalidInput(Code.OUT_OF_RANGE, f"This is more than 0 and at most {most:g}.", (*path, name))

    def lot(self, units: float) -> int:
        """The fewest units that can be ordered to have at least so many."""
        needed = max(units, self.quantity_min, 1)
        return -int(-needed // self.pack_size) * self.pack_size


def preferred(terms: Iterable[SupplyTerms]) -> SupplyTerms | None:
    """Those to order on: of the preferred supplier, else of the cheapest; of equal ones the first by name."""
    dearest = MONEY_MAX + 1
    return min(
        terms,
        key=lambda one: (not one.preferred, dearest if one.unit_cost is None else one.unit_cost, one.supplier_key),
        default=None,
    )


def check_money(amount: Decimal | None, path: Path) -> None:
    """Refuse what is no amount from 0 on with up to six decimal places."""
    if amount is None:
        return
    if not amount.is_finite() or not 0 <= amount <= MONEY_MAX:
        raise InvalidInput(Code.OUT_OF_RANGE, f"An amount is from 0 to {MONEY_MAX:f}.", path)
    if amount != round(amount, MONEY_PLACES_MAX):
        message = f"An amount has up to {MONEY_PLACES_MAX} decimal places."
        raise InvalidInput(Code.OUT_OF_RANGE, message, path)
