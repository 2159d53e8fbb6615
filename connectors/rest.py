"""Calls to a platform's JSON API: where it answers, and what every call carries besides credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.exchange import Flow, Request


@dataclass(frozen=True, slots=True)
class JsonApi:
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def get(self, path: str, query: Mapping[str, str] | None = None, **rest: Any) -> Request:
        headers = {"Accept": "application/json", **self.headers}
        return Request(method="GET", url=self.url + path, query=query or {}, headers=headers, repeatable=True, **rest)

    def read(self, path: str, query: Mapping[str, str] | None = None, **rest: Any) -> Flow[Any]:
        """The decoded body of the answer."""
        return (yield self.get(path, query, **rest)).json()

    def send(self, method: str, path: str, payload: object, **rest: Any) -> Request:
        """PUT may be sent twice; whether another method may, `repeatable` says."""
        request = Request.json(method, self.url + path, payload, **{"repeatable": method == "PUT", **rest})
        return replace(request, headers={**request.headers, **self.headers})
