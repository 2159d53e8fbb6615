"""One GraphQL call and the ways it fails: with HTTP 200 as often as not.
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits"""

from typing import Any

import orjson

from connectors.errors import AuthExpired, ConnectorError, Permanent, Retriable, Throttled
from connectors.exchange import Flow, Request, Response
from connectors.pacing import Allowance
from connectors.platforms.shopify.config import ShopifyConfig
from connectors.status import error_for_status

PASSING = frozenset(("INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"))
CHANNEL_GONE = {
    402: "the shop is frozen until its bill is paid",
    404: "there is no such shop, or no such API version",
    423: "the shop is locked",
}


def ask(config: ShopifyConfig, document: str, variables: dict[str, Any], *, cost: float) -> Flow[dict[str, Any]]:
    """The answer's `data`. Everything we send may be repeated: reads, and writes with an idempotency key."""
    payload = {"query": document, "variables": variables}
    response = yield Request.json("POST", config.graphql_url, payload, repeatable=True, cost=cost)
    data: dict[str, Any] = response.json()["data"]
    return data


def error_of(response: Response, platform: str) -> ConnectorError | None:
    if response.status in CHANNEL_GONE:
        return Permanent(f"{platform}: {CHANNEL_GONE[response.status]} ({response.status})")
    error = error_for_status(response, platform)
    if error is not None or b'"errors"' not in response.body:
        return error
    answer = _decoded(response)
    errors = answer.get("errors")
    return _graphql_error(errors, answer, platform) if errors else None


def _graphql_error(errors: object, answer: dict[str, Any], platform: str) -> ConnectorError:
    if not isinstance(errors, list) or not isinstance(errors[0], dict):
        return Permanent(f"{platform} refuses the call: {errors}")
    code = (errors[0].get("extensions") or {}).get("code", "")
    message = f"{platform}: {errors[0].get('message')} ({code or 'no code'})"
    if code == "THROTTLED":
        return Throttled(message, after_seconds=_wait_seconds(answer))
    if code in PASSING:
        return Retriable(message)
    if code == "UNAUTHENTICATED":
        return AuthExpired(message)
    return Permanent(message)


def _wait_seconds(answer: dict[str, Any]) -> float:
    cost = (answer.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    missing = cost.get("requestedQueryCost", 0) - status.get("currentlyAvailable", 0)
    return float(max(missing / status.get("restoreRate", 100), 0.1))


def allowance_of(response: Response) -> Allowance | None:
    if b'"throttleStatus"' not in response.body:
        return None
    status = ((_decoded(response).get("extensions") or {}).get("cost") or {}).get("throttleStatus") or {}
    try:
        return Allowance(
            remaining=float(status["currentlyAvailable"]),
            per_second=float(status["restoreRate"]),
            burst=float(status["maximumAvailable"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _decoded(response: Response) -> dict[str, Any]:
    """Empty for what is no JSON object: the flow that reads the body says so better than we can here."""
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}
