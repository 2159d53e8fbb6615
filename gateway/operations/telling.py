"""From what has happened to what is owed to each endpoint: a message, made once, whoever makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Protocol

from gateway.inventory.alerts import Alert, AlertState
from gateway.inventory.deliveries import Delivery, DeliveryState
from gateway.inventory.webhook_endpoints import EventType, WebhookEndpoint
from gateway.operations.clock import Clock

ALERTS_AT_ONCE = 100

_EVENT_OF = {
    AlertState.OPEN: EventType.ALERT_OPENED,
    AlertState.ACKNOWLEDGED: EventType.ALERT_ACKNOWLEDGED,
    AlertState.RESOLVED: EventType.ALERT_RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Message:
    """What has happened, in the payload that the Standard Webhooks specification recommends.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-structure
    """

    id: str
    event_type: EventType
    at: datetime
    data: Mapping[str, object]

    def owed_to(self, endpoint: WebhookEndpoint, now: datetime) -> Delivery:
        payload = {"type": self.event_type.value, "timestamp": self.at.isoformat(), "data": self.data}
        body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
        delivery_id = f"{self.id}.{endpoint.id}"
        pending = DeliveryState.PENDING
        return Delivery(delivery_id, self.id, endpoint.id, self.event_type, body, pending, (), now, now)


class AlertRepository(Protocol):
    async def untold(self, limit: int) -> list[Alert]:
        """Alerts whose present state nobody was told of."""

    async def told(self, alert: Alert) -> None:
        """Its state was told of, unless it has changed meanwhile."""


class EndpointRepository(Protocol):
    async def all(self) -> list[WebhookEndpoint]: ...


class DeliveryRepository(Protocol):
    async def owe(self, deliveries: Sequence[Delivery]) -> None: ...


class Teller:
    """Owes every new state of an alert to the endpoints that want it.

    What it does twice it does once, since a message's id follows from the alert; so a crash loses nothing. An alert
    that changes twice before it is told of is told of as it is then.
    """

    def __init__(
        self, alerts: AlertRepository, endpoints: EndpointRepository, deliveries: DeliveryRepository, clock: Clock
    ) -> None:
        self._alerts = alerts
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._clock = clock

    async def tell(self) -> int:
        """How many alerts there were to tell of. Raises a StorageError."""
        alerts = await self._alerts.untold(ALERTS_AT_ONCE)
        if not alerts:
            return 0
        endpoints, now = await self._endpoints.all(), self._clock()
        messages = [alert_message(alert) for alert in alerts]
        await self._deliveries.owe(
            [message.owed_to(each, now) for message in messages for each in endpoints if each.wants(message.event_type)]
        )
        for alert in alerts:
            await self._alerts.told(alert)
        return len(alerts)


def alert_message(alert: Alert) -> Message:
    digest = blake2b(f"{alert.id}/{alert.revision}".encode(), digest_size=16).hexdigest()
    data: dict[str, object] = {
        "alertId": alert.id,
        "kind": alert.kind.name,
        "state": alert.state.name,
        "channelId": alert.channel_id,
        "orderId": alert.order_id,
        "inboundId": alert.inbound_id,
        "owner": alert.owner,
        "resolution": alert.resolution,
        "lines": [
            {
                "itemId": line.item_id,
                "sku": line.sku,
                "locationId": line.location_id,
                "missing": line.missing,
                "available": line.available,
                "threshold": line.threshold,
            }
            for line in alert.lines
        ],
        "openedAt": alert.opened_at.isoformat(),
    }
    return Message(f"msg_{digest}", _EVENT_OF[alert.state], alert.updated_at, data)
