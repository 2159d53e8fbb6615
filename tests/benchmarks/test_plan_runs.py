from __future__ import annotations

from tests.benchmarks import plan, stock_alerts


async def test_the_plan_benchmark_runs_and_finds_what_to_order(mongo_uri: str, database_name: str) -> None:
    found = await plan.measure(mongo_uri, database_name, plan.Size.small())
    assert 0 < found.suggestions <= found.lines


async def test_the_stock_alert_benchmark_runs_and_every_crossing_is_told(mongo_uri: str, database_name: str) -> None:
    assert len(await stock_alerts.measure(mongo_uri, database_name, stock_alerts.Size.small())) == 4
