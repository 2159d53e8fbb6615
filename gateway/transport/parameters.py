"""The parameters of a GraphQL request, from a JSON body, a query string or a WebSocket message.

https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from gateway.transport.refusals import RequestRefused

# query, operationName, variables, extensions, and some that a client's own tools add.
QUERY_STRING_FIELDS_MAX = 20


@dataclass(frozen=True, slots=True)
class Parameters:
    query: str
    operation_name: str | None
    variables: dict[str, Any]


def from_json(body: bytes) -> Parameters:
    """Raise `RequestRefused` when the body is not JSON, or not one request."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestRefused(f"The request body is not JSON: {error}", code="INVALID_JSON") from None
    if isinstance(data, list):
        raise RequestRefused("Several requests in one body are not accepted", code="BATCHING_NOT_ACCEPTED")
    return from_mapping(data)


def from_query_string(query_string: bytes) -> Parameters:
    """Raise `RequestRefused` when a parameter is given twice, or `variables` is not a JSON map."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_STRING_FIELDS_MAX,
        )
    except ValueError:
        raise RequestRefused("The query string is not URL-encoded UTF-8") from None
    data: dict[str, Any] = dict(pairs)
    if len(data) != len(pairs):
        raise RequestRefused("The query string has a parameter twice")
    for name in ("variables", "extensions"):
        if name in data:
            try:
                data[name] = orjson.loads(data[name]) if data[name] else None
            except orjson.JSONDecodeError as error:
                raise RequestRefused(f"'{name}' is not JSON: {error}", code="INVALID_JSON") from None
    return from_mapping(data)


def from_mapping(data: object) -> Parameters:
    """Raise `RequestRefused` when a parameter is missing or of another type than specified."""
    if not isinstance(data, Mapping):
        raise RequestRefused("A GraphQL request is a JSON object")
    query = data.get("query")
    if not isinstance(query, str):
        raise RequestRefused("'query' must be a string")
    operation_name = data.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise RequestRefused("'operationName' must be a string")
    variables = _optional_map(data, "variables")
    _optional_map(data, "extensions")
    return Parameters(query, operation_name, variables)


def _optional_map(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequestRefused(f"'{name}' must be a map")
    return value
