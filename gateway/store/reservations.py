"""Reservations as MongoDB documents: records that are committed together with the stock they hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.reservations import RESERVATIONS, HeldLine, Reservation, ReservationState
from gateway.store.driver import Database, Document, as_storage_error

_HELD = {"state": ReservationState.HELD.value}

RESERVATION_INDEXES = [
    # The sweep, and the expired holds of items that a request is short of.
    IndexModel([("expiresAt", ASCENDING)], partialFilterExpression=_HELD),
    IndexModel([("lines.itemId", ASCENDING), ("expiresAt", ASCENDING)], partialFilterExpression=_HELD),
    # The queries of people: by owner, reference, item and state, newest first.
    IndexModel([("owner", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("reference", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("lines.itemId", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("state", ASCENDING), ("createdAt", DESCENDING)]),
    IndexModel([("createdAt", DESCENDING), ("_id", DESCENDING)]),
]


@dataclass(frozen=True, slots=True)
class ReservationFilter:
    """Which reservations to list; None means any."""

    owner: str | None = None
    reference: str | None = None
    item_id: str | None = None
    states: tuple[ReservationState, ...] = ()


class ReservationStore:
    """Reads reservations; only the kernel writes them."""

    def __init__(self, database: Database) -> None:
        self._reservations = database[RESERVATIONS]

    async def get(self, reservation_id: str) -> Reservation | None:
        found = await self._find({"_id": reservation_id}, [("_id", ASCENDING)], 1)
        return found[0] if found else None

    async def overdue(self, now: datetime, limit: int) -> list[Reservation]:
        """Up to `limit` holds whose time has passed, the oldest first."""
        return await self._find({**_HELD, "expiresAt": {"$lte": now}}, [("expiresAt", ASCENDING)], limit)

    async def overdue_of(self, item_ids: Collection[str], now: datetime, limit: int) -> list[Reservation]:
        """Up to `limit` holds of these items whose time has passed."""
        query = {**_HELD, "lines.itemId": {"$in": list(item_ids)}, "expiresAt": {"$lte": now}}
        return await self._find(query, [("expiresAt", ASCENDING)], limit)

    async def held_by(self, owner: str, item_ids: Collection[str], limit: int) -> list[Reservation]:
        """Up to `limit` holds of an owner on any of these items that no payment is being taken for, the oldest first."""
        query = {**_HELD, "owner": owner, "paying": False, "lines.itemId": {"$in": list(item_ids)}}
        return await self._find(query, [("createdAt", ASCENDING)], limit)

    async def page(
        self, wanted: ReservationFilter, before: tuple[datetime, str] | None, limit: int
    ) -> list[Reservation]:
        """Newest first, from the given (createdAt, id) on."""
        query: dict[str, Any] = {}
        named = {"owner": wanted.owner, "reference": wanted.reference, "lines.itemId": wanted.item_id}
        query.update((field, value) for field, value in named.items() if value is not None)
        if wanted.states:
            query["state"] = {"$in": [state.value for state in wanted.states]}
        if before is not None:
            at, last_id = before
            query["$or"] = [{"createdAt": {"$lt": at}}, {"createdAt": at, "_id": {"$lt": last_id}}]
        return await self._find(query, [("createdAt", DESCENDING), ("_id", DESCENDING)], limit)

    async def _find(self, query: Mapping[str, Any], sort: list[tuple[str, int]], limit: int) -> list[Reservation]:
        try:
            documents = await self._reservations.find(query).sort(sort).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [read_reservation(document) for document in documents]


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
        revision=document["revision"],
    )
