from __future__ import annotations

from tests.benchmarks import buffers


async def test_the_buffers_benchmark_runs_and_finds_every_listing(mongo_uri: str, database_name: str) -> None:
    assert len(await buffers.measure(mongo_uri, database_name, 150)) == 5
