"""Queries and faults. https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries"""

from collections.abc import Iterable

import orjson

from connectors.exchange import UNREADABLE, Flow, Request, Response
from connectors.platforms.quickbooks_commerce.config import QuickBooksConfig, Record

VERSION = {"minorversion": "75"}
IDS_PER_QUERY = 100


def query_request(config: QuickBooksConfig, entity: str, where: str, start: int, count: int) -> Request:
    text = " ".join(f"select * from {entity} {where} startposition {start} maxresults {count}".split())
    return config.api.get("/query", {**VERSION, "query": text})


def queried(answer: Response, entity: str) -> list[Record]:
    """An answer without any names none."""
    found: list[Record] = answer.json()["QueryResponse"].get(entity, [])
    return found


def query(config: QuickBooksConfig, entity: str, where: str, start: int, count: int) -> Flow[list[Record]]:
    return queried((yield query_request(config, entity, where, start, count)), entity)


def by_id(config: QuickBooksConfig, entity: str, ids: Iterable[str], condition: str = "") -> Flow[dict[str, Record]]:
    """Those of them that there are."""
    wanted = sorted({int(number) for number in ids})
    found: dict[str, Record] = {}
    for start in range(0, len(wanted), IDS_PER_QUERY):
        listed = ", ".join(f"'{number}'" for number in wanted[start : start + IDS_PER_QUERY])
        some = yield from query(config, entity, f"where Id in ({listed}) {condition}", 1, IDS_PER_QUERY)
        found |= {one["Id"]: one for one in some}
    return found


def fault(answer: Response) -> tuple[str, str]:
    """Its code and text; empty where there is none."""
    try:
        first = orjson.loads(answer.body)["Fault"]["Error"][0]
        return str(first["code"]), str(first.get("Detail") or first.get("Message") or "")[:300]
    except UNREADABLE:
        return "", ""
