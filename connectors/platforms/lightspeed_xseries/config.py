"""What an operator enters for the X-Series."""

from typing import Annotated, Any

from pydantic import Field, SecretStr

from connectors.config import BaseUrl
from connectors.refresh_token import AccessConfig
from connectors.rest import JsonApi

Record = dict[str, Any]


class LightspeedXSeriesConfig(AccessConfig):
    domain_prefix: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")] = Field(
        description="The part of the store's address before .retail.lightspeed.app."
    )
    previous_client_secret: SecretStr | None = Field(None, description="The secret before the last change.")
    webhook_token: SecretStr | None = Field(
        None, description="With a personal token: any long secret, which goes into the webhook's address."
    )
    version: Annotated[str, Field(pattern=r"^20\d\d-\d\d$")] = Field(
        "2026-07", description="Of the API; each is supported for a year, then another one silently answers."
    )
    api_url: BaseUrl | None = Field(None, description="Where the API answers, when not at the store's own address.")

    @property
    def host(self) -> str:
        return f"{self.api_url or f'https://{self.domain_prefix}.retail.lightspeed.app'}/api"

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.host}/{self.version}")

    @property
    def sales_api(self) -> JsonApi:
        return JsonApi(f"{self.host}/2.0")
