"""What an operator enters, and how calls of it prove who they are.

https://developer.adobe.com/commerce/webapi/get-started/authentication/gs-authentication-oauth/
"""

from pydantic import Field, SecretStr, model_validator

from connectors.auth import Auth, HeaderToken, OAuth2
from connectors.config import BaseUrl, ChannelConfig, revealed
from connectors.oauth1 import OAuth1
from connectors.rest import JsonApi

_IMS = "https://ims-na1.adobelogin.com/ims/token/v3"
_SCOPES = "openid,AdobeID,email,profile,additional_info.roles,additional_info.projectedProductContext,commerce.accs"


class MagentoConfig(ChannelConfig):
    base_url: BaseUrl = Field(
        description="https://<host>/rest/all, or https://<region>.api.commerce.adobe.com/<tenant> of the SaaS edition."
    )
    access_token: SecretStr | None = Field(None, description="The integration's access token.")
    access_token_secret: SecretStr | None = Field(
        None, description="Its secret. Without these three the token is sent as it is, which the shop must allow."
    )
    consumer_key: SecretStr | None = Field(None, description="The integration's consumer key.")
    consumer_secret: SecretStr | None = Field(None, description="The integration's consumer secret.")
    client_id: str | None = Field(None, description="SaaS edition: of the OAuth server-to-server credential.")
    client_secret: SecretStr | None = Field(None, description="SaaS edition: its secret.")
    order_source: str = Field(
        "default", description="The source whose quantity holds the units of orders that are not shipped yet."
    )
    refunds_restock: bool = Field(False, description="Shipped units that are refunded went back to stock.")
    event_token: SecretStr | None = Field(None, description="Our own secret in the address of the I/O Events: ?token=")
    previous_event_token: SecretStr | None = Field(None, description="The one before the last change.")
    recipient_client_id: str | None = Field(
        None,
        description="Client id of the Adobe Developer Console project that the I/O Events are registered in. With it "
        "Adobe's signature proves them, and nothing in the address does.",
        min_length=1,
    )
    event_keys_url: BaseUrl = Field(
        "https://static.adobeioevents.com", description="Where Adobe publishes the keys that it signs events with."
    )
    token_url: BaseUrl = Field(_IMS, description="Where Adobe grants tokens of the SaaS edition.")

    @model_validator(mode="after")
    def _can_sign_in(self) -> "MagentoConfig":
        signing = (self.access_token_secret, self.consumer_key, self.consumer_secret)
        if self.access_token is None and (self.client_id is None or self.client_secret is None):
            raise ValueError("either access_token, or client_id and client_secret are needed")
        if any(signing) and not all(signing):
            raise ValueError("access_token_secret, consumer_key and consumer_secret go together")
        return self

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.base_url}/V1")

    @property
    def auth(self) -> Auth:
        if self.access_token is None:
            secret = revealed(self.client_secret)[0]
            form = {"scope": _SCOPES}
            return OAuth2(
                token_url=self.token_url, client_id=self.client_id or "", client_secret=secret, parameters=form
            )
        keys = revealed(self.consumer_key, self.consumer_secret, self.access_token, self.access_token_secret)
        if len(keys) == 1:
            return HeaderToken("Authorization", f"Bearer {keys[0]}")
        return OAuth1(consumer_key=keys[0], consumer_secret=keys[1], token=keys[2], token_secret=keys[3])
