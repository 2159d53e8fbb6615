"""Compares the requests that reached a simulated platform with the vendor's own description of its API."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
from jsonschema import Draft7Validator

from connectors.simulated.platform import ReceivedRequest

SPECS = Path(__file__).parents[3] / "shared" / "specs"
JSON_TYPES = {"application/json", "application/vnd.oracle.resource+json"}


class VendorDescription:
    """A Swagger 2 or OpenAPI 3 document. `base` comes before its paths; only requests `wanted` says are looked at, and
    of these not the parameters in `undescribed`, which the document lacks or describes wrongly."""

    def __init__(
        self,
        name: str,
        *,
        base: str = "",
        wanted: Callable[[ReceivedRequest], bool] = lambda request: True,
        undescribed: Collection[str] = (),
    ) -> None:
        path = SPECS / f"{name}.json"
        self._document: dict[str, Any] | None = orjson.loads(path.read_bytes()) if path.exists() else None
        document = self._document or {}
        self._shared = {name: document[name] for name in ("definitions", "components") if name in document}
        self._base = base
        self._wanted = wanted
        self._undescribed = undescribed

    def violations(self, requests: Iterable[ReceivedRequest]) -> list[str]:
        """Everything in the requests that the description does not allow; nothing when there is no description."""
        if self._document is None:
            return []
        return [problem for request in requests if self._wanted(request) for problem in self._problems(request)]

    def _problems(self, request: ReceivedRequest) -> Iterator[str]:
        called = f"{request.method} {request.path}"
        operation, parameters = self._operation(request)
        if operation is None:
            yield f"{called}: there is no such operation"
            return
        in_query = {one["name"]: one for one in parameters if one["in"] == "query"}
        query = {name: text for name, text in request.query.items() if name not in self._undescribed}
        yield from (f"{called}: unknown parameter {name}" for name in query.keys() - in_query.keys())
        for name, parameter in in_query.items():
            stated = query.get(name)
            if stated is None and parameter.get("required"):
                yield f"{called}: {name} is missing"
            elif stated is not None:
                yield from (f"{called}: {name}={value}" for value in _wrong_values(parameter, stated))
        headers = {name.lower() for name in request.headers}
        for one in parameters:
            if one["in"] == "header" and one.get("required") and one["name"].lower() not in headers:
                yield f"{called}: the header {one['name']} is missing"
        schema = self._body_schema(operation, parameters)
        if schema is not None:
            whole = {**schema, **self._shared}
            errors = Draft7Validator(whole).iter_errors(_body(request))
            yield from (f"{called}: {error.json_path} {error.message}" for error in errors)

    def _operation(self, request: ReceivedRequest) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        assert self._document is not None
        for template, operations in self._document["paths"].items():
            pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(self._base + template))
            if re.fullmatch(pattern, request.path) and request.method.lower() in operations:
                operation = operations[request.method.lower()]
                stated = [*operations.get("parameters", ()), *operation.get("parameters", ())]
                return operation, [self._resolved(parameter) for parameter in stated]
        return None, []

    def _resolved(self, parameter: dict[str, Any]) -> dict[str, Any]:
        """What a reference within the document stands for."""
        found = parameter
        if "$ref" in parameter:
            found = self._document or {}
            for name in parameter["$ref"].removeprefix("#/").split("/"):
                found = found[name]
        return found

    def _body_schema(self, operation: dict[str, Any], parameters: list[dict[str, Any]]) -> dict[str, Any] | None:
        swagger: dict[str, Any] | None = next((one["schema"] for one in parameters if one["in"] == "body"), None)
        content = operation.get("requestBody", {}).get("content", {})
        return swagger or next((kind["schema"] for kind in content.values()), None)


def _wrong_values(parameter: dict[str, Any], stated: str) -> list[str]:
    schema = parameter.get("schema", parameter)
    several = schema.get("type") == "array"
    allowed = (schema["items"] if several else schema).get("enum")
    values = stated.split(",") if several else [stated]
    too_many = len(values) > schema.get("maxItems", len(values))
    return values if too_many else [value for value in values if allowed is not None and value not in allowed]


def _body(request: ReceivedRequest) -> Any:
    kind = request.headers.get("Content-Type", "").partition(";")[0]
    if kind in JSON_TYPES:
        return orjson.loads(request.body)
    if kind == "multipart/form-data":
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        parts = [part for part in message_from_bytes(head + request.body).walk() if not part.is_multipart()]
        return {part.get_param("name", header="Content-Disposition"): part.as_string() for part in parts}
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
