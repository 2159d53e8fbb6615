"""Orders: https://devdocs.prestashop-project.org/9/webservice/resources/orders/ and .../order_details/

Which states give stock back is no flag of theirs: 6 (cancelled), 8 (payment error) unless set otherwise. Nor is which
states an order ends in without being marked as shipped: 7 (refunded) unless set otherwise; it puts nothing back by
itself. Virtual products are counted like any other: https://github.com/PrestaShop/PrestaShop/issues/29409
"""

from collections.abc import Iterable, Mapping, Sequence

from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.prestashop.config import PrestaShopConfig, Record


def ids_of(product: object, combination: object) -> dict[str, str]:
    return {"product_id": str(product), "combination_id": str(combination or 0)}


def one_of(values: Iterable[str]) -> str:
    return f"[{'|'.join(sorted(set(values), key=int))}]"


def events_of(config: PrestaShopConfig, orders: Sequence[Record]) -> Flow[list[OrderEvent]]:
    if not orders:
        return []
    details = yield from config.read(
        "order_details", **{"display": "full", "filter[id_order]": one_of(str(order["id"]) for order in orders)}
    )
    states = {int(state["id"]): state for state in (yield from config.read("order_states", display="full"))}
    return [_event(config, order, details, states) for order in orders]


def _event(
    config: PrestaShopConfig, order: Record, details: Iterable[Record], states: Mapping[int, Record]
) -> OrderEvent:
    state = int(order["current_state"])
    ended = state in config.ended_states or int(states.get(state, {}).get("shipped") or 0)
    stage = OrderStage.FULFILLED if ended else OrderStage.OPEN
    stage = OrderStage.CANCELLED if state in config.cancelled_states else stage
    return OrderEvent(
        order_id=str(order["id"]),
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=config.moment(order["date_upd"]),
        stage=stage,
        status=f"state {state}",
        name=order["reference"],
        lines=tuple(_line(stage, row) for row in details if int(row["id_order"]) == int(order["id"])),
    )


def _line(stage: OrderStage, row: Record) -> OrderLine:
    """Money back does not put units back, `product_quantity_reinjected` says which ones were."""
    back = int(row.get("product_quantity_reinjected") or 0)
    left = stage is OrderStage.FULFILLED
    return line_at(
        stage,
        line_id=str(row["id"]),
        sku=row.get("product_reference"),
        platform_ids=ids_of(row["product_id"], row["product_attribute_id"]),
        ordered=int(row["product_quantity"]),
        refunded=int(row.get("product_quantity_refunded") or 0),
        cancelled=0 if left else back,
        returned=back if left else 0,
    )
