from __future__ import annotations

from tests.benchmarks import velocity


async def test_the_velocity_benchmark_runs_and_its_answers_are_right(mongo_uri: str, database_name: str) -> None:
    figures = await velocity.measure(mongo_uri, database_name, velocity.Size.small())
    assert len(figures) == 4
