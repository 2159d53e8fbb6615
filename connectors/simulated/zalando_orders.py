"""How a simulated zDirect merchant tells of its orders: resources of JSON:API, one line for each unit."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from connectors.simulated.sales import SoldLine, SoldOrder

STOCK_LOCATION = "7b0d2a1c-6e5f-4d3c-9b8a-7f6e5d4c3b2a"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResources:
    order: Record
    items: list[Record]
    lines: list[Record]

    @classmethod
    def of(cls, order: SoldOrder, *, kind: str, unpaid: bool, shop: str, eans: Mapping[str, str]) -> "OrderResources":
        lines = [resource for line in order.lines for resource in _lines(line)]
        is_open = any(line["attributes"]["status"] == "initial" for line in lines)
        attributes = {
            "order_id": uuid_of(order.order_id),
            "order_number": f"1040970{order.order_id:07}",
            "status": ("initial" if unpaid else "approved") if is_open else "fulfilled",
            "exported": False,
            "order_type": kind,
            "sales_channel_id": shop,
            "stock_location_id": STOCK_LOCATION,
            "order_lines_count": len(lines),
            "created_at": _text(order.created_at),
            "modified_at": _text(order.updated_at),
        }
        items = [_item(order, line, eans) for line in order.lines]
        return cls(order=_resource("Order", attributes, order_items=items), items=items, lines=lines)


def uuid_of(number: int, part: int = 0) -> str:
    return str(UUID(int=number << 64 | part))


def _item(order: SoldOrder, line: SoldLine, eans: Mapping[str, str]) -> Record:
    attributes = {
        "order_item_id": uuid_of(line.line_id),
        "order_id": uuid_of(order.order_id),
        "article_id": f"EX121O00A-{eans[line.sku][-11:]}",
        "external_id": line.sku,
        **{f"quantity_{status}": units for status, units in Counter(_statuses(line)).items()},
    }
    return _resource("OrderItem", attributes, order_lines=_lines(line))


def _lines(line: SoldLine) -> list[Record]:
    about = {"order_item_id": uuid_of(line.line_id), "source_stock_location_id": STOCK_LOCATION}
    return [
        _resource("OrderLine", {"order_line_id": uuid_of(line.line_id, number), "status": status, **about})
        for number, status in enumerate(_statuses(line), 1)
    ]


def _statuses(line: SoldLine) -> list[str]:
    """Of each unit: shipped ones from the front, cancelled ones from the back, so each keeps its way."""
    returned = sum(part.units for part in line.returned if part.shipped)
    cancelled = sum(part.units for part in line.returned if not part.shipped)
    shipped = ["returned"] * returned + ["shipped"] * (line.fulfilled - returned)
    return shipped + ["initial"] * line.unshipped + ["canceled"] * cancelled


def _resource(kind: str, attributes: Record, **related: list[Record]) -> Record:
    """Its own id is the first of its attributes."""
    relationships = {
        name: {"data": [{"type": one["type"], "id": one["id"]} for one in some]} for name, some in related.items()
    }
    return {
        "type": kind,
        "id": next(iter(attributes.values())),
        "attributes": attributes,
        "relationships": relationships,
    }


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
