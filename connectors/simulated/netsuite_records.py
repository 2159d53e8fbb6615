"""A simulated NetSuite's records as tables, so that every statement is really executed."""

import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.simulated.sales import SoldOrder
from connectors.simulated.shelf import Shelf

TABLES = """
CREATE TABLE item (id INTEGER, itemid, displayname, itemtype, isinactive, islotitem, isserialitem, upccode, externalid);
CREATE TABLE location (id INTEGER, name, isinactive);
CREATE TABLE aggregateItemLocation (item INTEGER, location INTEGER, quantityonhand, quantityavailable,
    quantitycommitted);
CREATE TABLE "transaction" (id INTEGER, type, tranid, status, externalid, lastmodifieddate);
CREATE TABLE transactionline (id INTEGER, "transaction" INTEGER, mainline, taxline, item INTEGER, quantity,
    quantityshiprecv, isclosed, location INTEGER, createdfrom INTEGER);
"""
RETURN_IDS_FROM = 500_000
SERVICE_ITEM = 99


@dataclass(frozen=True, slots=True)
class Records:
    """What the simulated account holds at the moment of a question."""

    items: Mapping[str, int]
    locations: Mapping[str, str]
    shelf: Shelf
    orders: Iterable[SoldOrder]
    adjustments: Mapping[str, int]
    """The id of the record by external id."""

    def ask(self, statement: str, limit: int, offset: int) -> dict[str, Any]:
        """As the SuiteQL service answers. Raises `sqlite3.Error` for what cannot be executed."""
        with sqlite3.connect(":memory:") as database:
            database.create_function("TO_CHAR", 2, lambda date, form: date and date.replace(" ", "T"))
            database.create_function("TO_DATE", 2, lambda text, form: text)
            database.executescript(TABLES)
            self._fill(database)
            # A word of SQLite's own, an ordinary name for NetSuite.
            cursor = database.execute(re.sub(r"\btransaction\b", '"transaction"', statement))
            names = [column[0].lower() for column in cursor.description]
            found = cursor.fetchall()
        database.close()
        shown = found[offset : offset + limit]
        rows = [
            {name: str(value) for name, value in zip(names, row, strict=True) if value is not None} for row in shown
        ]
        return {
            "links": [],
            "count": len(rows),
            "hasMore": offset + limit < len(found),
            "items": [{"links": [], **row} for row in rows],
            "offset": offset,
            "totalResults": len(found),
        }

    def _fill(self, database: sqlite3.Connection) -> None:
        for name, item in self.items.items():
            row = (item, name, name.title(), "InvtPart", "F", "F", "F", None, None)
            database.execute("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            for place in self.locations:
                if self.shelf.has(name, place):
                    available = self.shelf.quantity(name, place)
                    row_of_place = (item, int(place), available, available, 0)
                    database.execute("INSERT INTO aggregateItemLocation VALUES (?, ?, ?, ?, ?)", row_of_place)
        service = (SERVICE_ITEM, "Gift wrap", "Gift wrap", "Service", "F", "F", "F", None, None)
        database.execute("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", service)
        for place, title in self.locations.items():
            database.execute("INSERT INTO location VALUES (?, ?, 'F')", (int(place), title))
        for external_id, record_id in self.adjustments.items():
            row_of_adjustment = (record_id, "InvAdjst", f"IA{record_id}", None, external_id, "2026-01-01 00:00:00")
            database.execute('INSERT INTO "transaction" VALUES (?, ?, ?, ?, ?, ?)', row_of_adjustment)
        for order in self.orders:
            self._add_order(database, order)

    def _add_order(self, database: sqlite3.Connection, order: SoldOrder) -> None:
        place = order.taken_from
        lines = [
            (
                line.line_id,
                self.items[line.sku],
                -line.ordered if order.cancelled_at else -(line.unshipped + line.fulfilled),
                line.fulfilled,
                "F",
                place,
                None,
            )
            for line in order.lines
        ]
        wrapping = (1, SERVICE_ITEM, -1, 0, "F", None, None)
        _add(database, (order.order_id, "SalesOrd", f"SO{order.order_id}", status_of(order)), order, [*lines, wrapping])
        received = [
            (number, self.items[line.sku], -part.units, part.units, "F", place, None)
            for line in order.lines
            for number, part in enumerate(line.returned)
            if part.shipped
        ]
        if received:
            head = (RETURN_IDS_FROM + order.order_id, "RtnAuth", f"RA{order.order_id}", "F")
            _add(database, head, order, received, createdfrom=order.order_id)


def _add(
    database: sqlite3.Connection,
    head: tuple[int, str, str, str],
    order: SoldOrder,
    lines: Iterable[tuple[Any, ...]],
    createdfrom: int | None = None,
) -> None:
    modified = order.updated_at.strftime("%Y-%m-%d %H:%M:%S")
    database.execute('INSERT INTO "transaction" VALUES (?, ?, ?, ?, NULL, ?)', (*head, modified))
    insert = "INSERT INTO transactionline VALUES (?, ?, ?, 'F', ?, ?, ?, ?, ?, ?)"
    database.execute(insert, (0, head[0], "T", None, None, None, "F", None, createdfrom))
    for line_id, *rest in lines:
        database.execute(insert, (line_id, head[0], "F", *rest))


def status_of(order: SoldOrder) -> str:
    """Some accounts show the letter with the type in front."""
    if order.cancelled_at:
        return "SalesOrd:C"
    if not any(line.unshipped for line in order.lines):
        return "SalesOrd:F"
    return "SalesOrd:D" if any(line.fulfilled for line in order.lines) else "SalesOrd:B"
