"""The bodies a simulated WooCommerce accepts. https://woocommerce.github.io/woocommerce-rest-api-docs/"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ProductChange(_Body):
    id: int
    stock_quantity: int | None = None
    manage_stock: bool | None = None


class ProductBatch(_Body):
    update: Annotated[list[ProductChange], Field(max_length=100)]


class WebhookChange(_Body):
    name: str = ""
    topic: str = ""
    delivery_url: str = ""
    secret: str = ""
    status: Literal["active", "paused", "disabled"] = "active"
