"""What an operator enters: https://developer.bigcommerce.com/docs/start/authentication/api-accounts"""

from typing import Annotated

from pydantic import Field, SecretStr

from connectors.config import BaseUrl, ChannelConfig
from connectors.rest import JsonApi


class BigCommerceConfig(ChannelConfig):
    store_hash: Annotated[str, Field(pattern=r"^[a-z0-9]{1,32}$")] = Field(
        description="From the API path of the API account: https://api.bigcommerce.com/stores/<this>/."
    )
    access_token: SecretStr = Field(description="Of the store-level API account.", min_length=1)
    client_secret: SecretStr = Field(description="Of the same API account; it signs the webhooks.", min_length=1)
    previous_client_secret: SecretStr | None = Field(None, description="The one before the last change.")
    refunds_restock: bool = Field(True, description="Refunded units can be sold again, as the store is set to do.")
    api_url: BaseUrl = Field("https://api.bigcommerce.com", description="Where the API answers.")

    def api(self, version: str) -> JsonApi:
        # The vendor's description asks for the header even where there is no body.
        return JsonApi(f"{self.api_url}/stores/{self.store_hash}/{version}", {"Content-Type": "application/json"})
