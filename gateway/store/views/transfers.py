"""Reading transfers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.inventory.transfers import TRANSFERS, StockTransfer, TransferState
from gateway.store.driver import Database
from gateway.store.transfers import read_transfer
from gateway.store.views.pages import Place, newest_first, one


@dataclass(frozen=True, slots=True)
class TransferFilter:
    """Which transfers to list; None means any. `with_discrepancy`: only those with units nobody has explained."""

    item_id: str | None = None
    origin_id: str | None = None
    destination_id: str | None = None
    reference: str | None = None
    states: tuple[TransferState, ...] = ()
    with_discrepancy: bool = False


class TransferView:
    """Reads transfers; only the kernel writes them."""

    def __init__(self, database: Database) -> None:
        self._transfers = database[TRANSFERS]

    async def by_id(self, document_id: str) -> StockTransfer | None:
        document = await one(self._transfers, document_id)
        return read_transfer(document) if document else None

    async def page(self, wanted: TransferFilter, after: Place | None, limit: int) -> list[StockTransfer]:
        """Newest first, from the transfer after `after` on."""
        named = {
            "lines.itemId": wanted.item_id,
            "originId": wanted.origin_id,
            "destinationId": wanted.destination_id,
            "reference": wanted.reference,
        }
        query: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
        if wanted.states:
            query["state"] = {"$in": [state.value for state in wanted.states]}
        if wanted.with_discrepancy:
            # Once a transfer is closed, what is still in transit is what nobody has explained.
            query |= {"discrepancies.0": {"$exists": True}, "lines.inTransit": {"$gt": 0}}
        return [read_transfer(document) for document in await newest_first(self._transfers, query, after, limit)]
