"""The OpenAPI description, made from the very endpoints and models that serve the requests.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.rest.endpoint import Endpoint
from gateway.rest.problems import MEDIA_TYPE, Problem
from gateway.rest.texts import KEY_PATTERN, SLUG_PATTERN

Json = dict[str, Any]

_REF = "#/components/schemas/{model}"
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_WITH_BODY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def describe(endpoints: Sequence[Endpoint[Any]]) -> Json:
    """The whole OpenAPI document."""
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint)
        if endpoint.status is HTTPStatus.CREATED and (links := _links(endpoint, endpoints)):
            operation["responses"]["201"]["links"] = links
        paths.setdefault(_template(endpoint.path), {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Inventory gateway",
            "version": importlib.metadata.version("inventory-gateway"),
            "description": "One true stock count for every channel: carts, orders, reservations and adjustments.",
        },
        "security": [{"apiKey": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(endpoints),
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(endpoints: Sequence[Endpoint[Any]]) -> Json:
    models: dict[type[BaseModel], Literal["validation", "serialization"]] = {Problem: "serialization"}
    for endpoint in endpoints:
        models[endpoint.answer] = "serialization"
        if endpoint.method != "GET":
            models[endpoint.body] = "validation"
    schemas: Json = models_json_schema(list(models.items()), by_alias=True, ref_template=_REF)[1]["$defs"]
    return schemas


def _operation(endpoint: Endpoint[Any]) -> Json:
    operation: Json = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": f"Needs an API key with the scope `{endpoint.scope}`.",
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
    }
    if endpoint.method != "GET":
        content = {"application/json": {"schema": _reference(endpoint.body)}}
        operation["requestBody"] = {"required": endpoint.body_required, "content": content}
    return operation


def _parameters(endpoint: Endpoint[Any]) -> list[Json]:
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": SLUG_PATTERN}}
        for name in (_camel(part[1:-1]) for part in endpoint.path.split("/") if part.startswith("{"))
    ]
    if endpoint.keyed:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "One new key for each intended change; its repetitions get the first outcome again.",
                "schema": {"type": "string", "pattern": KEY_PATTERN},
            }
        )
    return parameters


def _responses(endpoint: Endpoint[Any]) -> Json:
    success: Json = {
        "description": endpoint.status.phrase,
        "content": {"application/json": {"schema": _reference(endpoint.answer)}},
    }
    if endpoint.keyed:
        replayed = "Sent where an earlier request with the same key had done this."
        success["headers"] = {"Idempotency-Replayed": {"description": replayed, "schema": {"const": "true"}}}
    refusals = {*_ALWAYS, *endpoint.refusals, *(_WITH_BODY if endpoint.method != "GET" else ())}
    content = {MEDIA_TYPE: {"schema": _reference(Problem)}}
    return {
        str(endpoint.status.value): success,
        **{str(status.value): {"description": status.phrase, "content": content} for status in sorted(refusals)},
    }


def _links(made: Endpoint[Any], endpoints: Sequence[Endpoint[Any]]) -> Json:
    """What can be done next with that which an endpoint makes."""
    followers = [endpoint for endpoint in endpoints if endpoint.path.startswith(f"{made.path}/{{")]
    return {
        follower.name: {
            "operationId": follower.name,
            "parameters": {parameter["name"]: "$response.body#/id"},
        }
        for follower in followers
        for parameter in _parameters(follower)
        if parameter["in"] == "path"
    }


def _reference(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


def _template(path: str) -> str:
    return "/".join("{" + _camel(part[1:-1]) + "}" if part.startswith("{") else part for part in path.split("/"))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
