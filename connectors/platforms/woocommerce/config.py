"""What an operator enters to connect a WooCommerce shop."""

import html

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from connectors.config import BaseUrl, ChannelConfig


class WooCommerceConfig(ChannelConfig):
    store_url: BaseUrl = Field(description="The shop's address, like https://shop.example")
    consumer_key: SecretStr = Field(
        description="WooCommerce > Settings > Advanced > REST API, permission Read/Write; starts with ck_.",
        min_length=1,
    )
    consumer_secret: SecretStr = Field(description="Shown together with the key; starts with cs_.", min_length=1)
    webhook_secret: SecretStr = Field(description="The secret entered in the shop's webhooks.", min_length=1)
    previous_webhook_secret: SecretStr | None = Field(
        None, description="The secret before the last change, while webhooks signed with it may still arrive."
    )
    auth_in_query: bool = Field(
        False, description="For hosts that strip the Authorization header: the keys go in the address. https only."
    )
    switch_on_tracking: bool = Field(
        False, description="Switch on 'Manage stock' for listed products that have it off, instead of reporting them."
    )
    look_up_tracking: bool = Field(
        False,
        description="Look up for each order which of its products have 'Manage stock' off (services, downloads). Where "
        "they are not listed, the order is then applied without them instead of waiting. Costs two calls and more.",
    )
    refunds_restock: bool = Field(
        True, description="Refunded units can be sold again. The shop does not tell whether it restocked them."
    )

    @field_validator("auth_in_query")
    @classmethod
    def _only_encrypted(cls, in_query: bool, info: ValidationInfo) -> bool:
        if in_query and not str(info.data.get("store_url", "https")).startswith("https"):
            raise ValueError("needs an https store_url")
        return in_query

    @property
    def api_url(self) -> str:
        return f"{self.store_url}/wp-json/wc/v3"

    @property
    def webhook_secrets(self) -> list[str]:
        """WordPress stores secrets with HTML entities and signs with the decoded text."""
        both = (self.webhook_secret, self.previous_webhook_secret)
        return [html.unescape(secret.get_secret_value()) for secret in both if secret is not None]
