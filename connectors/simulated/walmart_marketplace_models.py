"""What may be sent to a simulated Walmart Marketplace."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Amount(_Body):
    unit: Literal["EACH"]
    amount: Annotated[int, Field(ge=0)]


class NodeInput(_Body):
    shipNode: str
    inputQty: _Amount


class _Nodes(_Body):
    nodes: Annotated[list[NodeInput], Field(min_length=1)]


class Inventories(_Body):
    inventories: _Nodes


class _FeedNode(_Body):
    shipNode: str
    quantity: _Amount


class FeedItem(_Body):
    sku: str
    shipNodes: Annotated[list[_FeedNode], Field(min_length=1)]


class _FeedHeader(_Body):
    version: Literal["1.5"]


class FeedDocument(_Body):
    inventoryHeader: _FeedHeader
    inventory: Annotated[list[FeedItem], Field(min_length=1)]


class _Proof(_Body):
    authMethod: Literal["HMAC"]
    authHeaderName: str
    clientSecret: Annotated[str, Field(min_length=1)]


class SubscriptionChange(_Body):
    eventUrl: str
    authDetails: _Proof
    status: Literal["ACTIVE", "INACTIVE"]


class _Event(SubscriptionChange):
    eventType: str
    eventVersion: Literal["V1"]
    resourceName: Literal["ORDER", "INVENTORY"]
    headers: dict[str, str]


class Subscription(_Body):
    events: Annotated[list[_Event], Field(min_length=1)]
