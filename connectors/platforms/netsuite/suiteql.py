"""Asks NetSuite in SuiteQL. Values come as strings, names in lower case, and nulls are left out.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html
Nothing that people or platforms write gets into a statement, only ids that were checked to be digits and times.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.errors import Permanent
from connectors.exchange import Flow, Request
from connectors.platforms.netsuite.config import NetSuiteConfig

ROWS_PER_CALL = 1000
ROWS_MAX = 20_000
COUNTED_ITEMS = "('InvtPart', 'Assembly')"

Row = dict[str, str]


def rows(config: NetSuiteConfig, statement: str) -> Flow[list[Row]]:
    """All rows of a statement that has an order and few results."""
    found: list[Row] = []
    while len(found) < ROWS_MAX:
        answer = yield from page(config, statement, ROWS_PER_CALL, len(found))
        found += answer["items"]
        if not answer["hasMore"]:
            return found
    raise Permanent(f"NetSuite has more than {ROWS_MAX} rows where few were expected")


def page(config: NetSuiteConfig, statement: str, limit: int, offset: int = 0) -> Flow[dict[str, Any]]:
    request = Request.json(
        "POST",
        f"{config.rest_url}/query/v1/suiteql",
        {"q": statement},
        query={"limit": str(limit), "offset": str(offset)},
        repeatable=True,
    )
    response = yield replace(request, headers={**request.headers, "Prefer": "transient"})
    answer: dict[str, Any] = response.json()
    return answer


def id_list(ids: Iterable[str]) -> str:
    return f"({', '.join(str(int(one)) for one in ids)})"


def to_date(config: NetSuiteConfig, at: datetime) -> str:
    return f"TO_DATE('{at.astimezone(ZoneInfo(config.time_zone)):%Y-%m-%d %H:%M:%S}', 'YYYY-MM-DD HH24:MI:SS')"


def as_text(column: str) -> str:
    return f"""TO_CHAR({column}, 'YYYY-MM-DD"T"HH24:MI:SS')"""


def moment(config: NetSuiteConfig, stated: str) -> datetime:
    return datetime.fromisoformat(stated).replace(tzinfo=ZoneInfo(config.time_zone)).astimezone(UTC)


def sku_of(row: Row) -> str | None:
    """The name of a matrix child has its parent's in front."""
    return row.get("sku", "").rpartition(" : ")[2] or None
