"""Every expected refusal, each with its own name, code and advice whether a retry can help.

InventoryError
├── InvalidInput            the request itself is malformed; never retryable
├── NotFound                a SKU or location that does not exist
├── Conflict                the state forbids it: archived, inactive, taken, stale compare
│   ├── InsufficientStock
│   │   └── KeptForOthers
│   ├── CompareQuantityStale
│   ├── Overtaken
│   └── IdempotencyKeyReused
├── TooOften                the client has asked too often for now
└── Unavailable             nothing was decided; the same key may simply be sent again
"""

from __future__ import annotations

from enum import StrEnum

Path = tuple[str, ...]


class Code(StrEnum):
    """The documented, stable list of error codes."""

    BLANK = "BLANK"
    TOO_LONG = "TOO_LONG"
    INVALID_CHARACTERS = "INVALID_CHARACTERS"
    EMPTY = "EMPTY"
    TOO_MANY = "TOO_MANY"
    DUPLICATE = "DUPLICATE"
    ZERO_DELTA = "ZERO_DELTA"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    COMPARE_QUANTITY_REQUIRED = "COMPARE_QUANTITY_REQUIRED"
    INVALID_INPUT = "INVALID_INPUT"
    FORBIDDEN = "FORBIDDEN"
    ITEM_NOT_FOUND = "ITEM_NOT_FOUND"
    LOCATION_NOT_FOUND = "LOCATION_NOT_FOUND"
    KEY_NOT_FOUND = "KEY_NOT_FOUND"
    CHANNEL_NOT_FOUND = "CHANNEL_NOT_FOUND"
    ITEM_ARCHIVED = "ITEM_ARCHIVED"
    LOCATION_INACTIVE = "LOCATION_INACTIVE"
    TAKEN = "TAKEN"
    IN_USE = "IN_USE"
    INSUFFICIENT_STOCK = "INSUFFICIENT_STOCK"
    COMPARE_QUANTITY_STALE = "COMPARE_QUANTITY_STALE"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    NOT_APPLIED = "NOT_APPLIED"
    RESERVATION_NOT_FOUND = "RESERVATION_NOT_FOUND"
    NOT_COMMITTED = "NOT_COMMITTED"
    ALREADY_COMMITTED = "ALREADY_COMMITTED"
    ALREADY_FULFILLED = "ALREADY_FULFILLED"
    ALREADY_RELEASED = "ALREADY_RELEASED"
    EXPIRED = "EXPIRED"
    MORE_THAN_HELD = "MORE_THAN_HELD"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    PAYMENT_NOT_STARTED = "PAYMENT_NOT_STARTED"
    TRANSFER_NOT_FOUND = "TRANSFER_NOT_FOUND"
    INBOUND_NOT_FOUND = "INBOUND_NOT_FOUND"
    NOT_SHIPPED = "NOT_SHIPPED"
    NOT_STOPPED = "NOT_STOPPED"
    ALREADY_SHIPPED = "ALREADY_SHIPPED"
    ALREADY_RECEIVED = "ALREADY_RECEIVED"
    ALREADY_CANCELLED = "ALREADY_CANCELLED"
    MORE_THAN_EXPECTED = "MORE_THAN_EXPECTED"
    NO_DISCREPANCY = "NO_DISCREPANCY"
    ALERT_NOT_FOUND = "ALERT_NOT_FOUND"
    BACKORDER_NOT_FOUND = "BACKORDER_NOT_FOUND"
    QUOTA_NOT_FOUND = "QUOTA_NOT_FOUND"
    ALREADY_RESOLVED = "ALREADY_RESOLVED"
    AS_OF_IN_FUTURE = "AS_OF_IN_FUTURE"
    AS_OF_TOO_OLD = "AS_OF_TOO_OLD"
    QUOTE_NOT_FOUND = "QUOTE_NOT_FOUND"
    BUFFER_RULE_NOT_FOUND = "BUFFER_RULE_NOT_FOUND"
    ALREADY_ACCEPTED = "ALREADY_ACCEPTED"
    REVISION_STALE = "REVISION_STALE"
    ENDPOINT_NOT_FOUND = "ENDPOINT_NOT_FOUND"
    DELIVERY_NOT_FOUND = "DELIVERY_NOT_FOUND"
    SUGGESTION_NOT_FOUND = "SUGGESTION_NOT_FOUND"
    SUGGESTION_STALE = "SUGGESTION_STALE"
    RATE_LIMITED = "RATE_LIMITED"
    OVERLOADED = "OVERLOADED"
    CONTENTION = "CONTENTION"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    UNAVAILABLE = "UNAVAILABLE"


class InventoryError(Exception):
    """An expected refusal. `path` names the field relative to the request, outermost first."""

    retryable = False

    def __init__(self, code: Code, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path


class InvalidInput(InventoryError):
    """The request can never be applied as it stands."""


class NotFound(InventoryError):
    """The request names something that does not exist."""


class Conflict(InventoryError):
    """The request is well formed, but the present state forbids it."""


class InsufficientStock(Conflict):
    """A bucket would end below its floor. `actual` is its quantity now, in units."""

    def __init__(self, message: str, path: Path, actual: int) -> None:
        super().__init__(Code.INSUFFICIENT_STOCK, message, path)
        self.actual = actual


class KeptForOthers(InsufficientStock):
    """The units are there, but channels' quotas keep them. `actual` is what can be had now, in units."""

    def __init__(self, units: int, room: int, location_id: str, path: Path) -> None:
        message = f"Only {room} available at '{location_id}', {units} were asked for: quotas keep units for others."
        super().__init__(message, path, room)


class CompareQuantityStale(Conflict):
    """The caller's compare quantity is not the present one. `actual` is, in units."""

    def __init__(self, message: str, path: Path, actual: int) -> None:
        super().__init__(Code.COMPARE_QUANTITY_STALE, message, path)
        self.actual = actual


class Overtaken(Conflict):
    """What the request was prepared with has changed meanwhile; prepared anew, the same request may succeed."""

    retryable = True

    def __init__(self) -> None:
        super().__init__(Code.CONTENTION, "Other writers were always first. Send the request again.")


class IdempotencyKeyReused(Conflict):
    """The key belongs to another request. `differing_paths` says where the two differ."""

    def __init__(self, differing_paths: tuple[str, ...]) -> None:
        differing = ", ".join(differing_paths)
        message = f"This idempotency key was used for a different request (differs in: {differing}). Use a new key."
        super().__init__(Code.IDEMPOTENCY_KEY_REUSED, message, ("idempotencyKey",))
        self.differing_paths = differing_paths


class TooOften(InventoryError):
    """The client has asked more often than it may; a little later it may again."""

    retryable = True

    def __init__(self) -> None:
        super().__init__(Code.RATE_LIMITED, "This was asked too often. Ask again a little later.")


class Unavailable(InventoryError):
    """Nothing is known to have been applied; sending the same request with the same key is safe."""

    retryable = True
