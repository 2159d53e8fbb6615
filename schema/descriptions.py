"""Describing enums of the domain, which know nothing of GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strawberry.types.enum import has_enum_definition

from gateway.inventory.errors import Code


def describe(enum: Any, values: Mapping[str, str]) -> None:
    """Give the values of a Strawberry enum their descriptions, by name."""
    assert has_enum_definition(enum)
    for value in enum.__strawberry_definition__.values:
        value.description = values.get(value.name)


CODES: Mapping[str, str] = {
    Code.BLANK: "A text that must say something is empty or only white space.",
    Code.TOO_LONG: "A text has more characters than allowed.",
    Code.INVALID_CHARACTERS: "A text has control characters, or an id has others than A-Z a-z 0-9 _ -.",
    Code.EMPTY: "A list that must not be empty is, or nothing to change was given.",
    Code.TOO_MANY: "A list has more entries than allowed.",
    Code.DUPLICATE: "The same thing is given twice, with contradicting values.",
    Code.ZERO_DELTA: "A delta of 0, or lines for one location that add up to 0: it would change nothing.",
    Code.OUT_OF_RANGE: "A number is outside its range, or a bucket or item would hold more than 2^53 - 1 units.",
    Code.COMPARE_QUANTITY_REQUIRED: "A set must say which quantity it replaces, or null to replace whatever is there.",
    Code.INVALID_INPUT: "The input contradicts itself, or is not of the form that its description asks for.",
    Code.FORBIDDEN: "The API key lacks the scope that this needs.",
    Code.ITEM_NOT_FOUND: "There is no item with this SKU.",
    Code.LOCATION_NOT_FOUND: "There is no location with this id.",
    Code.KEY_NOT_FOUND: "There is no valid API key with this name or id.",
    Code.CHANNEL_NOT_FOUND: "There is no channel with this id.",
    Code.ITEM_ARCHIVED: "The item is archived: it takes no changes of stock until it is restored.",
    Code.LOCATION_INACTIVE: "The location is inactive: it can be emptied, but takes no stock.",
    Code.TAKEN: "The SKU or id is in use already.",
    Code.IN_USE: "It cannot go while something still depends on it.",
    Code.INSUFFICIENT_STOCK: "A bucket would end below its floor; `actualQuantity` says what it holds.",
    Code.COMPARE_QUANTITY_STALE: "The quantity is no longer the one given; `actualQuantity` says what it is.",
    Code.IDEMPOTENCY_KEY_REUSED: "The key belongs to a different request; `differingPaths` says where they differ.",
    Code.NOT_APPLIED: "Another part of this all-or-nothing request was refused, so this one was not applied.",
    Code.RESERVATION_NOT_FOUND: "There is no reservation with this id.",
    Code.NOT_COMMITTED: "The reservation is not committed yet.",
    Code.ALREADY_COMMITTED: "The reservation was committed before.",
    Code.ALREADY_FULFILLED: "The reservation was fulfilled before.",
    Code.ALREADY_RELEASED: "The reservation was released before.",
    Code.EXPIRED: "The reservation or quote expired before; units that it held are available again.",
    Code.MORE_THAN_HELD: "More units than the reservation holds.",
    Code.ORDER_NOT_FOUND: "There is no order with this id.",
    Code.ORDER_CANCELLED: "The order was cancelled before.",
    Code.PAYMENT_NOT_STARTED: "The payment of this order was not started, so nothing is held for it.",
    Code.TRANSFER_NOT_FOUND: "There is no transfer with this id.",
    Code.INBOUND_NOT_FOUND: "There is no inbound delivery with this id.",
    Code.NOT_STOPPED: "The safety valve has not stopped this channel, so there is nothing to approve.",
    Code.NOT_SHIPPED: "It was not shipped yet.",
    Code.ALREADY_SHIPPED: "It was shipped before.",
    Code.ALREADY_RECEIVED: "It was received in full before.",
    Code.ALREADY_CANCELLED: "It was cancelled before.",
    Code.MORE_THAN_EXPECTED: "More units than are expected.",
    Code.NO_DISCREPANCY: "There is no open discrepancy.",
    Code.ALERT_NOT_FOUND: "There is no alert with this id.",
    Code.BACKORDER_NOT_FOUND: "There is no backorder with this id.",
    Code.QUOTA_NOT_FOUND: "There is no such quota.",
    Code.ALREADY_RESOLVED: "The alert is resolved.",
    Code.AS_OF_IN_FUTURE: "The time has not come yet.",
    Code.AS_OF_TOO_OLD: "The time lies too far back.",
    Code.QUOTE_NOT_FOUND: "There is no quote with this id.",
    Code.BUFFER_RULE_NOT_FOUND: "There is no buffer rule for exactly this.",
    Code.ALREADY_ACCEPTED: "The quote was accepted before.",
    Code.REVISION_STALE: "It was changed by somebody else meanwhile; read it again.",
    Code.ENDPOINT_NOT_FOUND: "There is no webhook endpoint with this id.",
    Code.DELIVERY_NOT_FOUND: "There is no delivery with this id.",
    Code.SUGGESTION_NOT_FOUND: "There is no such suggestion in the plan in force.",
    Code.SUGGESTION_STALE: "Stock or supply is no longer as the plan supposed; have a plan made anew.",
    Code.RATE_LIMITED: "This client has asked too often; it may ask again a little later.",
    Code.OVERLOADED: "Too many requests are waiting; nothing was changed. Retry shortly with the same key.",
    Code.CONTENTION: "Other writers were always first; nothing was changed. Retry with the same key.",
    Code.OUTCOME_UNKNOWN: "No answer in time: it may have been applied or not. Retry with the same key to learn which.",
    Code.UNAVAILABLE: "The database did not answer in time. Retry with the same key.",
}

KINDS: Mapping[str, str] = {
    "ADJUST": "Available units were added or taken away.",
    "SET": "Buckets were set to absolute quantities.",
    "MOVE": "Units moved between buckets or locations.",
    "SALE": "An order was reported by a channel.",
    "RESERVE": "Units were promised for a while.",
    "EXTEND": "A reservation got more time.",
    "COMMIT": "A reservation was committed: it no longer expires.",
    "RELEASE": "A reservation gave its units back.",
    "EXPIRE": "A reservation ran out, and its units became available again.",
    "FULFIL": "Promised units have left.",
    "REASSIGN": "Promised units were given to another order.",
    "CHECKOUT": "A customer's order was made; nothing is held for it unless that was asked for.",
    "PAYMENT_START": "Units were reserved just before a payment.",
    "PAYMENT_SUCCESS": "A payment succeeded: its units stay promised.",
    "PAYMENT_FAILURE": "A payment failed: its units became available again.",
    "SHIP": "An order was shipped, whole or in part.",
    "CANCEL": "An order was cancelled: its units became available again.",
    "TRANSFER_CREATE": "A transfer was drafted.",
    "TRANSFER_SHIP": "Units left for another location.",
    "TRANSFER_RECEIVE": "Units of a transfer arrived.",
    "TRANSFER_CLOSE": "A transfer was closed with less than was shipped.",
    "TRANSFER_RESOLVE": "What a transfer lacked was found, or written off.",
    "TRANSFER_CANCEL": "A transfer was cancelled.",
    "INBOUND_CREATE": "A purchase was ordered from a supplier.",
    "INBOUND_UPDATE": "A purchase changed.",
    "INBOUND_RECEIVE": "Units of a purchase arrived.",
    "INBOUND_CANCEL": "What was left of a purchase was cancelled.",
    "BACKORDER_CREATE": "Units on their way were promised to a buyer.",
    "BACKORDER_MOVE": "A buyer was promised other units on their way instead.",
    "BACKORDER_CANCEL": "A buyer waits no longer for units on their way.",
    "QUOTA_SET": "Units were kept for a channel from then on.",
    "QUOTA_CLEAR": "Units were kept for a channel no longer.",
    "RETURN": "A buyer brought units back.",
    "REPAIR": "A level that differed from its ledger was made to agree with it again.",
}
