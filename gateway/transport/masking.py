"""Errors as the client sees them: unexpected ones are masked, and logged once with an id."""

import secrets
from collections.abc import Sequence
from typing import Any

import structlog
from graphql import GraphQLError

from gateway.transport.refusals import DocumentInvalid, RequestRefused

log = structlog.get_logger(__name__)

INTERNAL_MESSAGE = "Internal error"


def client_errors(errors: Sequence[GraphQLError], code: str | None = None) -> list[dict[str, Any]]:
    """Return the errors in their JSON form; `code` is for those that have none, of a request that was not executed.

    What a resolver raised is shown only when it is a `GraphQLError` or a `RequestRefused`, which are made to
    be shown. An exception that failed many fields at once, as a batch of a loader does, has one id.
    """
    ids: dict[int, str] = {}
    return [_client_error(error, code, ids) for error in errors]


def request_errors(error: Exception) -> list[dict[str, Any]]:
    """Return the errors of a request that ended with an exception, whatever it is."""
    if isinstance(error, DocumentInvalid):
        return client_errors(error.errors, error.code)
    if isinstance(error, GraphQLError):
        return client_errors([error])
    if isinstance(error, RequestRefused):
        return [{"message": error.message, "extensions": {"code": error.code}}]
    return [{"message": INTERNAL_MESSAGE, "extensions": _internal(_logged(error))}]


def _client_error(error: GraphQLError, code: str | None, ids: dict[int, str]) -> dict[str, Any]:
    shown: dict[str, Any] = dict(error.formatted)
    cause = error.original_error
    if code is not None and isinstance(cause, ValueError):
        cause = None  # what cannot be read as a value is the client's, like a number of 5,000 digits
    if isinstance(cause, RequestRefused):
        shown["extensions"] = {"code": cause.code}
    elif cause is not None and not isinstance(cause, GraphQLError):
        if id(cause) not in ids:
            ids[id(cause)] = _logged(cause, path=error.path)
        shown["message"] = INTERNAL_MESSAGE
        shown["extensions"] = _internal(ids[id(cause)])
    elif code is not None:
        shown["extensions"] = {"code": code, **(error.extensions or {})}
    elif not error.extensions:
        # The executor's own: a variable's default was null where an argument must not be.
        shown["extensions"] = {"code": "BAD_USER_INPUT"}
    return shown


def _internal(error_id: str) -> dict[str, Any]:
    return {"code": "INTERNAL", "errorId": error_id}


def _logged(error: Exception, path: list[str | int] | None = None) -> str:
    error_id = secrets.token_hex(8)
    log.error("unexpected error in a GraphQL operation", error_id=error_id, path=path, exc_info=error)
    return error_id
