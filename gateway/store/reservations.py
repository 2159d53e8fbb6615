"""Reservations as MongoDB documents: records that are committed together with the stock they hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.quotas import Draw
from gateway.inventory.reservations import RESERVATIONS, HeldLine, Reservation, ReservationFilter, ReservationState
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.ledger_documents import draw_documents, read_draws
from gateway.store.views.pages import Place, newest_first

Cell = tuple[str, str]
"""An item's id and a location's."""
CELLS_MAX = 100_000

_HELD = {"state": ReservationState.HELD.value}

_NEWEST = [("createdAt", DESCENDING), ("_id", DESCENDING)]

RESERVATION_INDEXES = [
    # The sweep, and the expired holds of items that a request is short of.
    IndexModel([("expiresAt", ASCENDING), ("_id", ASCENDING)], partialFilterExpression=_HELD),
    IndexModel([("lines.itemId", ASCENDING), ("expiresAt", ASCENDING)], partialFilterExpression=_HELD),
    # The queries of people: by owner, reference, item and state, newest first.
    IndexModel([("owner", ASCENDING), *_NEWEST]),
    IndexModel([("reference", ASCENDING), *_NEWEST]),
    IndexModel([("lines.itemId", ASCENDING), *_NEWEST]),
    IndexModel([("state", ASCENDING), *_NEWEST]),
    IndexModel(_NEWEST),
]


class ReservationStore:
    """Reads reservations; only the kernel writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reservations = database[RESERVATIONS]

    async def get(self, reservation_id: str) -> Reservation | None:
        found = await self._find({"_id": reservation_id}, [("_id", ASCENDING)], 1)
        return found[0] if found else None

    async def by_ids(self, reservation_ids: Collection[str]) -> dict[str, Reservation]:
        if not reservation_ids:
            return {}
        found = await self._find({"_id": {"$in": list(reservation_ids)}}, [("_id", ASCENDING)], len(reservation_ids))
        return {reservation.id: reservation for reservation in found}

    async def overdue(self, now: datetime, limit: int, after: Reservation | None = None) -> list[Reservation]:
        """Up to `limit` holds whose time has passed, the longest overdue first, beginning behind `after`."""
        query: dict[str, Any] = {**_HELD, "expiresAt": {"$lte": now}}
        if after is not None:
            query["expiresAt"]["$gte"] = after.expires_at
            query["$or"] = [{"expiresAt": {"$gt": after.expires_at}}, {"_id": {"$gt": after.id}}]
        return await self._find(query, [("expiresAt", ASCENDING), ("_id", ASCENDING)], limit)

    async def overdue_of(self, item_ids: Collection[str], now: datetime, limit: int) -> list[Reservation]:
        """Up to `limit` holds of these items whose time has passed."""
        query = {**_HELD, "lines.itemId": {"$in": list(item_ids)}, "expiresAt": {"$lte": now}}
        return await self._find(query, [("expiresAt", ASCENDING)], limit)

    async def held_by(self, owner: str, item_ids: Collection[str], limit: int) -> list[Reservation]:
        """Up to `limit` holds of an owner on any of these items that are not being paid for, the oldest first."""
        query = {**_HELD, "owner": owner, "paying": False, "lines.itemId": {"$in": list(item_ids)}}
        return await self._find(query, [("createdAt", ASCENDING)], limit)

    async def reclaimable(self, item_ids: Collection[str], owner: str | None, now: datetime) -> dict[Cell, int]:
        """Units of these items that a request of the owner may have although they are held, by item and location.

        They belong to holds that have expired and are not swept yet, or to holds of the owner.
        """
        group = {
            "_id": {"item": "$lines.itemId", "at": "$lines.locationId"},
            "units": {"$sum": {"$subtract": ["$lines.quantity", "$lines.released"]}},
        }
        sums = await self._sums(_reclaimable(item_ids, owner, now), group)
        return {(cell["_id"]["item"], cell["_id"]["at"]): cell["units"] for cell in sums}

    async def reclaimable_draws(self, item_ids: Collection[str], owner: str | None, now: datetime) -> list[Draw]:
        """Of the same units, those that come back to quotas: a hold has everything still that it has drawn."""
        drawn = [*_reclaimable(item_ids, owner, now), {"$unwind": "$lines.draws"}]
        sums = await self._sums(drawn, {"_id": "$lines.draws.quotaId", "units": {"$sum": "$lines.draws.units"}})
        return [Draw(found["_id"], found["units"]) for found in sums]

    async def _sums(self, lines: list[Document], group: Document) -> list[Document]:
        try:
            return await self._database.aggregate(RESERVATIONS, [*lines, {"$group": group}], CELLS_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def page(
        self, wanted: ReservationFilter, now: datetime, after: Place | None, limit: int
    ) -> list[Reservation]:
        """Up to `limit` reservations, newest first, from the one after `after` on; their states are those of `now`."""
        query: dict[str, Any] = {}
        named = {"owner": wanted.owner, "reference": wanted.reference, "lines.itemId": wanted.item_id}
        query.update((field, value) for field, value in named.items() if value is not None)
        if wanted.states:
            query |= _in_states(wanted.states, now)
        documents = await newest_first(self._reservations, query, after, limit)
        return [read_reservation(document) for document in documents]

    async def _find(self, query: Mapping[str, Any], sort: list[tuple[str, int]], limit: int) -> list[Reservation]:
        try:
            documents = await self._reservations.find(query).sort(sort).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [read_reservation(document) for document in documents]


def _reclaimable(item_ids: Collection[str], owner: str | None, now: datetime) -> list[Document]:
    """The lines of these items in holds that have expired, or are the owner's."""
    wanted = {"lines.itemId": {"$in": list(item_ids)}}
    whose = [{"expiresAt": {"$lte": now}}, *([] if owner is None else [{"owner": owner}])]
    return [{"$match": {**_HELD, **wanted, "$or": whose}}, {"$unwind": "$lines"}, {"$match": wanted}]


def _in_states(states: Collection[ReservationState], now: datetime) -> Document:
    """A hold past its time has expired, swept or not."""
    held, expired = ReservationState.HELD in states, ReservationState.EXPIRED in states
    stored = {*states, ReservationState.HELD} if expired else set(states)
    query: Document = {"state": {"$in": [state.value for state in stored]}}
    if held is not expired:
        due = {"expiresAt": {"$gt" if held else "$lte": now}}
        query["$or"] = [{"state": {"$ne": ReservationState.HELD.value}}, due]
    return query


def reservation_document(reservation: Reservation) -> Document:
    return {
        "owner": reservation.owner,
        "state": reservation.state.value,
        "lines": [
            {
                "requestLine": line.request_line,
                "itemId": line.item_id,
                "sku": line.sku,
                "locationId": line.location_id,
                "quantity": line.quantity,
                "fulfilled": line.fulfilled,
                "released": line.released,
                "why": line.why,
                **({"draws": draw_documents(line.draws)} if line.draws else {}),
            }
            for line in reservation.lines
        ],
        "expiresAt": reservation.expires_at,
        "reference": reservation.reference,
        "channelId": reservation.channel_id,
        "createdAt": reservation.created_at,
        "updatedAt": reservation.updated_at,
        "paying": reservation.paying,
        "committedAt": reservation.committed_at,
        "reassignedTo": reservation.reassigned_to,
        "shipments": list(reservation.shipments),
    }


def read_reservation(document: Document) -> Reservation:
    return Reservation(
        id=document["_id"],
        owner=document["owner"],
        state=ReservationState(document["state"]),
        lines=tuple(
            HeldLine(
                line["requestLine"],
                line["itemId"],
                line["sku"],
                line["locationId"],
                line["quantity"],
                line["fulfilled"],
                line["released"],
                line["why"],
                read_draws(line),
            )
            for line in document["lines"]
        ),
        expires_at=document["expiresAt"],
        reference=document["reference"],
        channel_id=document["channelId"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        paying=document["paying"],
        committed_at=document["committedAt"],
        reassigned_to=document["reassignedTo"],
        shipments=tuple(document["shipments"]),
        revision=document["revision"],
    )
