"""What travels over HTTP, as plain values: requests we send, answers we get, notifications platforms send us."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import orjson
from multidict import CIMultiDict, CIMultiDictProxy

from connectors.errors import Retriable

_Result = TypeVar("_Result")

Flow: TypeAlias = Generator["Request | Wait", "Response", _Result]
"""A protocol of one or more calls, written as a generator: it yields requests, is sent their responses and returns the
result. A failed call is thrown into it as a `ConnectorError`. Between two looks at a job it yields a `Wait`."""

UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What reading a decoded body of unexpected shape fails with; turned into a `ConnectorError` in one place each way."""


def headers_of(pairs: Mapping[str, str] = MappingProxyType({})) -> CIMultiDictProxy[str]:
    """Header names are compared without regard to case, as HTTP does."""
    return CIMultiDictProxy(CIMultiDict(pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call to a platform. The credentials are added when it is sent; they are never part of this value."""

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    repeatable: bool = False
    """Sending it twice does the same as sending it once, so a lost answer may be followed by a second try at once."""
    cost: float = 1
    """What it takes from the channel's allowance, in the platform's own unit (requests, points)."""
    expected: tuple[int, ...] = ()
    """Statuses besides 2xx that the flow wants to see itself instead of being told of a failure."""
    budget: str = ""
    """Which of the connector's `budgets` it is paid from; empty: the channel's main allowance."""
    anonymous: bool = False
    """Sent without our credentials, which are no business of the server the platform led us to."""
    scope: str = ""
    """An OAuth scope for which this call needs a token of its own; empty: the channel's usual token."""

    @classmethod
    def json(cls, method: str, url: str, payload: object, **rest: Any) -> "Request":
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return cls(method=method, url=url, body=orjson.dumps(payload), headers=headers, **rest)


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause of a flow, while the platform works on something it was given; the flow is sent nothing for it."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A platform's answer with its whole body, already decompressed and within the size limit."""

    status: int
    headers: CIMultiDictProxy[str] = field(default_factory=headers_of)
    body: bytes = b""

    def json(self) -> Any:
        """The decoded body. An answer that is not JSON (maintenance page, firewall, cut off) raises `Retriable`."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            kind = self.headers.get("Content-Type", "no content type")
            raise Retriable(f"answered {self.status} with something that is not JSON ({kind})") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A webhook as it arrived: the raw bytes, because the signature covers those and not what they decode to."""

    body: bytes
    headers: CIMultiDictProxy[str]
    received_at: datetime
    url: str = ""
    """The public address it was sent to; some platforms sign it together with the body."""
    public_keys: Mapping[str, bytes] = field(default_factory=dict)
    """What was found at `Connector.key_addresses`, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the webhook endpoint must answer to a handshake."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    note: str = ""
    """For the operator, in the log."""
