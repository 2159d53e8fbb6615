"""Requests that are refused before, or instead of, being executed.

    RequestRefused
    ├── Unauthenticated      401  who is calling is not known
    ├── BodyTooLarge         413
    ├── BodyTooSlow          408
    ├── DocumentTooComplex   400  a limit on the shape or cost of the operation
    └── OperationTimeout     504

    DocumentInvalid               GraphQL's own errors, found before execution

Each refusal has an HTTP status and a stable `code`, which clients find in `errors[].extensions.code`.
"""

from collections.abc import Mapping
from http import HTTPStatus

from graphql import GraphQLError


class RequestRefused(Exception):
    """A refusal that the client may see: its message is sent as it is, never masked."""

    status: HTTPStatus = HTTPStatus.BAD_REQUEST
    code: str = "BAD_REQUEST"

    def __init__(
        self,
        message: str,
        *,
        status: HTTPStatus | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status or self.status
        self.code = code or self.code
        self.headers = dict(headers or {})


class Unauthenticated(RequestRefused):
    """No key, or one that is wrong, revoked or expired."""

    status = HTTPStatus.UNAUTHORIZED
    code = "UNAUTHENTICATED"

    def __init__(self, message: str = "A valid API key is required: Authorization: Bearer <key>") -> None:
        super().__init__(message, headers={"www-authenticate": "Bearer"})


class BodyTooLarge(RequestRefused):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "BODY_TOO_LARGE"


class BodyTooSlow(RequestRefused):
    status = HTTPStatus.REQUEST_TIMEOUT
    code = "BODY_TOO_SLOW"


class DocumentTooComplex(RequestRefused):
    code = "QUERY_TOO_COMPLEX"


class OperationTimeout(RequestRefused):
    """The operation was cancelled; whether a mutation took effect is answered by its idempotency key."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    code = "TIMEOUT"

    def __init__(self, seconds_max: float) -> None:
        super().__init__(f"The operation was cancelled after {seconds_max:g} seconds")


class DocumentInvalid(Exception):
    """The text is not GraphQL, or does not fit the schema."""

    def __init__(self, code: str, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
