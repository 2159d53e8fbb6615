"""What the stock was, and why it is what it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.inventory.counts import PastStock
from gateway.inventory.errors import Code, NotFound
from gateway.inventory.explanations import Explanation
from gateway.inventory.identifiers import check_sku, check_slug
from gateway.inventory.moments import check_as_of, last_seq
from gateway.operations.channel_locations import KnownLocations
from gateway.operations.clock import Clock


class History(Protocol):
    """Reads the ledger and the open documents, each answer as of one moment; None where there is no such item."""

    async def past(self, sku: str, seq: int) -> PastStock | None:
        """The item's quantities after its last movement up to the ledger position `seq`."""

    async def explain(self, sku: str, location_id: str, now: datetime) -> Explanation | None: ...


@dataclass(frozen=True, slots=True)
class HistoryOperations:
    """Questions about the past; the ledger answers them, however long ago it was."""

    history: History
    known: KnownLocations
    clock: Clock

    async def stock(self, sku: str, as_of: datetime) -> PastStock:
        """Quantities per location and bucket after the last movement up to `as_of`.

        Raises InvalidInput for a time in the future and NotFound for an unknown SKU.
        """
        check_sku(sku, ("sku",))
        check_as_of(as_of, self.clock(), None, ("asOf",))
        past = await self.history.past(sku, last_seq(as_of))
        if past is None:
            raise _unknown(sku)
        return past

    async def explain(self, sku: str, location_id: str) -> Explanation:
        """The terms that the level's quantities consist of. Raises NotFound for an unknown SKU or location."""
        check_sku(sku, ("sku",))
        check_slug(location_id, ("locationId",))
        explanation = await self.history.explain(sku, location_id, self.clock())
        if explanation is None:
            raise _unknown(sku)
        if not explanation.movements and location_id not in await self.known.locations(fresh=True):
            raise NotFound(Code.LOCATION_NOT_FOUND, f"There is no location '{location_id}'.", ("locationId",))
        return explanation


def _unknown(sku: str) -> NotFound:
    return NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'.", ("sku",))
