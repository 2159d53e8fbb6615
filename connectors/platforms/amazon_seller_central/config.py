"""What an operator enters to connect an Amazon seller account."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.config import BaseUrl, ChannelConfig
from connectors.platforms.amazon_seller_central.login import TOKEN_URL
from connectors.queues import QueueAddress


class AmazonConfig(ChannelConfig):
    region: Literal["na", "eu", "fe"] = Field(description="Where the account sells: North America, Europe, Far East.")
    seller_id: Annotated[str, Field(pattern=r"^[A-Z0-9]{5,32}$")] = Field(description="The merchant token.")
    marketplace_ids: tuple[Annotated[str, Field(pattern=r"^[A-Z0-9]{5,20}$")], ...] = Field(
        description="Marketplaces whose orders are taken, like ATVPDKIKX0DER. Listings are read and written in the "
        "first one; the quantity is shared within an account's group of marketplaces.",
        min_length=1,
        max_length=50,
    )
    client_id: str = Field(description="The application's LWA client identifier.", min_length=1)
    client_secret: SecretStr = Field(description="The application's LWA client secret.", min_length=1)
    refresh_token: SecretStr = Field(description="What the seller's authorisation gave; starts with Atzr|.")
    fulfillment_channel_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = Field(
        "DEFAULT",
        description="Which merchant-fulfilled quantity is ours. A supply source's id may be entered by sellers with "
        "several locations (not documented by Amazon). Amazon's own stock (AMAZON_...) cannot be written.",
    )
    queue_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}$")] | None = (
        Field(
            None,
            description="The SQS queue that notifications come in, like arn:aws:sqs:us-east-1:111122223333:orders. Its "
            "policy must let Amazon's account 437568002678 do sqs:SendMessage and sqs:GetQueueAttributes. Without a "
            "queue, a forwarder may post the messages to the webhook; orders are polled in any case.",
        )
    )
    queue_url: BaseUrl | None = Field(None, description="Where queues are, when not at Amazon's address of the region.")
    aws_access_key_id: SecretStr | None = Field(
        None, description="A key that may receive and delete the queue's messages; empty: the machine's own AWS role."
    )
    aws_secret_access_key: SecretStr | None = Field(None, description="The secret that belongs to the access key.")
    forwarder_secret: SecretStr | None = Field(
        None, description="What a forwarder signs the messages with that it posts to the webhook, see the README."
    )
    previous_forwarder_secret: SecretStr | None = Field(None, description="The one before the last change.")
    feeds: bool = Field(
        False,
        description="Write a backlog as feeds of up to 1,000 changes instead of one by one (about five a second). A "
        "feed takes minutes, so GATEWAY_CHANNEL_LEASE_SECONDS must be 300.",
    )
    api_url: BaseUrl | None = Field(None, description="Where the API answers, when not in the region (a sandbox).")
    token_url: BaseUrl = Field(TOKEN_URL, description="Where Login with Amazon grants tokens.")

    @field_validator("fulfillment_channel_code")
    @classmethod
    def _is_ours(cls, code: str) -> str:
        if code.upper().startswith("AMAZON_"):
            raise ValueError("is Amazon's own stock, which only Amazon can change")
        return code

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> "AmazonConfig":
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            raise ValueError("aws_access_key_id and aws_secret_access_key belong together")
        return self

    @property
    def base_url(self) -> str:
        return self.api_url or f"https://sellingpartnerapi-{self.region}.amazon.com"

    @property
    def forwarder_secrets(self) -> list[str]:
        both = (self.forwarder_secret, self.previous_forwarder_secret)
        return [secret.get_secret_value() for secret in both if secret is not None]

    @property
    def queue(self) -> QueueAddress | None:
        if self.queue_arn is None:
            return None
        _, partition, _, region, account, name = self.queue_arn.split(":")
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        return QueueAddress(
            url=f"{self.queue_url or f'https://sqs.{region}.{suffix}'}/{account}/{name}",
            region=region,
            access_key_id=_clear(self.aws_access_key_id),
            secret_access_key=_clear(self.aws_secret_access_key),
            endpoint=self.queue_url,
        )


def _clear(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
