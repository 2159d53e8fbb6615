"""What is remembered of every item's demand, and how far the ledger has been folded into it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError, PyMongoError

from gateway.inventory.moments import last_seq
from gateway.planning.activity import Switch
from gateway.planning.series import Cell, Series
from gateway.planning.velocity import ALL_LOCATIONS, ItemVelocity, Progress
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key, only_duplicates
from gateway.store.locations import LOCATIONS, LOCATIONS_MAX

_PROGRESS = "velocity"


class VelocityStore:
    """Implements `gateway.operations.velocity_fold.Velocities`: one document per item, found by its id alone."""

    def __init__(self, database: Database) -> None:
        self._velocities = database["velocities"]
        self._progress = database["planning"]
        self._locations = database[LOCATIONS]

    async def progress(self) -> Progress | None:
        """How far the ledger was folded; None before the first time."""
        try:
            document = await self._progress.find_one({"_id": _PROGRESS})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        if document is None:
            return None
        return Progress(
            document["seq"],
            document["halfLifeDays"],
            document["round"],
            document["token"],
            # Before methods were told apart, there was the first one.
            document.get("method", 1),
        )

    async def put_progress(self, progress: Progress) -> bool:
        """Store it; False where a process with a newer lease, or of a newer round, has stored its own."""
        document = {
            "seq": progress.seq,
            "halfLifeDays": progress.half_life_days,
            "round": progress.round,
            "token": progress.token,
            "method": progress.method,
        }
        ours = {"_id": _PROGRESS, "token": {"$lte": progress.token}, "round": {"$lte": progress.round}}
        try:
            await self._progress.replace_one(ours, document, upsert=True)
        except PyMongoError as error:
            if is_duplicate_key(error):
                return False
            raise as_storage_error(error) from error
        return True

    async def begin_round(self) -> None:
        """Have everything folded anew, from the ledger's first entry on."""
        try:
            await self._progress.update_one({"_id": _PROGRESS}, {"$inc": {"round": 1}, "$set": {"seq": -1}})
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def switches(self) -> list[Switch]:
        """When locations became active or inactive, in the order of time."""
        switched = self._locations.find({"switches.0": {"$exists": True}}, ["switches"])
        try:
            documents = await switched.to_list(LOCATIONS_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return sorted(
            Switch(last_seq(one["at"]), document["_id"], one["active"])
            for document in documents
            for one in document["switches"]
        )

    async def many(self, item_ids: Collection[str]) -> dict[str, ItemVelocity]:
        if not item_ids:
            return {}
        found = self._velocities.find({"_id": {"$in": list(item_ids)}})
        try:
            switches, documents = await asyncio.gather(self.switches(), found.to_list(len(item_ids)))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: _read(document, switches) for document in documents}

    async def one(self, item_id: str, location_key: str) -> ItemVelocity | None:
        """With no more than the cells that one of them is told from; None while nothing was folded of the item."""
        needed = ["halfLifeDays", "round", "version", "seq", f"cells.{location_key}"]
        found = self._velocities.find_one({"_id": item_id}, needed)
        try:
            switches, document = await asyncio.gather(self.switches(), found)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        if switches and location_key == ALL_LOCATIONS:
            # What all locations have together changes with each that is switched.
            return (await self.many([item_id])).get(item_id)
        return None if document is None else _read(document, switches)

    async def put_many(self, velocities: Sequence[ItemVelocity]) -> None:
        """Store each unless there is one of a later round, or as new a version: somebody else was faster."""
        writes = [ReplaceOne(_older(one), _document(one), upsert=True) for one in velocities]
        try:
            await self._velocities.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            # What is not older is not found, and cannot be inserted a second time either.
            if not only_duplicates(error):
                raise as_storage_error(error) from error
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _older(velocity: ItemVelocity) -> Document:
    of_round = {"round": velocity.round, "version": {"$lt": velocity.version}}
    return {"_id": velocity.item_id, "$or": [{"round": {"$lt": velocity.round}}, of_round]}


def _document(velocity: ItemVelocity) -> Document:
    return {
        "_id": velocity.item_id,
        "halfLifeDays": velocity.half_life_days,
        "round": velocity.round,
        "version": velocity.version,
        "seq": velocity.seq,
        "cells": {at: _cell_document(cell) for at, cell in velocity.cells.items()},
    }


def _cell_document(cell: Cell) -> Document:
    # Spelled out with slots: `dataclasses.asdict` would take a third of the time of following the ledger.
    series = {key: {name: getattr(sums, name) for name in Series.__slots__} for key, sums in cell.series.items()}
    return {**{name: getattr(cell, name) for name in Cell.__slots__}, "series": series}


def _read(document: dict[str, Any], switches: Sequence[Switch]) -> ItemVelocity:
    return ItemVelocity(
        document["_id"],
        document["halfLifeDays"],
        document["round"],
        document["version"],
        document["seq"],
        {at: _cell(cell) for at, cell in document.get("cells", {}).items()},
        switches,
    )


def _cell(document: dict[str, Any]) -> Cell:
    # Sums that only a newer version knows are left out: while it replaces this one, both run.
    series = {key: Series(**_known(Series, sums)) for key, sums in document["series"].items()}
    return Cell(**{**_known(Cell, document), "series": series})


def _known(kind: type[Cell | Series], stored: dict[str, Any]) -> dict[str, Any]:
    return {name: stored[name] for name in kind.__slots__ if name in stored}
