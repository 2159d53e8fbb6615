"""What an operator enters to connect a Square account."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from connectors.config import BaseUrl, ChannelConfig

HOSTS = {"production": "https://connect.squareup.com", "sandbox": "https://connect.squareupsandbox.com"}


class SquareConfig(ChannelConfig):
    environment: Literal["production", "sandbox"] = Field("production", description="Which of Square's two worlds.")
    webhook_signature_key: SecretStr = Field(
        description="Developer Console > Webhooks > Subscriptions: the subscription's signature key.", min_length=1
    )
    previous_webhook_signature_key: SecretStr | None = Field(
        None, description="The key before the last change, while notifications signed with it may still arrive (24 h)."
    )
    notification_url: str | None = Field(
        None, description="The subscription's address, letter for letter, when it differs from the gateway's own."
    )
    application_id: str | None = Field(None, description="The application's id, when connected through OAuth.")
    application_secret: SecretStr | None = Field(None, description="The application's secret, together with its id.")
    refresh_token: SecretStr | None = Field(
        None, description="The seller's refresh token (code flow), together with application_id and its secret."
    )
    access_token: SecretStr | None = Field(
        None, description="The account's own personal access token, instead of a refresh token."
    )
    merchant_id: str | None = Field(
        None, description="Take notifications of this seller alone, when an application serves several."
    )
    location_ids: tuple[str, ...] = Field(
        (), description="Only these Square locations; empty: all active ones.", max_length=300
    )
    returns_restock: bool = Field(
        True, description="Returned units can be sold again. Square's orders do not tell whether they were restocked."
    )
    api_version: Annotated[str, Field(pattern=r"^20\d\d-\d\d-\d\d$")] = Field(
        "2026-08-19", description="The Square-Version of our calls; 2026-07-15 or later."
    )
    api_url: BaseUrl | None = Field(None, description="Where the API answers, when not at Square (a test account).")

    model_config = ChannelConfig.model_config | {"validate_default": True}

    @field_validator("api_version")
    @classmethod
    def _knows_both_locations_of_a_change(cls, version: str) -> str:
        if version < "2026-07-15":
            raise ValueError("must be 2026-07-15 or later: before, an adjustment named one location")
        return version

    @field_validator("access_token")
    @classmethod
    def _one_way_to_authenticate(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        needed = ("application_id", "application_secret", "refresh_token")
        if token is None and not all(info.data.get(name) for name in needed):
            raise ValueError("either this or application_id, application_secret and refresh_token are needed")
        return token

    @property
    def base_url(self) -> str:
        return self.api_url or HOSTS[self.environment]
