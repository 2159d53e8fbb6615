from __future__ import annotations

from tests.benchmarks import promises


async def test_the_promises_benchmark_runs_and_its_answers_are_right(mongo_uri: str, database_name: str) -> None:
    figures = await promises.measure(mongo_uri, database_name, promises.Size.small())
    assert len(figures) == 5
