"""What an operator enters for platforms that grant tokens to an application against a merchant's refresh token."""

from typing import Any, Self

from pydantic import Field, SecretStr, model_validator

from connectors.auth import Auth, HeaderToken, OAuth2
from connectors.config import ChannelConfig, revealed


class RefreshTokenConfig(ChannelConfig):
    client_id: str = Field(description="Of the application registered with the platform.", min_length=1)
    client_secret: SecretStr = Field(description="The application's secret.", min_length=1)
    refresh_token: SecretStr = Field(
        description="What the merchant's consent was exchanged for, see the steps of the platform.", min_length=1
    )

    def oauth(self, token_url: str, **rest: Any) -> OAuth2:
        return OAuth2(
            token_url=token_url,
            client_id=self.client_id,
            client_secret=self.client_secret.get_secret_value(),
            refresh_token=self.refresh_token.get_secret_value(),
            **rest,
        )


class AccessConfig(ChannelConfig):
    """For platforms that also give out lasting access tokens: one way or the other has to be entered."""

    access_token: SecretStr | None = Field(None, description="A lasting access token, instead of a refresh token.")
    client_id: str | None = Field(None, description="Of the application registered with the platform.")
    client_secret: SecretStr | None = Field(None, description="The application's secret.")
    refresh_token: SecretStr | None = Field(
        None,
        description="What the merchant's consent was exchanged for, with the application's id and secret.",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.access_token is None and None in (self.client_id, self.client_secret, self.refresh_token):
            raise ValueError("either access_token, or client_id, client_secret and refresh_token are needed")
        return self

    def bearer(self, token_url: str, scheme: type[OAuth2] = OAuth2) -> Auth:
        if self.access_token is not None:
            return HeaderToken("Authorization", f"Bearer {self.access_token.get_secret_value()}")
        secret, refresh = revealed(self.client_secret, self.refresh_token)
        return scheme(token_url=token_url, client_id=self.client_id or "", client_secret=secret, refresh_token=refresh)
