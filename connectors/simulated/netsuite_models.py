"""The records a simulated NetSuite accepts, named as in its REST API Browser."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Reference(_Body):
    id: str


class AdjustedLine(_Body):
    item: Reference
    location: Reference
    adjustQtyBy: int


class AdjustedLines(_Body):
    items: Annotated[list[AdjustedLine], Field(min_length=1)]


class Adjustment(_Body):
    externalId: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")]
    subsidiary: Reference | None = None
    account: Reference
    adjLocation: Reference
    memo: str = ""
    inventory: AdjustedLines


class Adjustments(_Body):
    items: Annotated[list[Adjustment], Field(min_length=1, max_length=100)]


class Statement(_Body):
    q: str
