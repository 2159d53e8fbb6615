"""Whole units of platforms that also count in fractions. What is kept here is whole, and the safe error is to offer
one unit too few: so what was sold or promised is rounded up, what there is to sell is rounded down."""

import math
from decimal import Decimal

PLACES = 5
"""More than any platform states; beyond it, a fraction is an artefact of floating point."""


def units_taken(quantity: str | float) -> int:
    return math.ceil(_rounded(quantity))


def units_there(quantity: str | float) -> int:
    return math.floor(_rounded(quantity))


def _rounded(quantity: str | float) -> Decimal:
    """Raises `ValueError` for what is no number."""
    try:
        return round(Decimal(str(quantity)), PLACES)
    except ArithmeticError:
        raise ValueError(f"{quantity!r} is not a quantity") from None
