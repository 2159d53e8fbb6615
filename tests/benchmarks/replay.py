"""Hypothesis: a buffer that learns oversells less than none and keeps less from buyers than a fixed one.

Two years of 500 SKUs at five outlets, whose lags are those of real platforms, from a seed. Every order goes through the
real ledger on the day on which it was heard of, with a clock that runs ahead; the learning buffer is the product's, fed
with the velocity that the ledger shows that day and with the lags that were measured until then. The outlets, and the
offers they are pushed, are simulated. Run: `python -m tests.benchmarks.replay [picture.svg]`.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.table import Table

from gateway.bootstrap import Gateway
from gateway.inventory.buffer_rules import DynamicBuffer
from gateway.inventory.channels import Learned
from gateway.inventory.commands import Command
from gateway.inventory.decision import Atomicity, Outcome
from gateway.inventory.ledger import Cause
from gateway.inventory.orders import Precedence
from gateway.inventory.sales import ReportedLine, ReportOrder
from gateway.operations.velocity_fold import SETTLED_AFTER
from gateway.planning.delays import ChannelDelays
from gateway.planning.dynamic_buffer import demand_at_risk, demand_by_channel, learned
from gateway.planning.velocity import ItemVelocity
from gateway.store.private_mongod import private_database
from gateway.store.velocity import VelocityStore
from tests.benchmarks.replay_demand import OUTLETS, SEED, Product, buyers, products
from tests.benchmarks.replay_shop import Lag, Report, SimulatedSku, Tally
from tests.builders import adjust
from tests.clock import StoppedClock
from tests.kernel import kernel, stock_up

BEGIN = datetime(2024, 1, 1, 12, tzinfo=UTC)
AT = "EAST"
CHUNK = 250
ITEM_IDS = dict[str, str]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is replayed; `small` keeps the benchmark itself from rotting in the test suite."""

    skus: int = 500
    days: int = 730
    seed: int = SEED

    @classmethod
    def small(cls) -> Size:
        return cls(skus=6, days=12)


class Policy(Protocol):
    """Units withheld from each outlet, by SKU, decided at the beginning of a day."""

    @property
    def name(self) -> str: ...

    async def of_day(self, gateway: Gateway, items: ITEM_IDS, now: datetime) -> Mapping[str, Sequence[int]]: ...

    def measured(self, lags: Sequence[Lag]) -> None:
        """Told of each day's lags."""


@dataclass(frozen=True, slots=True)
class Fixed:
    units: int

    @property
    def name(self) -> str:
        return f"fixed {self.units}" if self.units else "none"

    async def of_day(self, gateway: Gateway, items: ITEM_IDS, now: datetime) -> Mapping[str, Sequence[int]]:
        return dict.fromkeys(items, [self.units] * len(OUTLETS))

    def measured(self, lags: Sequence[Lag]) -> None:
        return


class Learning:
    """The dynamic buffer, which at first knows nothing of demand and lags."""

    def __init__(self, quantile: float, units_max: int = 20) -> None:
        self._rule = DynamicBuffer(quantile, units_max)
        self._before: dict[tuple[str, str], Learned] = {}
        self._delays = {outlet.id: ChannelDelays(overwrites=outlet.overwrites) for outlet in OUTLETS}

    @property
    def name(self) -> str:
        return f"learning, {self._rule.quantile:.2%}"

    async def of_day(self, gateway: Gateway, items: ITEM_IDS, now: datetime) -> Mapping[str, Sequence[int]]:
        velocities = await VelocityStore(gateway.database).many(list(items.values()))
        return {sku: self._of(sku, velocities.get(item_id), now) for sku, item_id in items.items()}

    def measured(self, lags: Sequence[Lag]) -> None:
        for lag in lags:
            outlet = OUTLETS[lag.outlet].id
            delays = self._delays[outlet]
            if lag.reports:
                self._delays[outlet] = replace(delays, reports=delays.reports.measured(lag.seconds))
            else:
                self._delays[outlet] = replace(delays, propagation=delays.propagation.measured(lag.seconds))

    def _of(self, sku: str, velocity: ItemVelocity | None, now: datetime) -> Sequence[int]:
        cell = None if velocity is None else velocity.cell_at(None, now)
        demand = demand_by_channel([] if cell is None else [cell])
        units = []
        for outlet in OUTLETS:
            risk = demand_at_risk(outlet.id, demand, self._delays)
            self._before[sku, outlet.id] = learned(risk, self._rule, self._before.get((sku, outlet.id)))
            units.append(self._before[sku, outlet.id].units)
        return units


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one policy came to."""

    policy: str
    tally: Tally
    orders: int
    seconds: float

    def not_shown(self, size: Size) -> float:
        """Units of available stock, the mean over outlets and midnights."""
        return self.tally.not_shown / size.days / len(OUTLETS)


async def replay(uri: str, database: str, size: Size, policy: Policy) -> Replayed:
    """Two years under one policy; at the end the ledger's count is the simulation's."""
    clock = StoppedClock(BEGIN)
    made = products(size.skus, random.Random(size.seed))
    simulated = [SimulatedSku(product, random.Random(f"{size.seed}/{product.sku}/lags")) for product in made]
    chances = [random.Random(f"{size.seed}/{product.sku}") for product in made]
    started, orders = time.perf_counter(), 0
    async with kernel(uri, database, clock=clock, velocity_half_life_days=28) as gateway:
        await stock_up(gateway, {product.sku: {AT: product.target} for product in made})
        items = {sku: item.id for sku, item in (await gateway.stock_store.items([p.sku for p in made])).items()}
        for day in range(size.days):
            clock.now = BEGIN + timedelta(days=day)
            buffers = await policy.of_day(gateway, items, clock.now)
            written: list[Command] = []
            for sku, chance in zip(simulated, chances, strict=True):
                came = buyers(sku.product, day, chance)
                received, heard = sku.day(day, came, buffers[sku.product.sku])
                written += _commands(sku.product, items, day, received, heard, clock.now)
                orders += len(heard)
                policy.measured(sku.lags)
                sku.lags.clear()
            await _write(gateway, written)
            clock.now += SETTLED_AFTER + timedelta(seconds=1)
            await _follow(gateway)
        for sku in simulated:
            await _write(gateway, _commands(sku.product, items, size.days, 0, sku.finish(), clock.now))
        await _check(gateway, simulated)
    tally = Tally()
    for sku in simulated:
        tally.add(sku.tally)
    return Replayed(policy.name, tally, orders, time.perf_counter() - started)


def _commands(
    product: Product, items: ITEM_IDS, day: int, received: int, heard: Sequence[Report], now: datetime
) -> list[Command]:
    commands: list[Command] = []
    if received:
        commands.append(adjust(f"receipt-{product.sku}-{day}", product.sku, {AT: received}))
    for number, report in enumerate(heard):
        line = ReportedLine("1", items[product.sku], report.units, 0, report.units, (AT,))
        order_id, channel_id = f"{product.sku}-{day}-{number}", OUTLETS[report.outlet].id
        commands.append(
            ReportOrder(
                f"channel:{channel_id}",
                blake2b(order_id.encode(), digest_size=12).hexdigest(),
                Cause("replay", channel_id=channel_id),
                channel_id,
                order_id,
                None,
                "shipped",
                Precedence(now, 3, report.units),
                (line,),
                frozenset(),
            )
        )
    return commands


async def _write(gateway: Gateway, commands: Sequence[Command]) -> None:
    chunks = [commands[start : start + CHUNK] for start in range(0, len(commands), CHUNK)]
    for results in await asyncio.gather(
        *(gateway.stock.apply_many(chunk, Atomicity.PER_ADJUSTMENT) for chunk in chunks)
    ):
        assert all(isinstance(result, Outcome) for result in results), results


async def _follow(gateway: Gateway) -> None:
    """All that has settled, at once: the product would take its time."""
    while await gateway.planning.fold.step(token=1):
        pass


async def _check(gateway: Gateway, simulated: Sequence[SimulatedSku]) -> None:
    stored = await gateway.stock_store.items([sku.product.sku for sku in simulated])
    for sku in simulated:
        assert stored[sku.product.sku].level(AT).available == sku.available, sku.product.sku


def table(replays: Sequence[Replayed], size: Size) -> Table:
    made = Table(title=f"{size.skus} SKUs, {size.days} days, {len(OUTLETS)} outlets; units")
    for heading in ("buffer", "wanted", "sold", "oversold", "lost: out of stock", "lost: not shown", "not shown"):
        made.add_column(heading, justify="left" if heading == "buffer" else "right")
    made.add_column("orders/s", justify="right")
    for each in replays:
        tally = each.tally
        shown = [tally.wanted, tally.sold, tally.oversold, tally.lost_without_stock, tally.lost_with_stock]
        made.add_row(
            each.policy,
            *(f"{n:,}" for n in shown),
            f"{each.not_shown(size):,.1f}",
            f"{each.orders / each.seconds:,.0f}",
        )
    made.caption = "not shown: units of available stock that an outlet did not show, mean over midnights and outlets"
    return made


def picture(replays: Sequence[Replayed], size: Size, path: Path) -> None:
    """Oversold units against units withheld, each policy a dot; the lower left is best. Needs the extra `report`."""
    from matplotlib.figure import Figure  # type: ignore[import-not-found, unused-ignore]

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for learns, mark in ((False, "s"), (True, "o")):
        some = [each for each in replays if each.policy.startswith("learning") == learns]
        not_shown = [each.not_shown(size) for each in some]
        oversold = [each.tally.oversold for each in some]
        axes.plot(not_shown, oversold, f"{mark}--", label="learning buffer" if learns else "fixed buffer")
        for x, y, each in zip(not_shown, oversold, some, strict=True):
            axes.annotate(each.policy, (x, y), textcoords="offset points", xytext=(6, 6), fontsize=8)
    axes.set_xlabel("units of available stock not shown (mean of outlets, at midnight)")
    axes.set_ylabel("units oversold in two years")
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


async def main(size: Size, policies: Sequence[Policy]) -> list[Replayed]:
    replays = []
    for number, policy in enumerate(policies):
        with tempfile.TemporaryDirectory() as directory:
            async with private_database(Path(directory)) as database:
                replays.append(await replay(database.uri, f"replay_{number}", size, policy))
                print(f"{policy.name}: {replays[-1].seconds:.0f} s", file=sys.stderr)
    Console(width=120).print(table(replays, size))
    return replays


if __name__ == "__main__":
    quantiles = (0.98, 0.99, 0.995, 0.997, 0.999)
    policies: list[Policy] = [*map(Fixed, range(3)), *map(Learning, quantiles)]
    done = asyncio.run(main(Size(), policies))
    if len(sys.argv) > 1:
        picture(done, Size(), Path(sys.argv[1]))
