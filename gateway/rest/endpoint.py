"""One endpoint of the REST API as a value: how it is called, what it takes, does and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar

from gateway.inventory.access import Principal, Scope
from gateway.operations.calls import Call
from gateway.rest.answers import Answer
from gateway.rest.bodies import Body, CallBody

B = TypeVar("B", bound=Body)


@dataclass(frozen=True, slots=True)
class Asked(Generic[B]):
    """A request that has been found well-formed, from a client that may make it."""

    principal: Principal
    body: B
    path: Mapping[str, str]
    idempotency_key: str = ""

    @property
    def call(self) -> Call:
        """For requests that change something."""
        body = self.body
        said = (body.reason, body.reference) if isinstance(body, CallBody) else (None, None)
        return Call(self.principal.client, self.idempotency_key, *said)


@dataclass(frozen=True, slots=True)
class Answered:
    """What to answer; `replayed` where an earlier request with the same key had done it."""

    answer: Answer
    replayed: bool = False


Handler = Callable[[Asked[B]], Awaitable[Answered]]


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[B]):
    """`body` is the model of the request's JSON. A keyed endpoint changes something, once per `Idempotency-Key`."""

    method: str
    path: str
    name: str
    summary: str
    scope: Scope
    body: type[B]
    answer: type[Answer]
    handle: Handler[B]
    status: HTTPStatus = HTTPStatus.OK
    keyed: bool = True
    refusals: tuple[HTTPStatus, ...] = ()

    @property
    def body_required(self) -> bool:
        return any(field.is_required() for field in self.body.model_fields.values())


def asking(
    path: str,
    name: str,
    summary: str,
    body: type[B],
    answer: type[Answer],
    handle: Handler[B],
    *refusals: HTTPStatus,
) -> Endpoint[B]:
    """A question that storefronts may put; it changes nothing."""
    refused = (HTTPStatus.NOT_FOUND, *refusals)
    scope = Scope.AVAILABILITY_READ
    return Endpoint("POST", path, name, summary, scope, body, answer, handle, keyed=False, refusals=refused)


def reading(path: str, name: str, summary: str, answer: type[Answer], handle: Handler[Body]) -> Endpoint[Body]:
    """One document."""
    scope, refused = Scope.INVENTORY_READ, (HTTPStatus.NOT_FOUND,)
    return Endpoint("GET", path, name, summary, scope, Body, answer, handle, keyed=False, refusals=refused)


def changing(
    path: str,
    name: str,
    summary: str,
    body: type[B],
    answer: type[Answer],
    handle: Handler[B],
    status: HTTPStatus = HTTPStatus.OK,
) -> Endpoint[B]:
    """A change, applied once per key."""
    refused = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
    return Endpoint("POST", path, name, summary, Scope.INVENTORY_WRITE, body, answer, handle, status, refusals=refused)
