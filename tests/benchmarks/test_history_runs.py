from __future__ import annotations

from tests.benchmarks import history


async def test_the_history_benchmark_runs_and_its_answers_are_right(mongo_uri: str, database_name: str) -> None:
    figures = await history.measure(mongo_uri, database_name, history.Size.small())
    assert len(figures) == 7
