"""Commands and orders that sell through channels, for one item LAMP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from gateway.inventory.ledger import Cause
from gateway.inventory.orders import Precedence
from gateway.inventory.quota_changes import ClearQuota, SetQuota
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.reservation_steps import ReleaseReservation
from gateway.inventory.reservations import Reservation
from gateway.inventory.reserving import Reserve
from gateway.inventory.sales import ReportedLine, ReportOrder
from gateway.inventory.stock import Item
from tests.builders import CLIENT, NOW


def quota(key: str, channel_id: str, quantity: int, location_id: str | None = None) -> SetQuota:
    cause = Cause(CLIENT, channel_id=channel_id, channel_said=False)
    return SetQuota(CLIENT, key, cause, "LAMP", channel_id, location_id, quantity, f"q-{key}")


def clear(key: str, channel_id: str, location_id: str | None = None) -> ClearQuota:
    return ClearQuota(CLIENT, key, Cause(CLIENT), "LAMP", channel_id, location_id)


def hold(
    key: str, channel_id: str | None, quantity: int, location_id: str | None = None, *, partial: bool = False
) -> Reserve:
    lines = (RequestedLine("LAMP", quantity, () if location_id is None else (location_id,)),)
    cause = Cause(CLIENT, channel_id=channel_id)
    return Reserve(CLIENT, key, cause, f"r-{key}", lines, None, None, 900, allow_partial=partial)


def release(key: str, reservation: Reservation) -> ReleaseReservation:
    return ReleaseReservation(CLIENT, key, Cause(CLIENT), reservation.id, reservation.item_ids)


def report(key: str, channel_id: str, order_id: str, item: Item, allocated: int, location_id: str) -> ReportOrder:
    """`key` numbers the report; a later one has a higher number."""
    line = ReportedLine("1", item.id, allocated, allocated, 0, (location_id,), place_stated=True)
    at = Precedence(NOW + timedelta(seconds=int(key)), 1, 0)
    held = frozenset({item.id})
    cause = Cause(CLIENT, channel_id=channel_id)
    return ReportOrder(CLIENT, f"report-{key}", cause, channel_id, order_id, None, "", at, (line,), held)


def used(item: Item) -> Mapping[tuple[str, str | None], tuple[int, int]]:
    """Units used and remaining by channel and location."""
    return {(q.channel_id, q.location_id): (q.used, q.remaining) for q in item.quotas.values()}
