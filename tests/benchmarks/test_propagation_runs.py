"""The benchmarks of the propagation engine run in small; what they show beside figures is asserted."""

from __future__ import annotations

from tests.benchmarks import backlog, hostile, hostile_figures, outage

BACKLOG = 300


async def test_a_hostile_channel_leaves_the_others_exact(mongo_uri: str, database_name: str) -> None:
    phases = await hostile.measure(mongo_uri, database_name, hostile.Size.small())
    assert all(phase.exact and phase.arrivals and phase.answers for phase in phases)
    assert max(phase.megabytes for phase in phases) - phases[0].megabytes < 50
    hostile_figures.report(phases)


async def test_a_backlog_is_drained_in_whole_batches(mongo_uri: str, database_name: str) -> None:
    drained = await backlog.measure(mongo_uri, database_name, BACKLOG)
    assert drained.exact and drained.requests == BACKLOG / 100
    backlog.report(drained)


async def test_after_an_outage_each_listing_is_told_once_and_what_is_newest(mongo_uri: str, database_name: str) -> None:
    told = await outage.measure(mongo_uri, database_name, outage.Size.small())
    assert told.newest_only and told.requests_after == 1 and told.requests_during < told.changes
    outage.report(told)
