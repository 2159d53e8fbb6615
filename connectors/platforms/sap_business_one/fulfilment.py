"""What became of a sale: the documents that were made from it, and how many units each of its lines moved by them.

Each line names the one it was made from (`BaseType`, `BaseEntry`, `BaseLine`). An order's units leave by a delivery, or
by an invoice without one; those of a reserve invoice by a delivery. They come back by a return of the delivery, or by a
credit note on the invoice unless its line is "Without Qty Posting"; a credit note on a return moves nothing.

https://help.sap.com/doc/saphelp_sbo882/8.82/en-US/44/fd94bd93202463e10000000a1553f7/content.htm
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.errors import Permanent
from connectors.exchange import Flow
from connectors.platforms.sap_business_one.lookups import TYPES, by_number, made_from
from connectors.platforms.sap_business_one.service_layer import Record, SapBusinessOneConfig

DEPTH_MAX = 5
"""A credit note on an invoice for the delivery of an order; and what takes it back."""
_MADE = {
    "Orders": ("DeliveryNotes", "Invoices"),
    "DeliveryNotes": ("Invoices", "Returns"),
    "Invoices": ("DeliveryNotes", "CreditNotes"),
}
_FOLLOWED_MAX = 300

Named = tuple[str, Record]
"""A document and its kind."""


@dataclass(frozen=True, slots=True)
class Moved:
    """By the number of the sale's line, in stock units."""

    shipped: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    back: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    back_to: dict[int, str] = field(default_factory=dict)
    """The warehouse that took the last of them back."""


def followed(config: SapBusinessOneConfig, sale: Named) -> Flow[list[Named]]:
    """All documents made from this one, directly or by way of others. Raises `Permanent` for more than 300."""
    found: dict[tuple[str, int], Record] = {}
    ahead = [sale]
    while ahead:
        fresh: list[Named] = []
        for (made, name), bases in _questions(ahead).items():
            numbers = yield from made_from(config, made, name, bases)
            unknown = {number for number in numbers if (made, number) not in found}
            documents = yield from by_number(config, made, unknown)
            found |= {(made, document["DocEntry"]): document for document in documents}
            fresh += [(made, document) for document in documents]
        if len(found) > _FOLLOWED_MAX:
            raise Permanent(f"SAP has more than {_FOLLOWED_MAX} documents for {sale[0]} {sale[1]['DocEntry']}")
        ahead = fresh
    return [(name, document) for (name, _), document in found.items()]


def _questions(documents: Sequence[Named]) -> dict[tuple[str, str], set[int]]:
    """Which documents of one kind were made from these of another."""
    asked: dict[tuple[str, str], set[int]] = defaultdict(set)
    for name, document in documents:
        for made in _kinds_made(name, document):
            asked[made, name].add(document["DocEntry"])
    return asked


def _kinds_made(name: str, document: Record) -> Sequence[str]:
    if document["CancelStatus"] == "csCancellation":
        return ()
    if document["Cancelled"] == "tYES":
        # There is but the document that took it back.
        return (name,)
    if name == "Invoices" and document["ReserveInvoice"] != "tYES":
        return ("CreditNotes",)
    return _MADE.get(name, ())


def moved(sale: Named, later: Sequence[Named]) -> Moved:
    total, root = Moved(), (TYPES[sale[0]], sale[1]["DocEntry"])
    bases = {
        (TYPES[name], document["DocEntry"], line["LineNum"]): _base(line)
        for name, document in later
        for line in document["DocumentLines"]
    }
    for name, document in later:
        if document["Cancelled"] == "tYES" or document["CancelStatus"] != "csNo":
            continue
        for line in document["DocumentLines"]:
            number = _line_of(root, _base(line), bases)
            if number is None:
                continue
            if name not in _MADE:
                if line.get("WithoutInventoryMovement") != "tYES":
                    total.back[number] += line["InventoryQuantity"]
                    total.back_to[number] = line["WarehouseCode"]
            elif _base(line)[:2] == root:
                total.shipped[number] += line["InventoryQuantity"]
    return total


_Base = tuple[int | None, int | None, int | None]


def _base(line: Record) -> _Base:
    return line.get("BaseType"), line.get("BaseEntry"), line.get("BaseLine")


def _line_of(root: tuple[int, int], base: _Base, bases: dict[tuple[int, int, int], _Base]) -> int | None:
    """The number of the sale's line that this goes back to."""
    for _ in range(DEPTH_MAX):
        if base[:2] == root:
            return base[2]
        if base not in bases:
            return None
        base = bases[base]
    return None
