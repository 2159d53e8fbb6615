"""What the contract needs to know of a platform, and how to carry out a flow without a network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import orjson

from connectors.base import Connector
from connectors.config import read_config
from connectors.errors import ConnectorError
from connectors.exchange import Flow, Notification, Request, Response, Wait, headers_of
from connectors.messages import ChannelMessage, OrderEvent, OrderReference
from connectors.updates import StockUpdate, UpdateOutcome

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)

Result = TypeVar("Result")
Headers = Mapping[str, str]


class Lack(StrEnum):
    """What a platform may be without."""

    TOKENS = "tokens"
    """Its credentials are for good: there is nothing to renew."""
    LOOK = "look"
    """That it accepted a write is all that it tells at that time."""
    SIGNED_TIME = "signed_time"
    """Nothing proves when a notification was sent: an old one is known by the order's own time."""
    SHIPPING = "shipping"
    """What is sold there has left the house."""
    PARTS = "parts"
    """It does not tell how many units of a line have been shipped."""
    RETURNS = "returns"
    """Units that came back are not found at their order; why, the connector says where it reads orders."""
    RESTOCKING = "restocking"
    """It does not tell whether what came back can be sold again: the operator says so, or all can."""


@dataclass(frozen=True, kw_only=True)
class PlatformCase:
    connector: Connector[Any]
    entered: Mapping[str, Any]
    required_field: str
    secret: str = ""
    """This and what follows up to `unknown_topic` only for platforms that send notifications."""
    previous_secret: str = ""
    sign: Callable[[str, bytes], str] = lambda secret, body: ""
    """The text of the signature header, computed apart from the connectors' own code."""
    signature_header: str = ""
    """Empty where the proof is in the address."""
    headers: Headers = field(default_factory=dict)
    """Of a notification, without the signature."""
    body: bytes = b""
    messages: Sequence[ChannelMessage] = ()
    unknown_topic: Headers | bytes = b""
    """Headers of such a notification, or its body where that names the topic."""
    polled: Sequence[Any] = ()
    """The bodies of the answers to a poll for changed orders; needed of platforms that send no notifications."""
    polled_orders: Sequence[OrderEvent | OrderReference] = ()
    """What that poll finds."""
    updates: Sequence[StockUpdate]
    """The first two; the last one is for something the platform does not have."""
    mistyped_id: str = "x' OR 1"
    """What cannot be an id of the platform."""
    request: tuple[str, str, Any]
    """Method, end of the address and body of the first call that writes the first update."""
    before: Sequence[Any] = ()
    """The bodies of the answers to the looks that are taken before that call."""
    success: Any
    """The answer's body to that."""
    after: Sequence[Any] = ()
    """The bodies of the answers to the looks that follow it."""
    partial: Sequence[Any]
    """The bodies of the answers to writing all updates, of which the last one fails."""
    partial_outcomes: Sequence[UpdateOutcome]
    classified: Sequence[tuple[Response, type[ConnectorError]]]
    """Answers beyond what HTTP itself says."""
    lacks: frozenset[Lack] = frozenset()
    """What the tests of all platforms must not find here; everything else they must."""
    address: Callable[[str], str] = lambda secret: ""
    """Of a notification, for platforms whose proof is in it."""
    signs_content: bool = True

    def config(self) -> Any:
        return read_config(self.connector.config_type, self.entered)

    def notification(self, secret: str | None = None, **changed: Any) -> Notification:
        body: bytes = changed.get("body", self.body)
        headers = {**self.headers, **changed.get("headers", {})}
        if self.signature_header:
            headers[self.signature_header] = self.sign(secret or self.secret, body)
        return Notification(
            body=changed.get("delivered", body),
            headers=headers_of(headers),
            received_at=NOW,
            url=self.address(secret or self.secret),
        )

    def unproven(self) -> Notification:
        return Notification(body=self.body, headers=headers_of(self.headers), received_at=NOW)

    def written(self) -> list[Response]:
        """The answers to writing the first update."""
        return [answer(body) for body in (*self.before, self.success, *self.after)]


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    """Header names with underscores for hyphens. What is an answer already stays as it is."""
    if isinstance(body, Response):
        return body
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(status=status, headers=headers_of(named), body=raw)


def drive(flow: Flow[Result], answers: Sequence[Response]) -> tuple[list[Request], Result]:
    """The requests the flow made, and its result; its pauses are skipped."""
    requests: list[Request] = []
    left = list(answers)
    try:
        step = next(flow)
        while isinstance(step, Wait) or left:
            if isinstance(step, Wait):
                step = next(flow)
            else:
                requests.append(step)
                step = flow.send(left.pop(0))
    except StopIteration as finished:
        return requests, finished.value
    raise AssertionError(f"the flow asks for more: {step}")
