"""One call of a method of a model, through either of Odoo's remote APIs, and what its errors mean.

https://www.odoo.com/documentation/19.0/developer/reference/external_api.html
https://www.odoo.com/documentation/18.0/developer/reference/external_api.html
JSON-RPC answers 200 also when a call failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from connectors.auth import Auth, Grant, GrantedAuth, HeaderToken, Token
from connectors.errors import AuthExpired, ConnectorError, Permanent, Retriable
from connectors.exchange import Flow, Request, Response
from connectors.platforms.odoo.config import OdooConfig
from connectors.status import error_for_status

POSITIONAL = ("ids", "vals_list")
REFUSALS = frozenset(("UserError", "ValidationError", "MissingError", "RedirectWarning"))
DENIALS = frozenset(("AccessError", "Forbidden"))
SIGNED_OUT = frozenset(("AccessDenied", "SessionExpiredException"))


class Refused(Permanent):
    """Odoo's own rules speak against the values of a call; nothing of it was done."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def request_for(config: OdooConfig, model: str, method: str, **arguments: Any) -> Request:
    """What we send may be repeated: it reads, or sets absolute quantities."""
    if config.protocol == "json2":
        request = Request.json("POST", f"{config.base_url}/json/2/{model}/{method}", arguments, repeatable=True)
        return replace(request, headers={**request.headers, "X-Odoo-Database": config.database})
    positional = [arguments[name] for name in POSITIONAL if name in arguments]
    named = {name: value for name, value in arguments.items() if name not in POSITIONAL}
    return _rpc(config.base_url, "object", "execute_kw", [model, method, positional, named])


def result_of(response: Response) -> Any:
    """The method's return value."""
    answer = response.json()
    return answer["result"] if isinstance(answer, dict) and "jsonrpc" in answer else answer


def ask(config: OdooConfig, model: str, method: str, **arguments: Any) -> Flow[Any]:
    return result_of((yield request_for(config, model, method, **arguments)))


def auth_for(config: OdooConfig) -> Auth:
    key = config.api_key.get_secret_value()
    if config.protocol == "json2":
        return HeaderToken("Authorization", f"bearer {key}")
    return RpcLogin(base_url=config.base_url, database=config.database, login=config.login or "", api_key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcLogin(GrantedAuth):
    """JSON-RPC wants the database, the user's number and the key within every call. The number is the token."""

    base_url: str
    database: str
    login: str
    api_key: str = field(repr=False)

    def sign(self, request: Request, token: Token | None) -> Request:
        if token is None:
            return request
        call = orjson.loads(request.body)
        call["params"]["args"] = [self.database, int(token.value), self.api_key, *call["params"]["args"]]
        return replace(request, body=orjson.dumps(call))

    def grant(self, previous: Token | None) -> Grant:
        arguments = [self.database, self.login, self.api_key, {}]
        response = yield _rpc(self.base_url, "common", "authenticate", arguments)
        error = error_of(response, "Odoo")
        if error is not None:
            raise error
        user_id = result_of(response)
        if not isinstance(user_id, int) or user_id is False:
            raise AuthExpired("Odoo does not know this login and key in this database")
        return Token(str(user_id))


def _rpc(base_url: str, service: str, method: str, arguments: list[Any]) -> Request:
    params = {"service": service, "method": method, "args": arguments}
    call = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
    return Request.json("POST", f"{base_url}/jsonrpc", call, repeatable=True)


def error_of(response: Response, platform: str) -> ConnectorError | None:
    if response.status == 409:
        return Retriable(f"{platform}: another transaction was in the way (409)")
    fault = _fault_in(response)
    if fault is None or response.status >= 500 or response.status == 429:
        return error_for_status(response, platform)
    name = str(fault.get("name", "")).rpartition(".")[2]
    reason = f"{platform}: {str(fault.get('message', ''))[:300]} ({name})"
    if response.status == 401 or name in SIGNED_OUT:
        return AuthExpired(reason)
    if response.status in (404, 422) or (response.status < 400 and name in REFUSALS):
        return Refused(name, reason)
    if response.status >= 400 or name in DENIALS:
        return Permanent(reason)
    # Of JSON-RPC: two transactions in each other's way, or a fault of the server.
    return Retriable(reason)


def _fault_in(response: Response) -> Mapping[str, Any] | None:
    """JSON-2 answers the error itself, with its status; JSON-RPC wraps it."""
    if response.status < 400 and b'"error"' not in response.body:
        return None
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict):
        return None
    if response.status >= 400:
        return answer
    wrapped = answer.get("error")
    if "jsonrpc" not in answer or not isinstance(wrapped, dict):
        return None
    data = wrapped.get("data")
    return data if isinstance(data, dict) else wrapped


def record_id(value: Any) -> int | None:
    """Of a link to another record, which is its id, or a pair of id and name, or false."""
    return (value[0] if isinstance(value, list) else value) or None
