"""Refusals as problem details. https://www.rfc-editor.org/rfc/rfc9457"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from starlette.responses import Response

from gateway.inventory.access import Forbidden
from gateway.inventory.errors import (
    Code,
    IdempotencyKeyReused,
    InvalidInput,
    InventoryError,
    NotFound,
    Path,
    TooOften,
    Unavailable,
)
from gateway.inventory.ports import StorageError
from gateway.rest.answers import Answer, CartLineAnswer
from gateway.rest.bodies import TAG_PREFIX
from gateway.rest.texts import MEANINGS
from gateway.transport.refusals import RequestRefused

MEDIA_TYPE = "application/problem+json"
INVALID_FIELDS_MAX = 20

_log = structlog.get_logger(__name__)

_CODES: Mapping[str, Code] = {
    "too_short": Code.EMPTY,
    "too_long": Code.TOO_MANY,
    "string_too_long": Code.TOO_LONG,
    "string_pattern_mismatch": Code.INVALID_CHARACTERS,
    "greater_than_equal": Code.OUT_OF_RANGE,
    "less_than_equal": Code.OUT_OF_RANGE,
    "less_than": Code.OUT_OF_RANGE,
    "zero_delta": Code.ZERO_DELTA,
}
_RETRY_AFTER = {"retry-after": "1"}


class InvalidField(Answer):
    field: list[str]
    message: str


class Problem(Answer):
    """Why a request was refused. `code` is stable; `field` leads to what it is about, list positions from 0."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    field: list[str] = Field(default_factory=list)
    retryable: bool = Field(default=False, description="Whether the same request may succeed if it is sent again.")
    actual_quantity: int | None = Field(default=None, description="The quantity because of which it was refused.")
    differing_paths: list[str] | None = Field(
        default=None, description="Where the request differs from the one that used its key first."
    )
    invalid_fields: list[InvalidField] | None = None
    lines: list[CartLineAnswer] | None = Field(
        default=None, description="What each line of a cart could have; only for keys with `inventory:read`."
    )
    error_id: str | None = Field(default=None, description="By which the log finds an unexpected error.")


class Refused(Exception):
    """A problem that is ready to be sent."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, path: Path = (), **more: Any) -> None:
        super().__init__(detail)
        self.problem = Problem(title=status.phrase, status=status, detail=detail, code=code, field=list(path), **more)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    body = problem.model_dump_json(by_alias=True, exclude_none=True)
    return Response(body, problem.status, {"cache-control": "no-store", **(headers or {})}, MEDIA_TYPE)


def refusal(error: Exception) -> Response:
    """The answer to a request that ended with an exception."""
    problem = problem_of(error)
    if isinstance(error, RequestRefused):
        return problem_response(problem, error.headers)
    return problem_response(problem, _RETRY_AFTER if problem.retryable else None)


def problem_of(error: Exception) -> Problem:
    """What to tell of an exception; unexpected ones are logged and masked."""
    match error:
        case Refused():
            return error.problem
        case InventoryError():
            return _problem(error)
        case StorageError():
            return _problem(
                Unavailable(Code.UNAVAILABLE, "The database did not answer in time. Send the request again.")
            )
        case RequestRefused():
            return Refused(error.status, error.code, error.message).problem
        case _:
            error_id = secrets.token_hex(8)
            _log.error("unexpected error in a request", error_id=error_id, exc_info=error)
            return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error", error_id=error_id).problem


def _status(error: InventoryError) -> HTTPStatus:
    match error:
        case Forbidden():
            return HTTPStatus.FORBIDDEN
        case InvalidInput():
            return HTTPStatus.BAD_REQUEST
        case NotFound():
            return HTTPStatus.NOT_FOUND
        case IdempotencyKeyReused():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case TooOften():
            return HTTPStatus.TOO_MANY_REQUESTS
        case Unavailable():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            return HTTPStatus.CONFLICT


def _problem(error: InventoryError) -> Problem:
    differing = list(error.differing_paths) if isinstance(error, IdempotencyKeyReused) else None
    return Refused(
        _status(error),
        error.code,
        error.message,
        error.path,
        retryable=error.retryable,
        actual_quantity=getattr(error, "actual", None),
        differing_paths=differing,
    ).problem


def invalid_body(error: ValidationError) -> Refused:
    """What is wrong with a body, beginning with the first thing found."""
    found = error.errors(include_url=False, include_input=False)
    fields = [InvalidField(field=_field(each["loc"]), message=_message(each)) for each in found[:INVALID_FIELDS_MAX]]
    code = _CODES.get(found[0]["type"], Code.INVALID_INPUT)
    first = fields[0]
    return Refused(HTTPStatus.BAD_REQUEST, code, first.message, tuple(first.field), invalid_fields=fields)


def _message(found: ErrorDetails) -> str:
    return MEANINGS.get(found.get("ctx", {}).get("pattern", ""), found["msg"])


def _field(location: tuple[int | str, ...]) -> list[str]:
    return [str(part) for part in location if not str(part).startswith(TAG_PREFIX)]
