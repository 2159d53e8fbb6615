"""What an operator enters to connect an Odoo database."""

from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from connectors.config import BaseUrl, ChannelConfig

JSON2_SINCE = 19
STORABLE_FLAG_SINCE = 18


class OdooConfig(ChannelConfig):
    base_url: BaseUrl = Field(description="Where Odoo answers, like https://mycompany.odoo.com")
    database: str = Field(description="The database's name.", min_length=1, max_length=200)
    api_key: SecretStr = Field(
        description="A key of a user made for the gateway (Preferences > Account Security), with the groups "
        "Inventory / Administrator and Sales / User: All Documents. It lives three months at most.",
        min_length=1,
    )
    version: int = Field(JSON2_SINCE, description="Odoo's main version, 16 or later.", ge=16, le=40)
    protocol: Literal["json2", "jsonrpc"] | None = Field(
        None, description="The remote API; unless stated, JSON-2 from Odoo 19 on and JSON-RPC before."
    )
    login: str | None = Field(None, description="The user's login. Only JSON-RPC needs it.")
    sku_field: Literal["default_code", "barcode"] = Field(
        "default_code", description="The product field that holds our SKU: 'Internal Reference' or 'Barcode'."
    )
    location_ids: tuple[int, ...] = Field(
        (), description="Only these stock locations; empty: the stock location of each warehouse.", max_length=100
    )
    webhook_token: SecretStr | None = Field(
        None, description="Our own secret, at the end of the address in Odoo's automation rules: ?token=..."
    )
    previous_webhook_token: SecretStr | None = Field(
        None, description="The secret before the last change, while rules still use it."
    )

    model_config = ChannelConfig.model_config | {"validate_default": True}

    @field_validator("protocol")
    @classmethod
    def _known_to_the_version(cls, protocol: str | None, info: ValidationInfo) -> str:
        version = info.data.get("version", JSON2_SINCE)
        if protocol == "json2" and version < JSON2_SINCE:
            raise ValueError(f"JSON-2 came with Odoo {JSON2_SINCE}")
        return protocol or ("json2" if version >= JSON2_SINCE else "jsonrpc")

    @field_validator("login")
    @classmethod
    def _needed_by_rpc(cls, login: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("protocol") == "jsonrpc" and not login:
            raise ValueError("JSON-RPC needs it")
        return login

    @property
    def storable(self) -> tuple[str, object]:
        """The field that tells a product with stock from others, and its value for one."""
        return ("is_storable", True) if self.version >= STORABLE_FLAG_SINCE else ("type", "product")
