"""What is owed to one address: a message, and every attempt to hand it over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.inventory.webhook_endpoints import EventType

RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Waits between attempts, three days in all.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
"""

JITTER = 0.1
WAIT_SECONDS_MAX = 86_400.0


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up after the last attempt; a person can have it sent again."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """`status` is None where there was no answer; `error` says in words why it did not succeed."""

    at: datetime
    duration_ms: int
    status: int | None
    error: str | None

    @property
    def succeeded(self) -> bool:
        return self.error is None


@dataclass(frozen=True, slots=True)
class Delivery:
    """`body` is sent as it is, the same for every attempt; `message_id` is the same for every address."""

    id: str
    message_id: str
    endpoint_id: str
    event_type: EventType
    body: bytes
    state: DeliveryState
    attempts: tuple[Attempt, ...]
    next_at: datetime | None
    created_at: datetime

    def after(self, attempt: Attempt, wished_seconds: float | None, chance: float) -> Delivery:
        """With one attempt more. `wished_seconds` is the receiver's Retry-After, `chance` a number from 0 to 1."""
        attempts = (*self.attempts, attempt)
        if attempt.succeeded:
            return replace(self, state=DeliveryState.DELIVERED, attempts=attempts, next_at=None)
        if len(attempts) > len(RETRY_SECONDS):
            return replace(self, state=DeliveryState.FAILED, attempts=attempts, next_at=None)
        wait = RETRY_SECONDS[len(attempts) - 1] * (1 - JITTER + 2 * JITTER * chance)
        wait = min(max(wait, wished_seconds or 0.0), WAIT_SECONDS_MAX)
        return replace(self, attempts=attempts, next_at=attempt.at + timedelta(seconds=wait))

    def again(self, now: datetime) -> Delivery:
        """As if it had never been tried; its message keeps its id, by which receivers know it."""
        return replace(self, state=DeliveryState.PENDING, attempts=(), next_at=now)
