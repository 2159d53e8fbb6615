"""Orders that we asked for, in the form in which the inbox keeps them."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from pydantic import TypeAdapter, ValidationError

from connectors.messages import OrderEvent, OrderReference
from connectors.polling import OVERLAP

PolledOrder = OrderEvent | OrderReference

_ADAPTER: TypeAdapter[PolledOrder] = TypeAdapter(PolledOrder)


class NotAnOrder(Exception):
    """The stored form is of another version of us."""


def dump_order(order: PolledOrder) -> bytes:
    return _ADAPTER.dump_json(order)


def load_order(body: bytes) -> PolledOrder:
    """Raises NotAnOrder."""
    try:
        return _ADAPTER.validate_json(body)
    except ValidationError as error:
        raise NotAnOrder(f"A polled order cannot be read: {error.error_count()} problems") from error


def delivery_key(order: PolledOrder, body: bytes, now: datetime) -> str:
    """Equal for looks that saw the same state of an order, so that overlapping pages bring it once.

    A reference holds no state, and platforms state whole seconds: the order may change once more within the second
    that was told. So every look at a fresh reference counts, until its time is well past.
    """
    digest = sha256(body).hexdigest()[:32]
    if isinstance(order, OrderReference) and now - order.occurred_at < OVERLAP:
        digest += f"/{now:%H%M%S.%f}"
    return f"poll/{sha256(order.order_id.encode()).hexdigest()[:16]}/{digest}"
