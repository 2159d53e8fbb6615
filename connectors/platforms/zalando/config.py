"""What an operator enters, and where Zalando answers: https://developers.merchants.zalando.com/docs/api-overview.html"""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr

from connectors.config import BaseUrl, ChannelConfig
from connectors.rest import JsonApi

JSON_API = "application/vnd.api+json"

Shops = Annotated[tuple[UUID, ...], AfterValidator(lambda ids: tuple(dict.fromkeys(ids)))]


class ZalandoConfig(ChannelConfig):
    client_id: str = Field(description="Of the application made in the zDirect portal.", min_length=1)
    client_secret: SecretStr = Field(description="The application's secret.", min_length=1)
    merchant_id: UUID = Field(description="The merchant's id, from the zDirect portal.")
    sales_channel_ids: Shops = Field(
        description="The ids of all country shops that the merchant sells in; each is told the same quantity.",
        min_length=1,
        max_length=50,
    )
    returns_restock: bool = Field(False, description="Units that come back can be sold again.")
    api_url: BaseUrl = Field(
        "https://api.merchants.zalando.com",
        description="Where the API answers; the sandbox is https://api-sandbox.merchants.zalando.com.",
    )

    @property
    def api(self) -> JsonApi:
        return JsonApi(self.api_url)

    @property
    def merchant_api(self) -> JsonApi:
        return JsonApi(f"{self.api_url}/merchants/{self.merchant_id}")

    @property
    def orders_api(self) -> JsonApi:
        """It has a media type of its own."""
        return JsonApi(f"{self.merchant_api.url}/orders", {"Accept": JSON_API})
