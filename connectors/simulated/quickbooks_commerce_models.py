"""What QuickBooks Online accepts as an inventory adjustment."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Reference(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: str


class _Detail(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    item: _Reference = Field(alias="ItemRef")
    change: int = Field(alias="QtyDiff")


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["ItemAdjustmentLineDetail"] = Field(alias="DetailType")
    detail: _Detail = Field(alias="ItemAdjustmentLineDetail")


class Adjustment(BaseModel):
    model_config = ConfigDict(extra="forbid")
    note: str = Field(alias="PrivateNote")
    account: _Reference = Field(alias="AdjustAccountRef")
    lines: list[_Line] = Field(alias="Line", min_length=1)
