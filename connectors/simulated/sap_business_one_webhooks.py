"""The webhooks of a simulated SAP Business One company: its subscriptions, and whether any are sent at all."""

import re
from typing import Annotated, Literal

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.sap_business_one_query import Record

_FILTER = re.compile(r"startswith\(WebhookID,'([^']*)'\)")


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(alias="BusinessObject")]
    verb: Annotated[str, Field(alias="TransactionType")]


class _Subscription(BaseModel):
    model_config = ConfigDict(extra="forbid")
    webhook_id: Annotated[str, Field(alias="WebhookID", min_length=1, max_length=40)]
    url: Annotated[str, Field(alias="WebhookURL", max_length=254, pattern="^https://")]
    kind: Annotated[Literal["HMAC"], Field(alias="AuthenticationType")]
    credentials: Annotated[str, Field(alias="AuthenticationCred")]
    handshake: Annotated[Literal["tYES"], Field(alias="Handshake")]
    verify: Annotated[Literal["tYES"], Field(alias="VerifyCertificate")]
    events: Annotated[list[_Event], Field(alias="EventCollection", min_length=1)]


class Subscriptions:
    """Their keys are not shown. Only active ones are told, and none unless the company has webhooks `enabled`, which
    not everyone may read."""

    def __init__(self) -> None:
        self.enabled = True
        self.readable = True
        self.known: dict[str, Record] = {}
        self._keys: dict[str, str] = {}

    def key(self, otherwise: str) -> str | None:
        """What the next notification is signed with; None when there is none. Tests may do without a subscription."""
        if not self.enabled:
            return None
        if not self.known:
            return otherwise
        return next((self._keys[name] for name, one in self.known.items() if one["State"] == "Active"), None)

    def company(self) -> web.Response:
        if not self.readable:
            return _error(403, -1029, "You do not have permission to perform this task")
        return web.json_response({"@odata.context": "AdminInfo", "EnableWebhook": "tYES" if self.enabled else "tNO"})

    async def serve(self, request: web.Request, name: str | None) -> web.Response:
        if request.method == "POST":
            return self._create(await request.read())
        if name is None:
            wanted = _FILTER.fullmatch(request.query["$filter"])
            assert wanted is not None
            found = [one for known, one in self.known.items() if known.startswith(wanted[1])]
            return web.json_response({"@odata.context": "EventSubscriptions", "value": found})
        if name not in self.known:
            return _error(404, -2028, "No matching records found (ODBC -2028)")
        assert request.method == "DELETE"
        del self.known[name]
        return web.Response(status=204)

    def _create(self, body: bytes) -> web.Response:
        try:
            wanted = _Subscription.model_validate_json(body)
        except ValidationError as wrong:
            return _error(400, -1, str(wrong.errors()[0]["loc"]))
        if wanted.webhook_id in self.known or any(one["WebhookURL"] == wanted.url for one in self.known.values()):
            return _error(400, -2035, "This entry already exists")
        self._keys[wanted.webhook_id] = orjson.loads(wanted.credentials)["Key"]
        shown = {key: value for key, value in orjson.loads(body).items() if key != "AuthenticationCred"}
        self.known[wanted.webhook_id] = {**shown, "State": "Active", "WorkMode": "Standard"}
        return web.json_response(self.known[wanted.webhook_id], status=201)


def _error(status: int, code: int, text: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": text}}, status=status)
