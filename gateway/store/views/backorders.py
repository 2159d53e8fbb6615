"""Reading backorders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.inventory.backorders import BACKORDERS, Backorder, BackorderState
from gateway.store.backorders import read_backorder
from gateway.store.driver import Database
from gateway.store.views.pages import Place, newest_first, one


@dataclass(frozen=True, slots=True)
class BackorderFilter:
    """Which backorders to list; None means any."""

    item_id: str | None = None
    owner: str | None = None
    reference: str | None = None
    states: tuple[BackorderState, ...] = ()


class BackorderView:
    """Reads backorders; only the kernel writes them."""

    def __init__(self, database: Database) -> None:
        self._backorders = database[BACKORDERS]

    async def by_id(self, backorder_id: str) -> Backorder | None:
        document = await one(self._backorders, backorder_id)
        return read_backorder(document) if document else None

    async def page(self, wanted: BackorderFilter, after: Place | None, limit: int) -> list[Backorder]:
        """Newest first, from the backorder after `after` on."""
        named = {"lines.itemId": wanted.item_id, "owner": wanted.owner, "reference": wanted.reference}
        query: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
        if wanted.states:
            query["state"] = {"$in": [state.value for state in wanted.states]}
        return [read_backorder(document) for document in await newest_first(self._backorders, query, after, limit)]
