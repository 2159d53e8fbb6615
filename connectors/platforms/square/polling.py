"""Finds the orders that changed, ten locations at a time, which is as many as one search takes.
https://developer.squareup.com/docs/orders-api/manage-orders/search-orders"""

from datetime import datetime
from typing import Any

import orjson

from connectors.catalog import Page
from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderReference
from connectors.platforms.square.calls import call
from connectors.platforms.square.config import SquareConfig
from connectors.polling import PollCursor

LOCATIONS_PER_SEARCH = 10
ORDERS_PER_PAGE = 200


def orders_page(config: SquareConfig, cursor: str | None, since: datetime) -> Flow[Page[OrderEvent | OrderReference]]:
    """References: what was returned is only known once the order's refunds have been read."""
    poll = PollCursor.read(cursor, since)
    location_ids, place = orjson.loads(poll.place) if poll.place else ((yield from _location_ids(config)), None)
    response = yield call(config, "/v2/orders/search", _search(location_ids, poll.since, place))
    answer = response.json()
    found = answer.get("orders") or []
    following: list[Any] = [location_ids, answer["cursor"]] if answer.get("cursor") else [_rest(location_ids), None]
    more = bool(following[0])
    return Page(
        entries=tuple(
            OrderReference(
                order_id=order["id"],
                kind=MessageKind.ORDER_UPDATED,
                occurred_at=datetime.fromisoformat(order["updated_at"]),
            )
            for order in found
        ),
        cursor=poll.after_answer(response, orjson.dumps(following).decode() if more else None),
        more=more,
    )


def _rest(location_ids: list[str]) -> list[str]:
    return location_ids[LOCATIONS_PER_SEARCH:]


def _search(location_ids: list[str], since: datetime, cursor: str | None) -> dict[str, Any]:
    query = {
        "filter": {"date_time_filter": {"updated_at": {"start_at": since.isoformat(timespec="milliseconds")}}},
        # Must be by the same time as the filter.
        "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
    }
    search = {"location_ids": location_ids[:LOCATIONS_PER_SEARCH], "limit": ORDERS_PER_PAGE, "query": query}
    return search | ({"cursor": cursor} if cursor else {})


def _location_ids(config: SquareConfig) -> Flow[list[str]]:
    if config.location_ids:
        return list(config.location_ids)
    answer = (yield call(config, "/v2/locations")).json()
    return [location["id"] for location in answer.get("locations") or () if location.get("status") == "ACTIVE"]
