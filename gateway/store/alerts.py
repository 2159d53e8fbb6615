"""Alerts as MongoDB documents: opened in the transaction of what they are about, closed by people or by the stock."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.alerts import ALERTS, Alert, AlertKind, AlertLine, AlertState
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key

UNRESOLVED = {"state": {"$in": [AlertState.OPEN.value, AlertState.ACKNOWLEDGED.value]}}

_UNTOLD = {"told": False}
_LASTING = {"lasts": True}

ALERT_INDEXES = [
    IndexModel([("updatedAt", ASCENDING)], partialFilterExpression=_UNTOLD),
    IndexModel([("createdAt", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("state", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("kind", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)]),
    IndexModel([("raisedAt", ASCENDING), ("_id", ASCENDING)]),
    IndexModel([("lasts", ASCENDING), ("_id", ASCENDING)], partialFilterExpression=_LASTING),
    IndexModel([("channelId", ASCENDING), ("createdAt", DESCENDING)]),
]


def alert_document(alert: Alert) -> Document:
    return {
        "kind": alert.kind.value,
        "state": alert.state.value,
        "channelId": alert.channel_id,
        "orderId": alert.order_id,
        "lines": [
            {
                "itemId": line.item_id,
                "sku": line.sku,
                "locationId": line.location_id,
                "missing": line.missing,
                "available": line.available,
                "threshold": line.threshold,
            }
            for line in alert.lines
        ],
        "owner": alert.owner,
        "resolution": alert.resolution,
        "createdAt": alert.opened_at,
        "updatedAt": alert.updated_at,
        "raisedAt": alert.raised_at,
        **({} if alert.inbound_id is None else {"inboundId": alert.inbound_id, "lasts": alert.lasts}),
        # Whoever wants to know of alerts has yet to be told of this state.
        "told": False,
    }


def read_alert(document: dict[str, Any]) -> Alert:
    return Alert(
        id=document["_id"],
        kind=AlertKind(document["kind"]),
        state=AlertState(document["state"]),
        channel_id=document["channelId"],
        order_id=document["orderId"],
        lines=tuple(
            AlertLine(
                line["itemId"],
                line["sku"],
                line["locationId"],
                line["missing"],
                line.get("available"),
                line.get("threshold"),
            )
            for line in document["lines"]
        ),
        owner=document["owner"],
        resolution=document["resolution"],
        raised_at=document.get("raisedAt"),
        opened_at=document["createdAt"],
        updated_at=document["updatedAt"],
        revision=document["revision"],
        inbound_id=document.get("inboundId"),
        lasts=document.get("lasts", False),
    )


class AlertStore:
    """Reads alerts, and stores what people make of them; the kernel opens them."""

    def __init__(self, database: Database) -> None:
        self._alerts = database[ALERTS]

    async def get(self, alert_id: str) -> Alert | None:
        try:
            document = await self._alerts.find_one({"_id": alert_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else read_alert(document)

    async def by_ids(self, alert_ids: Collection[str]) -> list[Alert]:
        """Those that exist."""
        return await self._by_id({"_id": {"$in": list(alert_ids)}}, len(alert_ids))

    async def lasting(self, after: str | None, limit: int) -> list[Alert]:
        """Those whose cause was there at the last look, by id, after the id `after`."""
        return await self._by_id({**_LASTING, **({} if after is None else {"_id": {"$gt": after}})}, limit)

    async def add(self, alert: Alert) -> None:
        """Store a new one; nothing happens where there is one of its id by now."""
        try:
            await self._alerts.insert_one({**alert_document(alert), "_id": alert.id, "revision": 1})
        except PyMongoError as error:
            if not is_duplicate_key(error):
                raise as_storage_error(error) from error

    async def unresolved(self, kind: AlertKind, after: str | None, limit: int) -> list[Alert]:
        """Those of a kind that nobody has resolved, by id, after the id `after`."""
        wanted: Document = {**UNRESOLVED, "kind": kind.value}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        return await self._by_id(wanted, limit)

    async def replace(self, alert: Alert) -> bool:
        """Store a changed alert; False when it has been changed meanwhile."""
        document = {**alert_document(alert), "revision": alert.revision + 1}
        try:
            answer = await self._alerts.replace_one({"_id": alert.id, "revision": alert.revision}, document)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return bool(answer.matched_count)

    async def _by_id(self, wanted: Document, limit: int) -> list[Alert]:
        try:
            documents = await self._alerts.find(wanted).sort("_id", ASCENDING).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [read_alert(document) for document in documents]

    async def untold(self, limit: int) -> list[Alert]:
        """Those whose present state nobody was told of, the oldest change first."""
        try:
            documents = await self._alerts.find(_UNTOLD).sort("updatedAt", ASCENDING).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [read_alert(document) for document in documents]

    async def told(self, alert: Alert) -> None:
        """Its state was told of; nothing happens where it has changed meanwhile."""
        try:
            await self._alerts.update_one({"_id": alert.id, "revision": alert.revision}, {"$set": {"told": True}})
        except PyMongoError as error:
            raise as_storage_error(error) from error
