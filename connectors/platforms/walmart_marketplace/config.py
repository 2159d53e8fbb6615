"""What an operator enters, and how Walmart's API is called: https://developer.walmart.com/us-marketplace/docs

A token lasts 15 minutes. Every call has an id of its own, the token call too.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from pydantic import Field, SecretStr

from connectors.auth import Basic, Grant, GrantedAuth, Token, token_of
from connectors.config import BaseUrl, ChannelConfig
from connectors.errors import Permanent
from connectors.exchange import UNREADABLE, Request, Response
from connectors.rest import JsonApi

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalmartTokens(GrantedAuth):
    token_url: str
    client: Basic
    channel_type: str | None = None

    def sign(self, request: Request, token: Token | None) -> Request:
        stated = {"WM_QOS.CORRELATION_ID": str(uuid4()), "WM_SVC.NAME": "Walmart Marketplace"}
        if self.channel_type is not None:
            stated["WM_CONSUMER.CHANNEL.TYPE"] = self.channel_type
        if token is not None:
            stated["WM_SEC.ACCESS_TOKEN"] = token.value
        return replace(request, headers={"Accept": "application/json", **request.headers, **stated})

    def grant(self, previous: Token | None) -> Grant:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = b"grant_type=client_credentials"
        request = Request(method="POST", url=self.token_url, headers=form, body=body, repeatable=True)
        return token_of((yield self.client.sign(self.sign(request, None), None)))


class WalmartMarketplaceConfig(ChannelConfig):
    client_id: str = Field(description="Of the seller's API key, from the developer portal.", min_length=1)
    client_secret: SecretStr = Field(description="The key's secret.", min_length=1)
    channel_type: str | None = Field(None, description="The consumer channel type; solution providers only.")
    webhook_secret: SecretStr | None = Field(None, description="A secret of your own; it signs the webhooks.")
    previous_webhook_secret: SecretStr | None = Field(None, description="The one before the last change.")
    feeds: bool = Field(
        False,
        description="Write a backlog as feeds of up to 1,000 changes instead of one item at a time (about one a "
        "second), while the seller has up to 5,000 items. A feed takes minutes, so GATEWAY_CHANNEL_LEASE_SECONDS must "
        "be 300.",
    )
    returns_restock: bool = Field(False, description="Units that come back to a return center can be sold again.")
    api_url: BaseUrl = Field(
        "https://marketplace.walmartapis.com",
        description="Where the API answers; the sandbox is https://sandbox.walmartapis.com.",
    )

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.api_url}/v3")

    @property
    def tokens(self) -> WalmartTokens:
        client = Basic(self.client_id, self.client_secret.get_secret_value())
        return WalmartTokens(token_url=f"{self.api.url}/token", client=client, channel_type=self.channel_type)


def fault(answer: Response) -> tuple[str, str]:
    """Code and text of the first error; `errors` is a list, or an object that holds one."""
    try:
        errors = orjson.loads(answer.body)["errors"]
        first = (errors["error"] if isinstance(errors, dict) else errors)[0]
        return str(first["code"]), str(first.get("description") or first["code"])[:300]
    except UNREADABLE:
        return str(answer.status), ""


def nothing_found(answer: Response) -> bool:
    """Whether a list is empty, which may be told by a 404. Raises `Permanent` where there is no such list."""
    if answer.status != 404:
        return False
    code, reason = fault(answer)
    if not code.startswith("CONTENT_NOT_FOUND"):
        raise Permanent(f"Walmart has no orders or returns at this address (404 {reason}): check api_url")
    return True


def written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
