"""Who is told what happens here: endpoints with their secrets, and what was or could not be delivered to them."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from gateway.inventory.deliveries import Delivery, DeliveryState
from gateway.inventory.errors import Code, Conflict, InvalidInput, NotFound, Unavailable
from gateway.inventory.identifiers import check_optional_text, check_text
from gateway.inventory.webhook_endpoints import ROTATION, EventType, WebhookEndpoint
from gateway.operations.clock import Clock
from gateway.operations.platforms import Cipher, SecretsUnreadable
from gateway.operations.telling import Message

URL_LENGTH_MAX = 2_000
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"
CHANGE_TRIES = 5

Place = tuple[int, str]


class EndpointRepository(Protocol):
    async def all(self) -> list[WebhookEndpoint]: ...

    async def get(self, endpoint_id: str) -> WebhookEndpoint | None: ...

    async def insert(self, endpoint: WebhookEndpoint) -> bool: ...

    async def replace(self, endpoint: WebhookEndpoint) -> WebhookEndpoint | None: ...

    async def delete(self, endpoint_id: str) -> bool: ...


class DeliveryRepository(Protocol):
    async def owe(self, deliveries: Sequence[Delivery]) -> None: ...

    async def get(self, delivery_id: str) -> Delivery | None: ...

    async def replace(self, delivery: Delivery) -> None: ...

    async def page(
        self, endpoint_id: str | None, states: Collection[DeliveryState], after: Place | None, limit: int
    ) -> list[Delivery]: ...

    async def forget(self, endpoint_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What is None stays as it is."""

    url: str | None = None
    description: str | None = None
    event_types: tuple[EventType, ...] | None = None
    enabled: bool | None = None


class WebhookEndpointOperations:
    """Each raises an InventoryError that names what is wrong."""

    def __init__(
        self,
        endpoints: EndpointRepository,
        deliveries: DeliveryRepository,
        cipher: Cipher,
        clock: Clock,
        *,
        endpoints_max: int,
    ) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._cipher = cipher
        self._clock = clock
        self._endpoints_max = endpoints_max

    async def create(
        self, url: str, event_types: Sequence[EventType] = (), description: str | None = None
    ) -> tuple[WebhookEndpoint, str]:
        """The endpoint, and the secret that its messages are signed with: it is not shown again."""
        _check_url(url)
        check_optional_text(description, ("description",))
        if len(await self._endpoints.all()) >= self._endpoints_max:
            raise Conflict(Code.TOO_MANY, f"This gateway has {self._endpoints_max} webhook endpoints already.")
        secret, now = _new_secret(), self._clock()
        endpoint = WebhookEndpoint(
            id=uuid4().hex[:12],
            url=url,
            description=description,
            event_types=tuple(dict.fromkeys(event_types)),
            sealed=self._seal([secret]),
            enabled=True,
            disabled_because=None,
            failing_since=None,
            rotated_until=None,
            created_at=now,
            updated_at=now,
        )
        await self._endpoints.insert(endpoint)
        return replace(endpoint, revision=1), secret

    async def update(self, endpoint_id: str, change: EndpointChange) -> WebhookEndpoint:
        """An endpoint that is switched on again is given the same patience as a new one."""
        if change.url is not None:
            _check_url(change.url)
        check_optional_text(change.description, ("description",))

        def changed(endpoint: WebhookEndpoint) -> WebhookEndpoint:
            after = replace(
                endpoint,
                url=change.url or endpoint.url,
                description=change.description or endpoint.description,
                event_types=endpoint.event_types if change.event_types is None else change.event_types,
                updated_at=self._clock(),
            )
            if change.enabled is None:
                return after
            because = None if change.enabled else "It was switched off."
            return replace(after, enabled=change.enabled, disabled_because=because, failing_since=None)

        return await self.change(endpoint_id, changed)

    async def rotate(self, endpoint_id: str) -> tuple[WebhookEndpoint, str]:
        """A new secret; for a day messages are signed with the former one as well."""
        secret = _new_secret()

        def rotated(endpoint: WebhookEndpoint) -> WebhookEndpoint:
            now = self._clock()
            sealed = self._seal([secret, *self._newest(endpoint)])
            return replace(endpoint, sealed=sealed, rotated_until=now + ROTATION, updated_at=now)

        return await self.change(endpoint_id, rotated), secret

    async def delete(self, endpoint_id: str) -> None:
        """Forget it, and all that it was owed."""
        if not await self._endpoints.delete(endpoint_id):
            raise _unknown(endpoint_id)
        await self._deliveries.forget(endpoint_id)

    async def ping(self, endpoint_id: str) -> Delivery:
        """Owe it a message that says nothing, whatever it wants to be told."""
        endpoint = await self.get(endpoint_id)
        if not endpoint.enabled:
            raise Conflict(Code.INVALID_INPUT, "The endpoint is switched off. Switch it on first.", ("id",))
        now = self._clock()
        message = Message(f"msg_{uuid4().hex}", EventType.PING, now, {"endpointId": endpoint_id})
        delivery = message.owed_to(endpoint, now)
        await self._deliveries.owe([delivery])
        return delivery

    async def resend(self, delivery_id: str) -> Delivery:
        """Owe it anew, delivered or not; receivers know the message by its id."""
        delivery = await self._deliveries.get(delivery_id)
        if delivery is None:
            raise NotFound(Code.DELIVERY_NOT_FOUND, "There is no delivery with this id.", ("id",))
        again = delivery.again(self._clock())
        await self._deliveries.replace(again)
        return again

    async def all(self) -> list[WebhookEndpoint]:
        return await self._endpoints.all()

    async def get(self, endpoint_id: str) -> WebhookEndpoint:
        """Raises NotFound."""
        endpoint = await self._endpoints.get(endpoint_id)
        if endpoint is None:
            raise _unknown(endpoint_id)
        return endpoint

    async def deliveries(
        self, endpoint_id: str | None, states: Collection[DeliveryState], after: Place | None, limit: int
    ) -> list[Delivery]:
        """Newest first."""
        return await self._deliveries.page(endpoint_id, states, after, limit)

    def secrets(self, endpoint: WebhookEndpoint) -> list[str]:
        """What its messages are to be signed with now, the newest first."""
        known: list[str] = json.loads(self._cipher.decrypt(endpoint.sealed))
        rotating = endpoint.rotated_until is not None and self._clock() < endpoint.rotated_until
        return known if rotating else known[:1]

    def _newest(self, endpoint: WebhookEndpoint) -> list[str]:
        """Its present secret; none where that cannot be read any more, which a new one is the way out of."""
        try:
            return self.secrets(endpoint)[:1]
        except SecretsUnreadable:
            return []

    async def change(self, endpoint_id: str, changed: Callable[[WebhookEndpoint], WebhookEndpoint]) -> WebhookEndpoint:
        """Store what `changed` makes of it. Raises NotFound."""
        for _ in range(CHANGE_TRIES):
            before = await self.get(endpoint_id)
            after = changed(before)
            if after == before:
                return before
            stored = await self._endpoints.replace(after)
            if stored is not None:
                return stored
        raise Unavailable(Code.CONTENTION, "The endpoint is being changed by others. Send the request again.")

    def _seal(self, known: Sequence[str]) -> bytes:
        return self._cipher.encrypt(json.dumps(known).encode())


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _check_url(url: str) -> None:
    check_text(url, ("url",), URL_LENGTH_MAX)
    try:
        parts = urlsplit(url)
        readable = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        readable = False
    if not readable:
        raise InvalidInput(Code.INVALID_INPUT, "This is not an http or https address.", ("url",))
    if parts.username is not None or parts.password is not None:
        message = "An address must not hold a password: messages are signed instead."
        raise InvalidInput(Code.INVALID_INPUT, message, ("url",))


def _unknown(endpoint_id: str) -> NotFound:
    return NotFound(Code.ENDPOINT_NOT_FOUND, "There is no webhook endpoint with this id.", ("id",))
