"""Why a channel is offered what it is offered, term by term; and the delays that dynamic buffers rest on."""

from __future__ import annotations

from math import sqrt
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.buffer_rules import DynamicBuffer
from gateway.inventory.buffers import Setting
from gateway.operations.buffers import PlaceBuffer
from gateway.planning.delays import Delay
from gateway.planning.dynamic_buffer import DemandAtRisk, RiskSource, exact_units
from schema.context import Info
from schema.errors import reading
from schema.scalars import Quantity


@strawberry.type(description="One term of an offer.")
class BufferTerm:
    value: Quantity = strawberry.field(description="What is set.")
    units: Quantity = strawberry.field(description="The units that follow from it by now.")
    rule_id: strawberry.ID | None = strawberry.field(
        description="The rule that won; null where it is the channel's own `buffer`."
    )


@strawberry.type(description="What may sell through one channel, or through none, before the other one hears of it.")
class DemandAtRiskSource:
    channel_id: str | None = strawberry.field(description="Null for what is sold through no channel.")
    units_per_day: float = strawberry.field(description="The rate to plan with, as `velocity` tells it.")
    variance_per_day: float = strawberry.field(description="Of the units of a day.")
    seconds: float = strawberry.field(
        description="How long it takes on average: until we hear of the order, and until the channel has acknowledged "
        "the lower count. Of the channel's own orders only the former, where its platform takes absolute counts."
    )
    units: float = strawberry.field(description="What sells in that time, on average.")
    variance: float = strawberry.field(description="Of those units, with that of the reports' delay.")

    @classmethod
    def of(cls, source: RiskSource) -> DemandAtRiskSource:
        return cls(
            channel_id=source.channel_id,
            units_per_day=source.demand.mean,
            variance_per_day=source.demand.variance,
            seconds=source.seconds,
            units=source.mean,
            variance=source.variance,
        )


@strawberry.type(description="What a dynamic buffer withholds, and why.")
class DynamicTerm:
    rule_id: strawberry.ID = strawberry.field(description="The rule that won.")
    quantile: float = strawberry.field(description="Share of all cases in which the units are enough.")
    units_max: int = strawberry.field(description="They are never more than this.")
    units: Quantity = strawberry.field(
        description="In use. They change once the demand at risk has moved by a quarter or so: so they do not flap. "
        "0 until the listing was looked at, every ten minutes and after a change of the rules."
    )
    exact_units: Quantity = strawberry.field(
        description="The quantile by now, of the negative binomial distribution, or Poisson's where the variance is "
        "not above the mean."
    )
    mean: float = strawberry.field(description="Units at risk on average: the sum of the sources.")
    variance: float = strawberry.field(description="The sum of the sources' variances and `lagVariance`.")
    lag_variance: float = strawberry.field(
        description="From the channel's own lag, which is the same for all that sells elsewhere."
    )
    sources: list[DemandAtRiskSource] = strawberry.field(description="What may sell where.")

    @classmethod
    def of(cls, setting: Setting[DynamicBuffer], units: int, risk: DemandAtRisk) -> DynamicTerm:
        assert setting.rule is not None
        return cls(
            rule_id=strawberry.ID(setting.rule.id),
            quantile=setting.value.quantile,
            units_max=setting.value.units_max,
            units=Quantity(units),
            exact_units=Quantity(exact_units(risk, setting.value)),
            mean=risk.mean,
            variance=risk.variance,
            lag_variance=risk.lag_variance,
            sources=[DemandAtRiskSource.of(source) for source in risk.sources],
        )


@strawberry.type(
    name="EffectiveBuffer",
    description="What a channel is offered at one of its places. In this order: nothing at `stopAt` and below; else "
    "what is left after the most of `fixed`, `percent` and `dynamic`; of that no more than `listAtMost`.",
)
class EffectiveBufferType:
    at: Private[PlaceBuffer]

    @strawberry.field(description="The platform's own location; null where the channel has a single stock.")
    def platform_location_id(self) -> str | None:
        return self.at.place

    @strawberry.field(description="Our active locations that feed it.")
    def location_ids(self) -> list[str]:
        return list(self.at.location_ids)

    @strawberry.field(description="Units there that the channel may take: what is kept for others is left out.")
    def available(self) -> Quantity:
        return Quantity(self.at.terms.available)

    @strawberry.field(description="Units to withhold.")
    def fixed(self) -> BufferTerm | None:
        return _term(self.at.buffer.fixed, self.at.terms.fixed)

    @strawberry.field(description="Percent of what is available to withhold.")
    def percent(self) -> BufferTerm | None:
        return _term(self.at.buffer.percent, self.at.terms.percent)

    @strawberry.field(description="What may sell before the channel hears of it.")
    def dynamic(self) -> DynamicTerm | None:
        setting, risk = self.at.buffer.dynamic, self.at.risk
        return None if setting is None or risk is None else DynamicTerm.of(setting, self.at.terms.dynamic, risk)

    @strawberry.field(description="Nothing is offered of so many units, or fewer.")
    def stop_at(self) -> BufferTerm | None:
        setting = self.at.buffer.stop_at
        return _term(setting, setting.value if setting else 0)

    @strawberry.field(description="Never more is offered.")
    def list_at_most(self) -> BufferTerm | None:
        setting = self.at.buffer.list_at_most
        return _term(setting, setting.value if setting else 0)

    @strawberry.field(description="The most of `fixed`, `percent` and `dynamic`, in units.")
    def withheld(self) -> Quantity:
        return Quantity(self.at.terms.withheld)

    @strawberry.field(description="Units that the channel may sell.")
    def offered(self) -> Quantity:
        return Quantity(self.at.terms.offered)


@strawberry.type(description="A measured delay; newer measurements count more.")
class MeasuredDelay:
    mean_seconds: float = strawberry.field(description="Its mean.")
    deviation_seconds: float = strawberry.field(description="Its standard deviation.")
    samples: int = strawberry.field(description="Measurements so far; 0: a minute is assumed until the first.")

    @classmethod
    def of(cls, delay: Delay) -> MeasuredDelay:
        return cls(mean_seconds=delay.mean, deviation_seconds=sqrt(delay.variance), samples=delay.samples)


@strawberry.type(name="ChannelDelays", description="How long news takes to a channel, and from it.")
class ChannelDelaysType:
    propagation: MeasuredDelay = strawberry.field(
        description="From a change of stock until the channel has acknowledged it; of each request, the oldest."
    )
    reports: MeasuredDelay = strawberry.field(
        description="From an order, by its platform's clock, until we hear of it."
    )


@strawberry.type
class EffectiveBufferQuery:
    @strawberry.field(
        description="What is withheld of a SKU at each place of a channel, and by which rules, whether or not the "
        "channel lists it. Needs `inventory:read`."
    )
    async def effective_buffer(
        self,
        info: Info,
        sku: Annotated[str, strawberry.argument(description="Its present SKU.")],
        channel_id: Annotated[str, strawberry.argument(description="Which channel.")],
    ) -> list[EffectiveBufferType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            found = await info.context.services.buffers.effective(sku, channel_id)
            return [EffectiveBufferType(at=place) for place in found]

    @strawberry.field(
        description="How long news takes to a channel, and from it; null before anything was measured. "
        "Needs `inventory:read`."
    )
    async def channel_delays(
        self, info: Info, channel_id: Annotated[str, strawberry.argument(description="Which channel.")]
    ) -> ChannelDelaysType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            delays = await info.context.services.delays.of(channel_id)
            if delays is None:
                return None
            propagation, reports = MeasuredDelay.of(delays.propagation), MeasuredDelay.of(delays.reports)
            return ChannelDelaysType(propagation=propagation, reports=reports)


def _term(setting: Setting[int] | None, units: int) -> BufferTerm | None:
    if setting is None:
        return None
    rule_id = None if setting.rule is None else strawberry.ID(setting.rule.id)
    return BufferTerm(value=Quantity(setting.value), units=Quantity(units), rule_id=rule_id)
