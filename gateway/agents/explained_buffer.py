"""Why a sales channel is offered what it is offered, explained to an agent."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from gateway.inventory.buffer_rules import DynamicBuffer
from gateway.inventory.buffers import Setting
from gateway.operations.buffers import PlaceBuffer
from gateway.planning.dynamic_buffer import DemandAtRisk, RiskSource, exact_units
from gateway.rest.answers import Answer
from gateway.rest.bodies import Body
from gateway.rest.texts import Sku, Slug


class BufferForm(Body):
    """Which offer."""

    sku: Sku
    channel_id: Slug


class BufferTermAnswer(Answer):
    value: int = Field(description="What is set.")
    units: int = Field(description="The units that follow from it by now.")
    rule: str | None = Field(description="The rule that won; null where it is the channel's own buffer.")

    @classmethod
    def of(cls, setting: Setting[int] | None, units: int | None = None) -> BufferTermAnswer | None:
        if setting is None:
            return None
        rule = None if setting.rule is None else setting.rule.id
        return cls(value=setting.value, units=setting.value if units is None else units, rule=rule)


class RiskAnswer(Answer):
    """What may sell through one channel, or through none, before the other one hears of it."""

    channel_id: str | None = Field(description="Null for what is sold through no channel.")
    units_per_day: float
    variance_per_day: float
    seconds: float = Field(description="How long the news takes on average.")
    units: float = Field(description="What sells in that time, on average.")
    variance: float

    @classmethod
    def of(cls, source: RiskSource) -> RiskAnswer:
        return cls(
            channel_id=source.channel_id,
            units_per_day=source.demand.mean,
            variance_per_day=source.demand.variance,
            seconds=source.seconds,
            units=source.mean,
            variance=source.variance,
        )


class DynamicTermAnswer(Answer):
    """A quantile of what may sell before the channel hears of it."""

    rule: str | None
    quantile: float = Field(description="Share of all cases in which the units are enough.")
    units_max: int = Field(description="They are never more than this.")
    units: int = Field(description="In use; they follow once the demand at risk has moved by a quarter or so.")
    exact_units: int = Field(description="The quantile by now.")
    mean: float = Field(description="Units at risk on average: the sum of the sources.")
    variance: float = Field(description="The sum of the sources' variances and `lagVariance`.")
    lag_variance: float = Field(description="From the channel's own lag, the same for all that sells elsewhere.")
    sources: list[RiskAnswer]

    @classmethod
    def of(
        cls, setting: Setting[DynamicBuffer] | None, units: int, risk: DemandAtRisk | None
    ) -> DynamicTermAnswer | None:
        if setting is None or risk is None:
            return None
        return cls(
            rule=None if setting.rule is None else setting.rule.id,
            quantile=setting.value.quantile,
            units_max=setting.value.units_max,
            units=units,
            exact_units=exact_units(risk, setting.value),
            mean=risk.mean,
            variance=risk.variance,
            lag_variance=risk.lag_variance,
            sources=[RiskAnswer.of(source) for source in risk.sources],
        )


class PlaceBufferAnswer(Answer):
    """One place of the channel.

    In this order: nothing is offered at `stopAt` and below; else what is left after the most of `fixed`, `percent` and
    `dynamic`; of that no more than `listAtMost`.
    """

    platform_location_id: str | None = Field(description="Null where the channel has a single stock.")
    location_ids: list[str] = Field(description="The active locations that feed it.")
    available: int = Field(description="Units there that the channel may take.")
    fixed: BufferTermAnswer | None
    percent: BufferTermAnswer | None
    dynamic: DynamicTermAnswer | None
    stop_at: BufferTermAnswer | None
    list_at_most: BufferTermAnswer | None
    withheld: int
    offered: int

    @classmethod
    def of(cls, at: PlaceBuffer) -> PlaceBufferAnswer:
        buffer, terms = at.buffer, at.terms
        return cls(
            platform_location_id=at.place,
            location_ids=list(at.location_ids),
            available=terms.available,
            fixed=BufferTermAnswer.of(buffer.fixed, terms.fixed),
            percent=BufferTermAnswer.of(buffer.percent, terms.percent),
            dynamic=DynamicTermAnswer.of(buffer.dynamic, terms.dynamic, at.risk),
            stop_at=BufferTermAnswer.of(buffer.stop_at),
            list_at_most=BufferTermAnswer.of(buffer.list_at_most),
            withheld=terms.withheld,
            offered=terms.offered,
        )


class BufferAnswer(Answer):
    """What a channel is offered of a SKU at each of its places, whether or not it lists it."""

    sku: str
    channel_id: str
    places: list[PlaceBufferAnswer]

    @classmethod
    def of(cls, form: BufferForm, found: Sequence[PlaceBuffer]) -> BufferAnswer:
        return cls(sku=form.sku, channel_id=form.channel_id, places=[PlaceBufferAnswer.of(at) for at in found])
