"""Open documents as the terms of an explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.inventory.accounts import Source
from gateway.inventory.explanations import Term
from gateway.store.driver import Document
from gateway.store.inbound import read_inbound
from gateway.store.orders import read_order
from gateway.store.reservations import read_reservation
from gateway.store.transfers import read_transfer


def read_term(source: Source, document: Document, item_id: str, location_id: str, now: datetime) -> Term:
    """What a document holds or announces of the item at the location."""
    return _READ[source](document, item_id, location_id, now)


def _reservation(document: Document, item_id: str, location_id: str, now: datetime) -> Term:
    known = read_reservation(document)
    units = sum(line.open for line in known.lines if (line.item_id, line.location_id) == (item_id, location_id))
    state = known.state_at(now).value
    return Term(
        Source.RESERVATION, known.id, units, state, known.reference, known.owner, known.expires_at, known.created_at
    )


def _order(document: Document, item_id: str, location_id: str, now: datetime) -> Term:
    known = read_order(document)
    lines = known.lines.values()
    units = sum(line.allocated for line in lines if (line.item_id, line.location_id) == (item_id, location_id))
    reference = known.name or known.order_id
    since = known.precedence.occurred_at
    return Term(Source.ORDER, known.id, units, known.status, reference, known.channel_id, None, since)


def _inbound(document: Document, item_id: str, location_id: str, now: datetime) -> Term:
    known = read_inbound(document)
    lines = [line for line in known.lines if (line.item_id, line.location_id) == (item_id, location_id)]
    units = sum(line.outstanding for line in lines)
    due = min((line.expected_at for line in lines if line.outstanding and line.expected_at), default=None)
    return Term(
        Source.INBOUND, known.id, units, known.state.value, known.reference, known.supplier, due, known.created_at
    )


def _transfer(document: Document, item_id: str, location_id: str, now: datetime) -> Term:
    known = read_transfer(document)
    units = sum(line.in_transit for line in known.lines if line.item_id == item_id)
    return Term(
        Source.TRANSFER,
        known.id,
        units,
        known.state.value,
        known.reference,
        known.origin_id,
        known.expected_at,
        known.created_at,
    )


_READ: Mapping[Source, Callable[[Document, str, str, datetime], Term]] = {
    Source.RESERVATION: _reservation,
    Source.ORDER: _order,
    Source.INBOUND: _inbound,
    Source.TRANSFER: _transfer,
}
