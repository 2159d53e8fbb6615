"""Every benchmark runs in small, so that it cannot rot; its figures are not asserted here."""

from __future__ import annotations

from tests.benchmarks import http, kernel, propagation, subscribers


async def test_the_kernel_benchmark_runs_and_accounts_for_every_unit(mongo_uri: str, database_name: str) -> None:
    comparisons, verdict = await kernel.measure(mongo_uri, database_name, kernel.Size.small())
    assert verdict == "as the ledger says"
    assert all(comparison.ours.latencies for comparison in comparisons)


async def test_the_http_benchmark_runs_without_a_refusal() -> None:
    measured = await http.measure(http.Size.small())
    assert all(run.latencies for run in measured.values())


async def test_the_propagation_benchmark_runs_and_every_channel_is_exact(mongo_uri: str, database_name: str) -> None:
    results = await propagation.measure(mongo_uri, database_name, propagation.Size.small())
    assert all(some.exact and some.milliseconds for some in results)


async def test_the_subscribers_benchmark_runs_and_everybody_hears_the_newest() -> None:
    heard = await subscribers.measure(subscribers.Size.small(), everything=True)
    assert heard.complete and heard.milliseconds
