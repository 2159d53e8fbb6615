"""A shop that buys, promises and waits, asked as any client asks it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.inventory.receiving import ExpectedLine
from gateway.inventory.transferring import PlannedLine
from tests.clock import StoppedClock
from tests.movements.stocked import call
from tests.schema.shop import Shop

DAY = timedelta(days=1)
ATP = """
query($sku: String!, $locationIds: [String!], $days: Int!) {
  availableToPromise(sku: $sku, locationIds: $locationIds, days: $days) {
    sku
    places { locationId available owed }
    supplies { kind documentId line locationId outstanding bound free due estimated countsFrom onTimeProbability why }
    days { date projected availableToPromise }
  }
}
"""
PROMISE = """
query($lines: [RequestedLineInput!]!, $by: DateTime, $destination: DestinationInput) {
  promise(lines: $lines, by: $by, destination: $destination) {
    date confidence inTime byConfidence
    alone { locationId date }
    lines {
      sku quantity date confidence byQuantity byConfidence
      sources { locationId quantity date supply { kind documentId line } }
    }
  }
}
"""
BACKORDER = """
replayed userErrors { code field } entry { kind owed { locationId delta } }
backorder { id state owner reference channelId reservationIds
  lines { line inboundId inboundLine sku locationId quantity waiting allocated cancelled promisedFor } }
"""
CREATE = f"mutation($input: BackorderCreateInput!) {{ it: backorderCreate(input: $input) {{ {BACKORDER} }} }}"
CANCEL = f"mutation($input: BackorderCancelInput!) {{ it: backorderCancel(input: $input) {{ {BACKORDER} }} }}"
MOVE = f"mutation($input: BackorderMoveInput!) {{ it: backorderMove(input: $input) {{ {BACKORDER} }} }}"
UPDATE = """
mutation($input: InboundUpdateInput!) {
  it: inboundUpdate(input: $input) {
    userErrors { code }
    inbound { lines { bound expectedAt firstExpectedAt arrivedAt } }
    hurts {
      inboundId inboundLine sku backorderId backorderLine reference quantity promisedFor nowExpected reason
      replacement { date confidence sources { locationId quantity date supply { documentId line } } }
    }
  }
}
"""
AT_RISK = """
query($after: String) {
  promisesAtRisk(first: 1, after: $after) {
    nodes { inbound { id } hurts { quantity replacement { date } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
BACKORDERS = "query($filter: BackorderFilterInput) { backorders(filter: $filter) { nodes { id } } }"


@dataclass(slots=True)
class Trade:
    """Lamps and sofas of one test, and their supplier. Its day 0 is the one on which it begins, at noon."""

    shop: Shop
    clock: StoppedClock
    lamp: str
    sofa: str
    supplier: str
    began: datetime

    async def buys(self, units: int, days: int | None, at: str = "EAST", sku: str | None = None) -> str:
        """A purchase that is expected in so many days; of lamps, unless said otherwise."""
        expected = None if days is None else self.clock.now + days * DAY
        lines = [ExpectedLine(sku or self.lamp, at, units, expected)]
        return (await self.shop.gateway.movements.inbound.create(call(), self.supplier, lines)).document.id

    async def moves(self, units: int, days: int | None) -> str:
        """A transfer of lamps from west to east that is expected in so many days."""
        transfers = self.shop.gateway.movements.transfers
        expected = None if days is None else self.clock.now + days * DAY
        made = await transfers.create(call(), "WEST", "EAST", [PlannedLine(self.lamp, units)], expected)
        return (await transfers.ship(call(), made.document.id)).document.id

    async def atp(self, *location_ids: str, days: int = 30) -> dict[str, Any]:
        answer = await self.shop.owner.ask(ATP, sku=self.lamp, locationIds=list(location_ids) or None, days=days)
        found: dict[str, Any] = answer["availableToPromise"]
        return found

    async def promise(self, *lines: dict[str, Any], **asked: Any) -> dict[str, Any]:
        answer = await self.shop.owner.ask(PROMISE, lines=list(lines), **asked)
        found: dict[str, Any] = answer["promise"]
        return found

    async def done(self, document: str, **fields: Any) -> dict[str, Any]:
        """The payload of a mutation, under a key of its own unless one is given."""
        asked = {"idempotencyKey": call().idempotency_key, **fields}
        payload: dict[str, Any] = (await self.shop.owner.ask(document, input=asked))["it"]
        return payload

    def lamps(self, quantity: int, **fields: Any) -> dict[str, Any]:
        return {"sku": self.lamp, "quantity": quantity, **fields}

    def day(self, days: int) -> str:
        return (self.began + days * DAY).date().isoformat()
