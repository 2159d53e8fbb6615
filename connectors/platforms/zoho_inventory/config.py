"""What an operator enters, and calls to Zoho's API: https://www.zoho.com/inventory/api/v1/introduction/"""

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from connectors.config import BaseUrl
from connectors.errors import Permanent
from connectors.exchange import Flow, Response
from connectors.refresh_token import RefreshTokenConfig
from connectors.rest import JsonApi

ID = r"\d{1,20}"

Record = dict[str, Any]


class ZohoInventoryConfig(RefreshTokenConfig):
    data_center: Literal["com", "eu", "in", "com.au", "jp", "ca", "com.cn", "sa"] = Field(
        "com", description="The end of the address that Zoho is opened at."
    )
    organization_id: Annotated[str, Field(pattern=rf"^{ID}$")] = Field(description="Settings > Organization Profile.")
    adjustment_reason: str = Field("Stocktaking results", description="One of the organisation's reasons.")
    adjustment_account_id: Annotated[str, Field(pattern=rf"^{ID}$")] | None = Field(
        None, description="The ledger account that adjustments are booked to; empty: Zoho's own choice."
    )
    webhook_secret: SecretStr | None = Field(None, description="Entered in the webhook's form, 12 to 50 characters.")
    previous_webhook_secret: SecretStr | None = Field(None, description="The one before the last change.")
    api_url: BaseUrl | None = Field(None, description="Where the API answers, when not at Zoho (a test account).")
    accounts_url: BaseUrl | None = Field(None, description="Where tokens are granted, when not at Zoho.")

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.api_url or f'https://www.zohoapis.{self.data_center}'}/inventory/v1")

    @property
    def query(self) -> dict[str, str]:
        """What every call carries."""
        return {"organization_id": self.organization_id}

    def read(self, path: str, **query: str) -> Flow[Record]:
        return accepted((yield self.api.get(path, self.query | query)))


def accepted(answer: Response) -> Record:
    """A 200 may be a refusal."""
    body: Record = answer.json()
    if body["code"] != 0:
        raise Permanent(f"Zoho refuses the call: {body['message']}")
    return body
