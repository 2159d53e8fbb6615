"""Reads sales orders by what their stock moves say: partial deliveries, refused back orders, returns and kits are all
in the moves, in the product's own unit. addons/sale_stock/models in https://github.com/odoo/odoo"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.catalog import Page
from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.platforms.odoo.calls import ask, record_id, request_for, result_of
from connectors.platforms.odoo.config import OdooConfig
from connectors.platforms.odoo.stock import stock_locations
from connectors.polling import PollCursor
from connectors.quantities import units_taken, units_there

ORDERS_PER_PAGE = 50
MOVES_MAX = 5000
CONFIRMED = ("sale", "done", "cancel")
ORDER_FIELDS = ("id", "name", "state", "write_date", "warehouse_id", "order_line")
MOVE_FIELDS = ("id", "product_id", "product_qty", "state", "picking_code", "sale_line_id", "write_date")

Record = dict[str, Any]


def moment(naive_utc: str) -> datetime:
    """Odoo's times carry no zone."""
    return datetime.fromisoformat(naive_utc).replace(tzinfo=UTC)


def changed_orders(config: OdooConfig, cursor: str | None, since: datetime) -> Flow[Page[OrderEvent | OrderReference]]:
    """By id: an order that changes while we walk keeps its place. A delivery changes the picking and not the order."""
    poll = PollCursor.read(cursor, since)
    start = poll.since.strftime("%Y-%m-%d %H:%M:%S")
    domain = [
        "|",
        ["write_date", ">=", start],
        ["picking_ids.write_date", ">=", start],
        ["state", "in", CONFIRMED],
        ["id", ">", int(poll.place or "0")],
    ]
    response = yield request_for(
        config, "sale.order", "search_read", domain=domain, fields=ORDER_FIELDS, order="id", limit=ORDERS_PER_PAGE
    )
    found = result_of(response)
    more = len(found) == ORDERS_PER_PAGE
    return Page(
        entries=tuple((yield from _events(config, found))),
        cursor=poll.after_answer(response, str(found[-1]["id"]) if more else None),
        more=more,
    )


def read(config: OdooConfig, order_id: str) -> Flow[OrderEvent | None]:
    found = yield from ask(
        config, "sale.order", "search_read", domain=[["id", "=", int(order_id)]], fields=ORDER_FIELDS, limit=1
    )
    return next(iter((yield from _events(config, found))), None)


def _events(config: OdooConfig, orders: Sequence[Record]) -> Flow[list[OrderEvent]]:
    if not orders:
        return []
    line_ids = [line_id for order in orders for line_id in order["order_line"]]
    domain = [["sale_line_id", "in", line_ids], ["picking_code", "in", ["outgoing", "incoming"]]]
    moves = yield from ask(
        config, "stock.move", "search_read", domain=domain, fields=MOVE_FIELDS, order="id", limit=MOVES_MAX
    )
    if len(moves) == MOVES_MAX:
        raise ValueError(f"{len(orders)} order(s) have more than {MOVES_MAX} moves")
    product_ids = sorted({record_id(move["product_id"]) or 0 for move in moves})
    storable, value = config.storable
    products: list[Record] = yield from ask(
        config,
        "product.product",
        "search_read",
        domain=[["id", "in", product_ids], [storable, "=", value]],
        fields=["id", config.sku_field],
        limit=MOVES_MAX,
        context={"active_test": False},
    )
    skus = {product["id"]: product[config.sku_field] or None for product in products}
    places = yield from stock_locations(config)
    return [_event(order, moves, skus, places) for order in orders]


def _event(order: Record, moves: Sequence[Record], skus: dict[int, str | None], places: dict[int, int]) -> OrderEvent:
    own = [move for move in moves if record_id(move["sale_line_id"]) in order["order_line"]]
    place = places.get(record_id(order["warehouse_id"]) or 0)
    lines = tuple(_lines(own, skus, str(place) if place else None))
    state = order["state"]
    return OrderEvent(
        order_id=str(order["id"]),
        kind=MessageKind.ORDER_CANCELLED if state == "cancel" else MessageKind.ORDER_UPDATED,
        occurred_at=max(moment(record["write_date"]) for record in (order, *own)),
        stage=_stage(state, lines),
        status=state,
        name=order["name"],
        lines=lines,
    )


def _stage(state: str, lines: Sequence[OrderLine]) -> OrderStage:
    if state not in CONFIRMED:
        return OrderStage.PENDING
    if state == "cancel":
        return OrderStage.CANCELLED
    shipped = any(line.fulfilled for line in lines) and not any(line.allocated for line in lines)
    return OrderStage.FULFILLED if shipped else OrderStage.OPEN


@dataclass(slots=True)
class _Moved:
    waiting: float = 0
    shipped: float = 0
    cancelled: float = 0
    returned: float = 0

    def add(self, move: Record) -> None:
        quantity = move["product_qty"]
        if move["picking_code"] == "incoming":
            self.returned += quantity if move["state"] == "done" else 0
        elif move["state"] == "done":
            self.shipped += quantity
        elif move["state"] == "cancel":
            self.cancelled += quantity
        else:
            self.waiting += quantity


def _lines(moves: Sequence[Record], skus: dict[int, str | None], place: str | None) -> Iterator[OrderLine]:
    """A kit's line is delivered as several products, so a line here is a line there and a product."""
    moved: dict[tuple[int, int], _Moved] = {}
    for move in moves:
        product_id = record_id(move["product_id"]) or 0
        if product_id in skus:
            moved.setdefault((record_id(move["sale_line_id"]) or 0, product_id), _Moved()).add(move)
    for (line_id, product_id), units in moved.items():
        waiting, shipped = units_taken(units.waiting), units_taken(units.shipped)
        returned = min(units_there(units.returned), shipped)
        cancelled = units_there(units.cancelled)
        yield OrderLine(
            line_id=f"{line_id}/{product_id}",
            sku=skus[product_id],
            platform_ids={"product_id": str(product_id)},
            ordered=waiting + shipped + cancelled,
            allocated=waiting,
            released=cancelled + returned,
            fulfilled=shipped,
            refunded=returned,
            location_id=place,
        )
