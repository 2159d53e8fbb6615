"""The bodies a simulated Amazon accepts. https://github.com/amzn/selling-partner-api-models"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Availability(_Body):
    fulfillment_channel_code: Literal["DEFAULT"]
    quantity: Annotated[int, Field(ge=0)]


class QuantityPatch(_Body):
    op: Literal["merge"]
    path: Literal["/attributes/fulfillment_availability"]
    value: Annotated[list[Availability], Field(min_length=1, max_length=1)]


class ListingPatch(_Body):
    productType: Literal["PRODUCT"]
    patches: Annotated[list[QuantityPatch], Field(min_length=1, max_length=1)]

    @property
    def quantity(self) -> int:
        return self.patches[0].value[0].quantity


class FeedMessage(ListingPatch):
    messageId: Annotated[int, Field(ge=1)]
    sku: str
    operationType: Literal["PATCH"]


class FeedHeader(_Body):
    sellerId: str
    version: Literal["2.0"]
    issueLocale: str


class FeedContent(_Body):
    header: FeedHeader
    messages: Annotated[list[FeedMessage], Field(min_length=1, max_length=25_000)]


class DocumentOrder(_Body):
    contentType: Literal["application/json; charset=UTF-8"]


class FeedOrder(_Body):
    feedType: Literal["JSON_LISTINGS_FEED"]
    marketplaceIds: Annotated[list[str], Field(min_length=1)]
    inputFeedDocumentId: str
