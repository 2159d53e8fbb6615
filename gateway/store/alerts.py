"""Alerts as MongoDB documents: opened in the transaction of what they are about, closed by people or by the stock."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.alerts import ALERTS, Alert, AlertKind, AlertLine, AlertState
from gateway.store.driver import Database, Document, as_storage_error

UNRESOLVED = {"state": {"$in": [AlertState.OPEN.value, AlertState.ACKNOWLEDGED.value]}}

_UNTOLD = {"told": False}

ALERT_INDEXES = [
    IndexModel([("updatedAt", ASCENDING)], partialFilterExpression=_UNTOLD),
    IndexModel([("createdAt", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("state", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("kind", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)]),
    IndexModel([("raisedAt", ASCENDING), ("_id", ASCENDING)]),
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

    async def unresolved(self, kind: AlertKind, after: str | None, limit: int) -> list[Alert]:
        """Those of a kind that nobody has resolved, by id, after the id `after`."""
        wanted: Document = {**UNRESOLVED, "kind": kind.value}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        try:
            documents = await self._alerts.find(wanted).sort("_id", ASCENDING).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [read_alert(document) for document in documents]

    async def replace(self, alert: Alert) -> bool:
        """Store a changed alert; False when it has been changed meanwhile."""
        document = {**alert_document(alert), "revision": alert.revision + 1}
        try:
            answer = await self._alerts.replace_one({"_id": alert.id, "revision": alert.revision}, document)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return bool(answer.matched_count)

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
