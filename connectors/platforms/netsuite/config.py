"""What an operator enters to connect a NetSuite account."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from connectors.assertion import assertion_algorithm
from connectors.config import BaseUrl, ChannelConfig, TimeZone

InternalId = Annotated[str, Field(pattern=r"^\d{1,18}$")]


class NetSuiteConfig(ChannelConfig):
    account_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{3,20}([_-][A-Za-z0-9]{1,10})?$")] = Field(
        description="Setup > Company > Company Information; like 1234567, or 1234567_SB1 for a sandbox."
    )
    client_id: str = Field(
        description="Of an integration record with the grant 'Client Credentials (Machine to Machine)'.", min_length=1
    )
    certificate_id: str = Field(
        description="Of the mapping of integration, user, role and certificate. A sandbox refresh wipes mappings.",
        min_length=1,
    )
    private_key_pem: SecretStr = Field(
        description="The certificate's private key: RSA of 3072 bits or more, or EC P-256, P-384 or P-521."
    )
    hmac_secret: SecretStr = Field(description="Shared with our script, see its instructions.", min_length=16)
    previous_hmac_secret: SecretStr | None = Field(None, description="The one before the last change.")
    adjustment_account_id: InternalId = Field(description="The ledger account that stock adjustments are posted to.")
    subsidiary_id: InternalId | None = Field(None, description="Of the adjustments; needed in OneWorld accounts.")
    sku_field: Literal["itemid", "upccode", "externalid"] = Field(
        "itemid", description="What our SKU is in NetSuite. Of an item name like 'SHIRT : SHIRT-RED-M' the last part."
    )
    time_zone: TimeZone = Field(
        "UTC",
        description="In which NetSuite tells this user the time: Home > Set Preferences of the integration's user. "
        "GMT without daylight saving is best; a wrong zone makes changes of orders look older or newer than they are.",
    )
    returns_restock: bool = Field(True, description="Units received for a return authorisation can be sold again.")
    max_concurrency: int = Field(
        2, ge=1, le=50, description="Calls at a time; the account's limit (5 in the standard tier) is for all users."
    )
    api_url: BaseUrl | None = Field(None, description="Where the account answers, when not at its own address.")

    @field_validator("private_key_pem")
    @classmethod
    def _signs(cls, key: SecretStr) -> SecretStr:
        assertion_algorithm(key.get_secret_value())
        return key

    @property
    def rest_url(self) -> str:
        host = self.account_id.lower().replace("_", "-")
        return f"{self.api_url or f'https://{host}.suitetalk.api.netsuite.com'}/services/rest"

    @property
    def hmac_secrets(self) -> list[str]:
        both = (self.hmac_secret, self.previous_hmac_secret)
        return [secret.get_secret_value() for secret in both if secret is not None]
