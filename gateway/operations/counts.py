"""Counts that were taken some time ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.inventory.counts import RecountAsOf
from gateway.inventory.decision import Outcome
from gateway.inventory.errors import Code, Unavailable
from gateway.inventory.identifiers import check_sku
from gateway.inventory.ledger import Cause
from gateway.inventory.moments import check_aware, last_seq
from gateway.inventory.stock_changes import Count
from gateway.operations.clock import Clock
from gateway.operations.history import History
from gateway.operations.stock import StockOperations

COUNT_TRIES = 5


@dataclass(frozen=True, slots=True)
class CountOperations:
    """Applies counts; `horizon` is how long ago one may have been taken."""

    stock: StockOperations
    history: History
    clock: Clock
    horizon: timedelta

    async def count(
        self, client: str, idempotency_key: str, cause: Cause, sku: str, counts: Sequence[Count], as_of: datetime
    ) -> Outcome:
        """Correct the quantities of `as_of` to those counted; what was posted since then stays in effect.

        Raises the InventoryError that refused it, of which AS_OF_IN_FUTURE and AS_OF_TOO_OLD are its own.
        """
        check_sku(sku, ("sku",))
        check_aware(as_of, ("asOf",))
        for tries_left in reversed(range(COUNT_TRIES)):
            too_old = as_of < self.clock() - self.horizon
            past = None if too_old else await self.history.past(sku, last_seq(as_of))
            command = RecountAsOf(
                client, idempotency_key, cause, sku, tuple(counts), as_of=as_of, horizon=self.horizon, past=past
            )
            try:
                return await self.stock.apply(command)
            except Unavailable as error:
                # Another writer changed the item between the reading of its past and the decision.
                if error.code is not Code.CONTENTION or tries_left == 0:
                    raise
        raise AssertionError("the last try returns or raises")
