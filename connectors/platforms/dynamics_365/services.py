"""What an operator enters to connect a legal entity, and how its two services are asked.

https://learn.microsoft.com/en-us/dynamics365/supply-chain/inventory/inventory-visibility-api
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field, SecretStr

from connectors.auth import Grant, OAuth2, Token, token_of
from connectors.config import BaseUrl, ChannelConfig
from connectors.exchange import Flow, Request
from connectors.rest import JsonApi

PER_PAGE = 100
NUMBERS_PER_CALL = 20
"""What fits into an address."""
IV_SCOPE = "inventory-visibility"
ENTRA_IV = "0cdb527f-a8d1-4bf8-9436-b352c68682b2/.default"

Name = Annotated[str, Field(pattern=r"^[\w-]{1,60}$")]
Record = dict[str, Any]


class Dynamics365Config(ChannelConfig):
    tenant_id: Name = Field(description="The Entra tenant.")
    client_id: Name = Field(description="The app registration's application id.")
    client_secret: SecretStr = Field(description="The app registration's secret.", min_length=1)
    environment_id: Name = Field(description="The environment's id, from Lifecycle Services or Power Platform.")
    organization_id: Name = Field(description="The legal entity, like usmf.")
    iv_endpoint: BaseUrl = Field(description="The add-in's address, from Inventory Visibility's own settings page.")
    fno_url: BaseUrl = Field(description="The ERP's address, like https://mycompany.operations.dynamics.com")
    data_source: Name = Field("gateway", description="Our data source in Inventory Visibility.")
    measure: Name = Field("inbound", description="The physical measure of that source which holds our count.")
    warehouses: tuple[Annotated[str, Field(pattern=r"^[\w-]{1,10}/[\w-]{1,10}$")], ...] = Field(
        description="The warehouses that are sold from, each as site/warehouse, like 1/11.",
        min_length=1,
        max_length=100,
    )
    webhook_token: SecretStr | None = Field(None, description="Your own secret, at the end of the webhook's address.")
    previous_webhook_token: SecretStr | None = Field(None, description="The one before the last change.")
    login_url: BaseUrl = Field("https://login.microsoftonline.com", description="Where Entra grants tokens.")
    security_url: BaseUrl = Field(
        "https://securityservice.operations365.dynamics.com", description="Where the add-in's tokens are granted."
    )

    @property
    def erp(self) -> JsonApi:
        return JsonApi(f"{self.fno_url}/data")

    def iv(self, path: str, payload: object) -> Request:
        api = JsonApi(f"{self.iv_endpoint}/api/environment/{self.environment_id}", {"Api-Version": "1.0"})
        return api.send("POST", path, payload, repeatable=True, scope=IV_SCOPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraTokens(OAuth2):
    """A token for the ERP, or, in two steps, one for the add-in."""

    security_url: str
    environment_id: str
    for_add_in: bool = False

    def scoped(self, scope: str) -> "EntraTokens":
        return replace(self, for_add_in=True, parameters={"scope": ENTRA_IV})

    def grant(self, previous: Token | None) -> Grant:
        token = yield from OAuth2.grant(self, previous)
        if not self.for_add_in:
            return token
        body = {
            "grant_type": "client_credentials",
            "client_assertion_type": "aad_app",
            "client_assertion": token.value,
            "scope": "https://inventoryservice.operations365.dynamics.com/.default",
            "context": self.environment_id,
            "context_type": "finops-env",
        }
        request = Request.json("POST", f"{self.security_url}/token", body, repeatable=True)
        request = replace(request, headers={**request.headers, "Api-Version": "1.0"})
        answer = yield request
        if answer.status == 307:
            # To the service of its own region.
            answer = yield replace(request, url=answer.headers["Location"])
        return token_of(answer)


def any_of(field: str, values: Sequence[str]) -> str:
    quoted = (value.replace("'", "''") for value in values)
    return "({})".format(" or ".join(f"{field} eq '{value}'" for value in quoted))


def erp_request(config: Dynamics365Config, entity: str, where: str, order: str, count: int) -> Request:
    filters = f"dataAreaId eq '{config.organization_id}'" + (f" and {where}" if where else "")
    query = {"cross-company": "true", "$filter": filters, "$orderby": order, "$top": str(count)}
    return config.erp.get(f"/{entity}", query)


def erp(config: Dynamics365Config, entity: str, where: str, order: str, count: int = PER_PAGE) -> Flow[list[Record]]:
    found: list[Record] = (yield erp_request(config, entity, where, order, count)).json()["value"]
    return found
