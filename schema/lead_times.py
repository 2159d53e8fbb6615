"""How long suppliers take, and why that is the figure."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.operations.lead_times import SupplierLeadTime
from gateway.planning.lead_time import Delivery, LeadTime
from schema.context import Info
from schema.errors import UserError, reading, user_error


@strawberry.type(name="SupplierDelivery", description="Units that were ordered, promised and brought together.")
class DeliveryType:
    ordered_at: datetime = strawberry.field(description="When the purchase was entered.")
    expected_at: datetime | None = strawberry.field(description="The first date that was given; null for none.")
    arrived_at: datetime = strawberry.field(description="When the last of the units came.")
    days: float = strawberry.field(description="From the order to the arrival.")
    days_late: int | None = strawberry.field(
        description="Calendar days (UTC) after the date given, negative before it, at most 120 either way."
    )

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryType:
        return cls(
            ordered_at=delivery.ordered_at,
            expected_at=delivery.expected_at,
            arrived_at=delivery.arrived_at,
            days=delivery.days,
            days_late=delivery.days_late,
        )


@strawberry.type(
    name="LeadTime",
    description="`meanDays` is the mean of `observedDays` and `priorDays`, by `weight` and `priorWeight`. Each "
    "delivery counts half as much as the eighth after it. The prior of an item is its supplier's figure, that of a "
    "supplier the days that it declares for the item, or else a setting.",
)
class LeadTimeType:
    mean_days: float = strawberry.field(description="Days from order to arrival to plan with.")
    deviation_days: float = strawberry.field(description="Standard deviation of a delivery's days.")
    samples: int = strawberry.field(description="Deliveries looked at.")
    weight: float = strawberry.field(description="What these count for together.")
    observed_days: float | None = strawberry.field(description="Their weighted mean; null without any.")
    prior_weight: float = strawberry.field(description="What the prior counts for, in deliveries.")
    prior_days: float | None = strawberry.field(description="The prior's mean.")
    on_time_probability: float = strawberry.field(description="Chance to be here on the day that was given, or before.")
    mean_days_late: float = strawberry.field(description="Negative where deliveries rather come early.")
    days_late_of_nine_in_ten: int = strawberry.field(description="Nine of ten are at most so many days late.")

    @classmethod
    def of(cls, lead_time: LeadTime) -> LeadTimeType:
        return cls(
            mean_days=lead_time.mean_days,
            deviation_days=lead_time.deviation_days,
            samples=lead_time.samples,
            weight=lead_time.weight,
            observed_days=lead_time.observed_days,
            prior_weight=lead_time.prior_weight,
            prior_days=lead_time.prior_days,
            on_time_probability=lead_time.lateness.within(0),
            mean_days_late=lead_time.lateness.mean_days,
            days_late_of_nine_in_ten=lead_time.lateness.quantile(0.9),
        )


@strawberry.type(name="SupplierLeadTime", description="What is known of a supplier's lead time.")
class SupplierLeadTimeType:
    supplier: str = strawberry.field(description="As it was asked for; spaces around it and capitals do not matter.")
    sku: str | None = strawberry.field(description="The item asked for; null for all of the supplier.")
    lead_time: LeadTimeType = strawberry.field(description="Of the item, or of all.")
    supplier_wide: LeadTimeType = strawberry.field(description="Of all items of the supplier.")
    deliveries: list[DeliveryType] = strawberry.field(
        description="What it was learnt from, the newest first: up to 40, a minute and a half behind."
    )

    @classmethod
    def of(cls, found: SupplierLeadTime) -> SupplierLeadTimeType:
        return cls(
            supplier=found.supplier,
            sku=found.sku,
            lead_time=LeadTimeType.of(found.lead_time),
            supplier_wide=LeadTimeType.of(found.supplier_wide),
            deliveries=[DeliveryType.of(delivery) for delivery in found.deliveries],
        )


@strawberry.type(description="What became of the request.")
class LeadTimeRebuildPayload:
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class LeadTimeQuery:
    @strawberry.field(description="How long a supplier takes, from what it has delivered. Needs `inventory:read`.")
    async def supplier_lead_time(
        self,
        info: Info,
        supplier: Annotated[str, strawberry.argument(description="Its name, as in purchases.")],
        sku: Annotated[str | None, strawberry.argument(description="Of this item; of all if null.")] = None,
    ) -> SupplierLeadTimeType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            return SupplierLeadTimeType.of(await info.context.services.lead_times.of(supplier, sku))


@strawberry.type
class LeadTimeMutation:
    @strawberry.mutation(
        description="Look at every purchase again, in the background, to learn lead times from. Needs `admin`."
    )
    async def lead_times_rebuild(self, info: Info) -> LeadTimeRebuildPayload:
        work = info.context.services.lead_times.rebuild()
        try:
            with closing(work):
                info.context.principal.require(Scope.ADMIN)
                await work
        except (InventoryError, StorageError) as error:
            return LeadTimeRebuildPayload(user_errors=[user_error(error)])
        return LeadTimeRebuildPayload(user_errors=[])
