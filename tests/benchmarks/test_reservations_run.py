"""The benchmark of reservations runs in small, so that it cannot rot; its figures are not asserted here."""

from __future__ import annotations

from tests.benchmarks import reservations
from tests.invariants import assert_the_ledger_explains_the_stock

SIZE = reservations.Size.small()


async def test_the_race_of_two_processes_sells_exactly_what_there_is(mongo_uri: str, database_name: str) -> None:
    race = await reservations.race(mongo_uri, database_name, SIZE, lines=3)
    assert (race.won, race.short) == (SIZE.units, SIZE.buyers - SIZE.units)
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_the_sweep_gives_everything_back(mongo_uri: str, database_name: str) -> None:
    assert (await reservations.sweep(mongo_uri, database_name, SIZE.holds)).swept == SIZE.holds
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_reservations_over_http_are_made_without_a_refusal() -> None:
    assert all(run.latencies for run in (await reservations.over_http(SIZE.http)).values())
