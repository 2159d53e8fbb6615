"""What an operator enters for Cin7 Core, and its records as ours."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, SecretStr

from connectors.catalog import ChannelStock
from connectors.config import BaseUrl, ChannelConfig
from connectors.exchange import Flow
from connectors.quantities import units_taken, units_there
from connectors.rest import JsonApi
from connectors.updates import StockUpdate

PER_PAGE = 1000
LOOKED_UP_MAX = 5
"""SKUs that are looked up one by one; for more, all counts are read."""
NOTHING = ChannelStock(platform_ids={}, sku=None, location_id=None, quantity=0)

Record = dict[str, Any]


class Cin7CoreConfig(ChannelConfig):
    account_id: str = Field(description="Integrations > API: the account ID.", min_length=1)
    application_key: SecretStr = Field(description="The key made there for this gateway alone.", min_length=1)
    expense_account: str = Field(description="The ledger account that adjustments are booked to, say 403.")
    default_unit_cost: float = Field(0, description="Cost of units that come in by an adjustment.", ge=0)
    webhook_token: SecretStr | None = Field(
        None, description="A secret of your own, which Core sends along. Needs the Automation module."
    )
    previous_webhook_token: SecretStr | None = Field(None, description="The one before the last change.")
    api_url: BaseUrl = Field("https://inventory.dearsystems.com/ExternalApi/v2", description="Where the API answers.")

    @property
    def api(self) -> JsonApi:
        return JsonApi(self.api_url, {"api-auth-accountid": self.account_id})


def page(number: int) -> dict[str, str]:
    return {"Page": str(number), "Limit": str(PER_PAGE)}


def following_page(answer: Record, number: int) -> int | None:
    return number + 1 if number * PER_PAGE < answer["Total"] else None


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")


def moment(stated: str) -> datetime:
    at = datetime.fromisoformat(stated)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def summed(rows: Iterable[Record]) -> dict[tuple[str, str], ChannelStock | None]:
    """By SKU and location; None for what lies in bins or batches."""
    found: dict[tuple[str, str], ChannelStock | None] = {}
    for row in rows:
        at = row["SKU"], row["Location"]
        level = ChannelStock(
            platform_ids={"sku": row["SKU"]},
            sku=row["SKU"],
            location_id=row["Location"],
            quantity=units_there(row["OnHand"]),
            committed=units_taken(row["Allocated"]),
        )
        found[at] = None if row["Bin"] or row["Batch"] or at in found else level
    return found


def read_levels(config: Cin7CoreConfig, skus: set[str]) -> Flow[dict[tuple[str, str], ChannelStock | None]]:
    queries = [{"Sku": sku} for sku in sorted(skus)] if len(skus) <= LOOKED_UP_MAX else [{}]
    rows: list[Record] = []
    for query in queries:
        number: int | None = 1
        while number is not None:
            answer = yield from config.api.read("/ref/productavailability", query | page(number))
            rows += answer["ProductAvailabilityList"]
            number = following_page(answer, number)
    return summed(rows)


def adjustment_of(config: Cin7CoreConfig, counts: Sequence[tuple[StockUpdate, int]]) -> Record:
    first = counts[0][0]
    lines = [
        {
            "SKU": update.platform_ids["sku"],
            "Location": update.location_id,
            "Quantity": count,
            "UnitCost": config.default_unit_cost,
            "ReceivedDate": written(update.as_of),
        }
        for update, count in counts
    ]
    return {
        "EffectiveDate": written(first.as_of),
        "Status": "COMPLETED",
        "UpdateOnHand": True,
        "Account": config.expense_account,
        "Reference": f"inventory-gateway {first.idempotency_key}",
        "Lines": lines,
    }
