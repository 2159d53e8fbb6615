"""Sales of Cin7 Core as ours: by SKU, and by the place that the goods were picked at once they are."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.cin7.core_records import Cin7CoreConfig, moment
from connectors.quantities import units_taken

PRODUCTS_MAX = 10
"""Products of a sale that are looked up one by one. Those of a longer one are all goods until they are picked."""
_OVER = {"VOIDED": OrderStage.CANCELLED, "COMPLETED": OrderStage.FULFILLED}
_UNPLACED = frozenset(("DRAFT", "NOT AVAILABLE"))
"""Of the order within a sale; any other status counts as placed."""
_GOODS = "Stock"
DONE = "AUTHORISED"

Record = dict[str, Any]
Place = str | None


def read_untracked(config: Cin7CoreConfig, sale: Record) -> Flow[frozenset[str]]:
    """SKUs of the sale that are no goods: a line does not say, its product's Type does
    (https://dearinventory.docs.apiary.io/, Product). What was picked is goods."""
    picked = {sku for sku, _ in _placed(sale, ("Pick", "Ship"))}
    asked = {line["SKU"]: line["ProductID"] for line in _ordered(sale) if line["SKU"] not in picked}
    found: set[str] = set()
    for sku, product_id in asked.items() if len(asked) <= PRODUCTS_MAX else ():
        products = (yield from config.api.read("/product", {"ID": product_id}))["Products"]
        found |= {sku for product in products if product["Type"] != _GOODS}
    return frozenset(found)


def event_of(sale: Record, untracked: Collection[str]) -> OrderEvent:
    stage = OrderStage.PENDING if sale["Order"]["Status"] in _UNPLACED else OrderStage.OPEN
    stage = _OVER.get(sale["Status"], stage)
    ordered: Counter[str] = Counter()
    for line in _ordered(sale):
        ordered[line["SKU"]] += units_taken(line["Quantity"])
    return OrderEvent(
        order_id=sale["ID"].lower(),
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=moment(sale["LastModifiedOn"]),
        stage=stage,
        status=sale["Status"],
        name=sale["Order"]["SaleOrderNumber"],
        lines=tuple(
            line
            for sku, units in ordered.items()
            for line in _lines(stage, sale, sku, units, tracked=sku not in untracked)
        ),
    )


def _ordered(sale: Record) -> list[Record]:
    """What is shipped by the supplier never was here."""
    return [line for line in sale["Order"]["Lines"] if not line.get("DropShip")]


def _placed(sale: Record, steps: Collection[str]) -> Counter[tuple[str, Place]]:
    """Units by SKU and location of the fulfilments of which one of these steps is done."""
    units: Counter[tuple[str, Place]] = Counter()
    for one in sale.get("Fulfilments") or ():
        for line in (one["Pick"]["Lines"] or ()) if DONE in [one[step]["Status"] for step in steps] else ():
            units[line["SKU"], line.get("Location") or _home(sale)] += units_taken(line["Quantity"])
    return units


def _home(sale: Record) -> Place:
    return sale.get("Location") or None


def _lines(stage: OrderStage, sale: Record, sku: str, units: int, *, tracked: bool) -> Iterator[OrderLine]:
    ordered = _split(units, _of(sku, _placed(sale, ("Pick", "Ship"))), _home(sale))
    shipped = ordered if stage is OrderStage.FULFILLED else _of(sku, _placed(sale, ("Ship",)))
    returned = _returned(sale, sku, {place: min(units, shipped.get(place, 0)) for place, units in ordered.items()})
    for place, there in ordered.items():
        back = returned.get(place, [])
        yield line_at(
            stage,
            line_id=sku if place == _home(sale) else f"{sku}@{place}",
            sku=sku,
            platform_ids={"sku": sku},
            ordered=there,
            shipped=shipped.get(place, 0),
            returned=sum(units for units, _ in back),
            location_id=place,
            return_location_id=back[-1][1] if back else None,
            tracked=tracked,
        )


def _of(sku: str, units: Mapping[tuple[str, Place], int]) -> dict[Place, int]:
    return {place: some for (one, place), some in units.items() if one == sku}


def _split(units: int, picked: Mapping[Place, int], home: Place) -> dict[Place, int]:
    """Of each place; what is not picked yet will be at the sale's own."""
    split: dict[Place, int] = {}
    for place, some in picked.items():
        split[place] = min(some, units - sum(split.values()))
    if (left := units - sum(split.values())) or not split:
        split[home] = split.get(home, 0) + left
    return split


def _returned(sale: Record, sku: str, shipped: Mapping[Place, int]) -> dict[Place, list[tuple[int, Place]]]:
    """Units and where they were restocked, by where they had left from: from there, too, as far as possible."""
    came: dict[Place, list[tuple[int, Place]]] = {place: [] for place in shipped}
    for line in _restocked(sale, sku):
        units, back_at = units_taken(line["Quantity"]), line.get("Location") or _home(sale)
        for place in sorted(shipped, key=lambda place: place != back_at):
            taken = min(units, shipped[place] - sum(some for some, _ in came[place]))
            units -= taken
            came[place] += [(taken, back_at)] if taken else []
    return came


def _restocked(sale: Record, sku: str) -> Iterable[Record]:
    notes = (note for note in sale.get("CreditNotes") or () if note["Status"] == DONE)
    return (line for note in notes for line in note.get("Restock") or () if line["SKU"] == sku)
