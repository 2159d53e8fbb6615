"""One call of Square's API, and what its errors mean.
https://developer.squareup.com/docs/build-basics/general-considerations/handling-errors"""

from typing import Any

import orjson

from connectors.errors import AuthExpired, ConnectorError, Permanent, Retriable, Throttled
from connectors.exchange import Request, Response
from connectors.platforms.square.config import SquareConfig
from connectors.status import error_for_status, retry_after_seconds

SIGNED_OUT = frozenset(("UNAUTHORIZED", "ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_REVOKED", "CLIENT_DISABLED"))


def call(
    config: SquareConfig, path: str, payload: object = None, *, method: str = "", expected: tuple[int, ...] = ()
) -> Request:
    """A POST of the payload, or a GET without one. Everything we send may be repeated: it reads, or carries a key."""
    return Request(
        method=method or ("GET" if payload is None else "POST"),
        url=config.base_url + path,
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Square-Version": config.api_version,
        },
        body=b"" if payload is None else orjson.dumps(payload),
        repeatable=True,
        expected=expected,
    )


def errors_in(response: Response) -> list[dict[str, Any]]:
    """Square's own errors; a 2xx may hold some as well."""
    if b'"errors"' not in response.body:
        return []
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return []
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def error_of(response: Response, platform: str) -> ConnectorError | None:
    errors = errors_in(response)
    if not errors or response.status >= 500:
        return error_for_status(response, platform)
    category, code = errors[0].get("category"), errors[0].get("code", "no code")
    reason = f"{platform}: {errors[0].get('detail') or 'no detail'} ({code})"
    match category:
        case "RATE_LIMIT_ERROR":
            return Throttled(reason, after_seconds=retry_after_seconds(response))
        case "API_ERROR":
            return Retriable(reason)
        case "AUTHENTICATION_ERROR" if code in SIGNED_OUT:
            return AuthExpired(reason)
    return Permanent(reason)
