"""Looks up sales documents, by their numbers or by what they were made from, and which of their items are counted.

https://blogs.sap.com/2018/04/03/b1-service-layer-enable-row-level-filter-on-document-lines./ (9.3 and later, and in
"Working with SAP Business One Service Layer")
"""

from collections.abc import Collection

from connectors.exchange import Flow
from connectors.platforms.sap_business_one.service_layer import (
    PER_PAGE,
    Record,
    SapBusinessOneConfig,
    entities,
    request,
    these,
)

TYPES = {"Orders": 17, "DeliveryNotes": 15, "Invoices": 13, "Returns": 16, "CreditNotes": 14}
"""The kinds of documents, as `BaseType` has them."""
FIELDS = "DocEntry,DocNum,DocumentStatus,Cancelled,CancelStatus,ReserveInvoice,UpdateDate,UpdateTime,DocumentLines"
_NUMBERS_MAX = 50
"""So many fit into an address."""
CODES_MAX = 20
"""Of items, which are longer."""


def by_number(config: SapBusinessOneConfig, name: str, numbers: Collection[int]) -> Flow[list[Record]]:
    """The documents of one kind by `DocEntry`."""
    wanted, found = sorted(numbers), list[Record]()
    for start in range(0, len(wanted), _NUMBERS_MAX):
        where = " or ".join(f"DocEntry eq {number}" for number in wanted[start : start + _NUMBERS_MAX])
        found += (yield request(config, name, FIELDS, where, "DocEntry")).json()["value"]
    return found


def made_from(config: SapBusinessOneConfig, name: str, base: str, bases: Collection[int]) -> Flow[set[int]]:
    """The numbers of the documents of one kind that have a line made from one of these of another kind.

    No other filter reaches lines ("Row-Level Filter"). Its pages may be shorter than what is asked for.
    """
    lines, found, more = f"{name}/DocumentLines", [0], True
    these = " or ".join(f"{lines}/BaseEntry eq {number}" for number in sorted(bases))
    while more:
        where = (
            f"{name}/DocEntry eq {lines}/DocEntry and {name}/DocEntry gt {found[-1]} "
            f"and {lines}/BaseType eq {TYPES[base]} and ({these})"
        )
        shown = f"{name}($select=DocEntry),{lines}($select=LineNum)"
        query = {
            "QueryPath": f"$crossjoin({name},{lines})",
            "QueryOption": f"$expand={shown}&$filter={where}&$orderby={name}/DocEntry",
        }
        answer = (yield config.api.send("POST", "/QueryService_PostQuery", query, repeatable=True)).json()
        found += [row[name]["DocEntry"] for row in answer["value"]]
        more = bool(answer["value"]) and (len(answer["value"]) >= PER_PAGE or "@odata.nextLink" in answer)
    return set(found[1:])


def uncounted(config: SapBusinessOneConfig, codes: Collection[str]) -> Flow[frozenset[str]]:
    """Those of these items that SAP keeps no stock of: services and the like."""
    wanted, found = sorted(codes), list[Record]()
    for start in range(0, len(wanted), CODES_MAX):
        where = these(wanted[start : start + CODES_MAX])
        found += (yield from entities(config, "Items", "ItemCode,InventoryItem", where))[0]
    return frozenset(item["ItemCode"] for item in found if item["InventoryItem"] == "tNO")
