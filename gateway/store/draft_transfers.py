"""What transfers that were drafted and not shipped are going to move."""

from __future__ import annotations

from collections import defaultdict

from pymongo import DESCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.transfers import TRANSFERS, TransferState
from gateway.store.driver import Database, as_storage_error

DRAFTS_MAX = 1_000
"""Newest drafts that are looked at; older ones beyond that are as good as forgotten."""


class DraftTransferStore:
    """Implements `gateway.operations.reorder_planning.DraftReads`."""

    def __init__(self, database: Database) -> None:
        self._transfers = database[TRANSFERS]

    async def units(self) -> dict[tuple[str, str], int]:
        """By item and location: to it, or away from it if negative."""
        needed = ["originId", "destinationId", "lines.itemId", "lines.quantity"]
        units: dict[tuple[str, str], int] = defaultdict(int)
        try:
            found = self._transfers.find({"state": TransferState.DRAFT.value}, needed)
            for draft in await found.sort("createdAt", DESCENDING).limit(DRAFTS_MAX).to_list(DRAFTS_MAX):
                for line in draft["lines"]:
                    units[line["itemId"], draft["destinationId"]] += line["quantity"]
                    units[line["itemId"], draft["originId"]] -= line["quantity"]
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return dict(units)
