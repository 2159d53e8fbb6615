"""The bodies a simulated Square accepts. https://developer.squareup.com/reference/square"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(min_length=1, max_length=100)]
Units = Annotated[str, Field(pattern=r"^[0-9]{1,20}(\.[0-9]{1,5})?$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PhysicalCount(_Body):
    reference_id: Annotated[str, Field(max_length=255)]
    catalog_object_id: Id
    location_id: Id
    state: Literal["IN_STOCK"]
    quantity: Units
    occurred_at: datetime


class Adjustment(_Body):
    reference_id: Annotated[str, Field(max_length=255)]
    catalog_object_id: Id
    from_state: Literal["NONE", "IN_STOCK"]
    to_state: Literal["IN_STOCK", "WASTE"]
    from_location_id: Id
    to_location_id: Id
    quantity: Units
    occurred_at: datetime


class CountChange(_Body):
    type: Literal["PHYSICAL_COUNT"]
    physical_count: PhysicalCount


class AdjustmentChange(_Body):
    type: Literal["ADJUSTMENT"]
    adjustment: Adjustment


class ChangeInventory(_Body):
    idempotency_key: Annotated[str, Field(min_length=1, max_length=128)]
    ignore_unchanged_counts: bool = True
    changes: Annotated[
        list[Annotated[CountChange | AdjustmentChange, Field(discriminator="type")]], Field(max_length=100)
    ]


class RetrieveCounts(_Body):
    catalog_object_ids: list[Id] | None = None
    location_ids: list[Id] | None = None
    states: list[str] | None = None
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class SearchCatalog(_Body):
    object_types: list[Literal["ITEM_VARIATION"]]
    include_related_objects: bool = False
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class RetrieveCatalog(_Body):
    object_ids: Annotated[list[Id], Field(max_length=1000)]


class TimeRange(_Body):
    start_at: datetime


class UpdatedFilter(_Body):
    updated_at: TimeRange


class OrderFilter(_Body):
    date_time_filter: UpdatedFilter


class OrderSort(_Body):
    sort_field: Literal["UPDATED_AT"]
    sort_order: Literal["ASC"]


class OrderQuery(_Body):
    filter: OrderFilter
    sort: OrderSort


class SearchOrders(_Body):
    location_ids: Annotated[list[Id], Field(min_length=1, max_length=10)]
    cursor: str | None = None
    query: OrderQuery
    limit: Annotated[int, Field(ge=1, le=1000)] = 500


class RetrieveOrders(_Body):
    order_ids: Annotated[list[str], Field(max_length=100)]


class Subscription(_Body):
    name: str = ""
    enabled: bool = True
    event_types: list[str]
    notification_url: str = ""
    api_version: str = ""


class ChangeSubscription(_Body):
    subscription: Subscription


class ObtainToken(_Body):
    client_id: str
    client_secret: str
    grant_type: Literal["refresh_token"]
    refresh_token: str
