"""Answers of the REST API, held against its own description."""

from __future__ import annotations

import re
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from tests.schema.shop import Client


async def send(client: Client, method: str, path: str, key: str | None = None, body: Any = None) -> httpx.Response:
    """The answer to a request below `/v1/`; its status and body must be described."""
    headers = {} if key is None else {"idempotency-key": key}
    answer = await client.http.request(method, f"/v1/{path}", json=body, headers=headers)
    description = (await client.http.get("/v1/openapi.json")).json()
    [operations] = [paths for template, paths in description["paths"].items() if _fits(template, f"/v1/{path}")]
    described = operations[method.lower()]["responses"][str(answer.status_code)]
    [(media_type, content)] = described["content"].items()
    assert answer.headers["content-type"] == media_type
    schema = {**content["schema"], "components": description["components"]}
    Draft202012Validator(schema).validate(answer.json())
    return answer


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None
