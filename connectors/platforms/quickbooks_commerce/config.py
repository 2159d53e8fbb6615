"""What an operator enters for a company in QuickBooks Online."""

from typing import Annotated, Any

from pydantic import Field, SecretStr

from connectors.config import BaseUrl
from connectors.refresh_token import RefreshTokenConfig
from connectors.rest import JsonApi

Record = dict[str, Any]


class QuickBooksConfig(RefreshTokenConfig):
    realm_id: Annotated[str, Field(pattern=r"^\d{1,20}$")] = Field(description="The company's id (realmId).")
    adjust_account_id: Annotated[str, Field(pattern=r"^\d{1,18}$")] = Field(
        description="The id of the account that changes of stock are booked to, like Inventory Shrinkage."
    )
    webhook_verifier_token: SecretStr | None = Field(
        None, description="From the app's webhooks page; empty where its webhooks go to another company's channel."
    )
    previous_webhook_verifier_token: SecretStr | None = Field(None, description="The one before the last change.")
    api_url: BaseUrl = Field("https://quickbooks.api.intuit.com", description="Where the API answers.")
    login_url: BaseUrl = Field("https://oauth.platform.intuit.com", description="Where tokens are granted.")

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.api_url}/v3/company/{self.realm_id}")
