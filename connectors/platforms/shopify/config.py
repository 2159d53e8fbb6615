"""What an operator enters to connect a Shopify shop."""

from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from connectors.config import BaseUrl, ChannelConfig


class ShopifyConfig(ChannelConfig):
    shop_domain: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com$")] = Field(
        description="The shop's own domain, like my-shop.myshopify.com."
    )
    client_secret: SecretStr = Field(description="The app's secret. It also signs the webhooks.", min_length=1)
    previous_client_secret: SecretStr | None = Field(
        None, description="The secret before the last change, while webhooks signed with it may still arrive (1 h)."
    )
    client_id: str | None = Field(None, description="The app's client id, for shops of the app's own organisation.")
    access_token: SecretStr | None = Field(
        None, description="The fixed token of an app made in the shop's admin before 2026, instead of a client id."
    )
    api_version: Annotated[str, Field(pattern=r"^20\d\d-(01|04|07|10)$")] = Field(
        "2026-10", description="The Admin API's version; 2026-04 or later."
    )
    location_ids: tuple[str, ...] = Field(
        (), description="Only these locations (gid://shopify/Location/...); empty: all active ones.", max_length=200
    )
    include_pos: bool = Field(
        True, description="Also take sales of the tills. Off when these are a channel of their own."
    )
    read_assigned_location: bool = Field(
        False, description="Read each online order back to learn which location Shopify assigned it to."
    )
    admin_url: BaseUrl | None = Field(None, description="Where the shop answers, when not at its domain (a test shop).")

    @field_validator("api_version")
    @classmethod
    def _knows_compare_and_set(cls, version: str) -> str:
        if version < "2026-04":
            raise ValueError("must be 2026-04 or later: older versions cannot compare and set")
        return version

    @field_validator("access_token")
    @classmethod
    def _one_way_to_authenticate(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if token is None and not info.data.get("client_id"):
            raise ValueError("either client_id or access_token is needed")
        return token

    model_config = ChannelConfig.model_config | {"validate_default": True}

    @property
    def base_url(self) -> str:
        return self.admin_url or f"https://{self.shop_domain}"

    @property
    def graphql_url(self) -> str:
        return f"{self.base_url}/admin/api/{self.api_version}/graphql.json"
