"""The state of an order's line, for platforms that tell how far the order is and what became of its units."""

from collections.abc import Collection, Mapping
from typing import Any

from connectors.messages import OrderLine, OrderStage


def line_at(
    stage: OrderStage,
    *,
    line_id: str,
    sku: str | None,
    ordered: int,
    platform_ids: Mapping[str, str] | None = None,
    shipped: int = 0,
    cancelled: int = 0,
    lost: int = 0,
    returned: int = 0,
    refunded: int | None = None,
    location_id: str | None = None,
    return_location_id: str | None = None,
    tracked: bool = True,
) -> OrderLine:
    """`cancelled` units were taken off the order before they left the house and can be sold again, `lost` ones cannot;
    `returned` ones had left the house, came back and can be sold again, the last of them to `return_location_id`.
    `shipped` counts those that came back, too.

    What exceeds `ordered` is cut off. An order that is fulfilled has nothing left to ship, whatever its lines say; one
    that is cancelled gives back all that has not been shipped.
    """
    shipped = min(shipped, ordered)
    if stage is OrderStage.FULFILLED:
        shipped = max(shipped, ordered - cancelled - lost)
    lost = min(lost, ordered - shipped)
    open_units = ordered - shipped - lost
    allocated = max(0, open_units - cancelled) if stage is OrderStage.OPEN else 0
    back = min(returned, shipped)
    released = ordered if stage is OrderStage.PENDING else open_units - allocated + back
    # What is released without having left the house is where it always was.
    elsewhere = 0 < back == released and return_location_id != location_id
    return OrderLine(
        line_id=line_id,
        sku=sku or None,
        platform_ids=platform_ids or {},
        ordered=ordered,
        allocated=allocated,
        released=released,
        fulfilled=0 if stage is OrderStage.PENDING else shipped,
        refunded=lost + back if refunded is None else refunded,
        location_id=location_id,
        return_location_id=return_location_id if elsewhere else None,
        tracked=tracked,
    )


def lines_by_product(
    stage: OrderStage,
    id_name: str,
    ordered: Mapping[str, int],
    returned: Mapping[str, int],
    returned_to: Mapping[str, str] = {},
    untracked: Collection[str] = (),
    **rest: Any,
) -> tuple[OrderLine, ...]:
    """One line for each product, for platforms whose own lines do not tell which of them came back. `returned_to`: the
    place of the last return of each."""
    return tuple(
        line_at(
            stage,
            line_id=product,
            sku=None,
            platform_ids={id_name: product},
            ordered=units,
            returned=returned.get(product, 0),
            return_location_id=returned_to.get(product),
            tracked=product not in untracked,
            **rest,
        )
        for product, units in ordered.items()
    )
