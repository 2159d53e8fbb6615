"""What an operator enters to connect a site of Salesforce B2C Commerce, and where its three APIs answer."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.auth import OAuth2
from connectors.config import BaseUrl, ChannelConfig
from connectors.rest import JsonApi

OCAPI_VERSION = "v25_6"
PLACE = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}"
_INVENTORY_SCOPES = "sfcc.inventory.availability.rw sfcc.inventory.impex-inventory"

Record = dict[str, Any]


class SalesforceConfig(ChannelConfig):
    mode: Literal["classic", "oci"] = Field(
        "classic", description="oci where the site uses Omnichannel Inventory; its inventory lists are read-only then."
    )
    short_code: str = Field(
        description="Business Manager > Administration > Salesforce Commerce API Settings: the short code.",
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
    )
    organization_id: str = Field(
        description="From the same page, like f_ecom_zzxy_prd.", pattern=r"^f_ecom_[a-z]{4}_[a-z0-9]{3}$"
    )
    site_id: str = Field(description="The site whose orders are read, like RefArch.", min_length=1, max_length=32)
    location_ids: Annotated[
        tuple[Annotated[str, Field(pattern=f"^{PLACE}$")], ...], AfterValidator(lambda ids: tuple(dict.fromkeys(ids)))
    ] = Field(
        description="Where the site's stock is kept: its inventory list, or its locations of Omnichannel Inventory.",
        min_length=1,
        max_length=100,
    )
    client_id: str = Field(description="Of an API client in Account Manager.", min_length=1)
    client_secret: SecretStr = Field(description="The API client's password.", min_length=1)
    instance_url: BaseUrl | None = Field(
        None, description="classic: the instance, like https://production-eu01-acme.demandware.net."
    )
    tenant_group_id: str | None = Field(
        None, description="oci: the tenant group that the locations belong to.", pattern=r"^[\w-]{1,128}$"
    )
    bundle_stock: Literal["parts", "bundle", "both"] = Field(
        "parts", description="What a sold bundle takes from stock; see 'use bundle inventory only' of the list."
    )
    option_stock: bool = Field(False, description="Options of a product are goods that are counted, too.")
    hook_secret: SecretStr | None = Field(None, description="Shared with our cartridge, 16 or more.", min_length=16)
    previous_hook_secret: SecretStr | None = Field(None, description="The one before the last change.")
    api_url: BaseUrl | None = Field(None, description="Where the Commerce API answers, when not at Salesforce.")
    login_url: BaseUrl = Field("https://account.demandware.com", description="Account Manager.")

    @model_validator(mode="after")
    def _can_reach_its_stock(self) -> "SalesforceConfig":
        if self.mode == "classic" and self.instance_url is None:
            raise ValueError("instance_url is needed where mode is classic")
        if self.mode == "oci" and self.tenant_group_id is None:
            raise ValueError("tenant_group_id is needed where mode is oci")
        return self

    @property
    def auth(self) -> OAuth2:
        """The usual token is for the stock; the older API knows no scopes."""
        return OAuth2(
            token_url=f"{self.login_url}/dwsso/oauth2/access_token",
            client_id=self.client_id,
            client_secret=self.client_secret.get_secret_value(),
            parameters={"scope": self._scope(_INVENTORY_SCOPES)} if self.mode == "oci" else {},
            client_in_header=True,
        )

    @property
    def orders_scope(self) -> str:
        return self._scope("sfcc.orders")

    def records_api(self, list_id: str) -> JsonApi:
        """classic: the records of an inventory list."""
        data = f"{self.instance_url}/s/-/dw/data/{OCAPI_VERSION}"
        path = f"/inventory_lists/{quote(list_id, safe='')}/product_inventory_records"
        return JsonApi(data + path, {"x-dw-client-id": self.client_id})

    def inventory_api(self, name: str) -> JsonApi:
        return JsonApi(f"{self._commerce_url}/inventory/{name}/v1/organizations/{self.tenant_group_id}")

    @property
    def orders_api(self) -> JsonApi:
        return JsonApi(f"{self._commerce_url}/checkout/orders/v1/organizations/{self.organization_id}")

    @property
    def _commerce_url(self) -> str:
        return self.api_url or f"https://{self.short_code}.api.commercecloud.salesforce.com"

    def _scope(self, names: str) -> str:
        return f"SALESFORCE_COMMERCE_API:{self.organization_id.removeprefix('f_ecom_')} {names}"
