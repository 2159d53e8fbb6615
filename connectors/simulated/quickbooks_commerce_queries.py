"""What QuickBooks Online finds: by queries, and by change data capture."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Record = dict[str, Any]

PAGE_MAX, CHANGES_MAX = 1000, 1000
LOOK_BACK_MAX = timedelta(days=30)
_QUERY = re.compile(r"select \* from (\w+)(?: where (.+?))?(?: orderby \w+)? startposition (\d+) maxresults (\d+)")


def queried(text: str, records: Mapping[str, Sequence[Record]]) -> Record | None:
    """None for a query that it does not understand. What is not active is only found where that is asked for."""
    asked = _QUERY.fullmatch(text)
    if asked is None or int(asked[4]) > PAGE_MAX:
        return None
    conditions = asked[2].split(" and ") if asked[2] else []
    if "Active in (true, false)" not in conditions:
        conditions.append("Active in (true)")
    found = [one for one in records.get(asked[1], ()) if all(_holds(one, condition) for condition in conditions)]
    page = found[int(asked[3]) - 1 :][: int(asked[4])]
    return {"QueryResponse": {asked[1]: page} if page else {}}


def changed(query: Mapping[str, str], records: Mapping[str, Sequence[Record]]) -> Record | None:
    """By kind, and within one by time, what was deleted last; None for a time that is too long ago."""
    since = datetime.fromisoformat(query["changedSince"])
    if since < datetime.now(UTC) - LOOK_BACK_MAX:
        return None
    kinds = query["entities"].split(",")
    found = [
        (kind, record) for kind in kinds for record in _in_turn(records.get(kind, ())) if _changed(record) >= since
    ]
    parts = [[record for kind, record in found[:CHANGES_MAX] if kind == wanted] for wanted in kinds]
    groups = [{kind: part, "maxResults": len(part)} if part else {} for kind, part in zip(kinds, parts, strict=True)]
    return {"CDCResponse": [{"QueryResponse": groups}]}


def _in_turn(records: Iterable[Record]) -> Iterator[Record]:
    yield from sorted(records, key=lambda record: ("status" in record, _changed(record)))


def _changed(record: Record) -> datetime:
    return datetime.fromisoformat(record["MetaData"]["LastUpdatedTime"])


def _holds(record: Record, condition: str) -> bool:
    if listed := re.fullmatch(r"Id in \((.+)\)", condition):
        return record["Id"] in re.findall(r"'(\d+)'", listed[1])
    if listed := re.fullmatch(r"Active in \((.+)\)", condition):
        return str(record.get("Active", True)).lower() in listed[1].split(", ")
    if since := re.fullmatch(r"MetaData\.LastUpdatedTime >= '(.+)'", condition):
        return _changed(record) >= datetime.fromisoformat(since[1])
    field, _, value = condition.partition(" = ")
    return bool(record[field] == value.strip("'"))
