"""Listing alerts."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.alerts import ALERTS, Alert, AlertKind, AlertState
from gateway.inventory.news import AlertNews
from gateway.store.alerts import UNRESOLVED, read_alert
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.views.pages import Place, newest_first, one

COUNTED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts to list; None, or no states, means any."""

    kind: AlertKind | None = None
    states: tuple[AlertState, ...] = ()
    channel_id: str | None = None
    order_id: str | None = None
    owner: str | None = None


class AlertView:
    def __init__(self, database: Database) -> None:
        self._alerts = database[ALERTS]

    async def by_id(self, alert_id: str) -> Alert | None:
        document = await one(self._alerts, alert_id)
        return read_alert(document) if document else None

    async def unresolved(self) -> int:
        """How many somebody has yet to deal with, up to `COUNTED_MAX`."""
        try:
            counted: int = await self._alerts.count_documents(UNRESOLVED, limit=COUNTED_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return counted

    async def since(self, at: datetime) -> AsyncGenerator[AlertNews]:
        """What was raised after `at`, in that order."""
        found = self._alerts.find({"raisedAt": {"$gt": at}}, ["raisedAt"])
        try:
            async for document in found.sort([("raisedAt", ASCENDING), ("_id", ASCENDING)]):
                yield AlertNews(document["_id"], document["raisedAt"])
        except PyMongoError as error:
            raise as_storage_error(error) from error
        finally:
            await found.close()

    async def page(self, wanted: AlertFilter, after: Place | None, limit: int) -> list[Alert]:
        """Newest first, from the alert after `after` on."""
        named = {"channelId": wanted.channel_id, "orderId": wanted.order_id, "owner": wanted.owner}
        query: Document = {field: value for field, value in named.items() if value is not None}
        if wanted.kind is not None:
            query["kind"] = wanted.kind.value
        if wanted.states:
            query["state"] = {"$in": [state.value for state in wanted.states]}
        return [read_alert(document) for document in await newest_first(self._alerts, query, after, limit)]
