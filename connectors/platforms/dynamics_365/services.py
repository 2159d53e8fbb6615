"""What an operator enters to connect a legal entity or an environment, and how its services are asked.

https://learn.microsoft.com/en-us/dynamics365/supply-chain/inventory/inventory-visibility-api
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, model_validator

from connectors.auth import Grant, OAuth2, Token, token_of
from connectors.config import BaseUrl, ChannelConfig
from connectors.exchange import Flow, Request
from connectors.rest import JsonApi

PER_PAGE = 100
NUMBERS_PER_CALL = 20
"""What fits into an address."""
IV_SCOPE = "inventory-visibility"
ENTRA_IV = "0cdb527f-a8d1-4bf8-9436-b352c68682b2/.default"

PLACE = r"[\w-]{1,10}/[\w-]{1,10}"
"""Site and warehouse."""
NEEDED = {
    "inventory_visibility": ("environment_id", "organization_id", "iv_endpoint", "fno_url", "warehouses"),
    "dataverse": ("dataverse_url",),
}

Name = Annotated[str, Field(pattern=r"^[\w-]{1,60}$")]
Record = dict[str, Any]


class Dynamics365Config(ChannelConfig):
    mode: Literal["inventory_visibility", "dataverse"] = Field(
        "inventory_visibility",
        description="inventory_visibility for Supply Chain Management, dataverse for Sales (data in Dataverse).",
    )
    tenant_id: Name = Field(description="The Entra tenant.")
    client_id: Name = Field(description="The app registration's application id.")
    client_secret: SecretStr = Field(description="The app registration's secret.", min_length=1)
    dataverse_url: BaseUrl | None = Field(
        None, description="dataverse: the environment, like https://mycompany.crm4.dynamics.com."
    )
    environment_id: Name | None = Field(
        None, description="inventory_visibility: the environment's id, from Lifecycle Services or Power Platform."
    )
    organization_id: Name | None = Field(None, description="inventory_visibility: the legal entity, like usmf.")
    iv_endpoint: BaseUrl | None = Field(
        None, description="inventory_visibility: the add-in's address, from Inventory Visibility's own settings page."
    )
    fno_url: BaseUrl | None = Field(
        None, description="inventory_visibility: the ERP's address, like https://mycompany.operations.dynamics.com."
    )
    data_source: Name = Field("gateway", description="Our data source in Inventory Visibility.")
    measure: Name = Field("inbound", description="The physical measure of that source which holds our count.")
    warehouses: tuple[Annotated[str, Field(pattern=f"^{PLACE}$")], ...] = Field(
        (),
        description="inventory_visibility: the warehouses that are sold from, each as site/warehouse, like 1/11.",
        max_length=100,
    )
    webhook_token: SecretStr | None = Field(None, description="Your own secret, at the end of the webhook's address.")
    previous_webhook_token: SecretStr | None = Field(None, description="The one before the last change.")
    login_url: BaseUrl = Field("https://login.microsoftonline.com", description="Where Entra grants tokens.")
    security_url: BaseUrl = Field(
        "https://securityservice.operations365.dynamics.com", description="Where the add-in's tokens are granted."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> "Dynamics365Config":
        missing = [name for name in NEEDED[self.mode] if not getattr(self, name)]
        if missing:
            raise ValueError(f"{', '.join(missing)} must be entered where mode is {self.mode}")
        return self

    @property
    def api_url(self) -> str | None:
        return self.dataverse_url if self.mode == "dataverse" else self.fno_url

    @property
    def dataverse(self) -> JsonApi:
        return JsonApi(f"{self.dataverse_url}/api/data/v9.2", {"OData-MaxVersion": "4.0", "OData-Version": "4.0"})

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


def erp_request(
    config: Dynamics365Config, entity: str, where: str, order: str, count: int, select: str = ""
) -> Request:
    filters = f"dataAreaId eq '{config.organization_id}'" + (f" and {where}" if where else "")
    query = {"cross-company": "true", "$filter": filters, "$orderby": order, "$top": str(count)}
    return config.erp.get(f"/{entity}", query | ({"$select": select} if select else {}))


def erp(
    config: Dynamics365Config, entity: str, where: str, order: str, count: int = PER_PAGE, select: str = ""
) -> Flow[list[Record]]:
    found: list[Record] = (yield erp_request(config, entity, where, order, count, select)).json()["value"]
    return found
