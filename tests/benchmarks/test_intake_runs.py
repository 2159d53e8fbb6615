"""The benchmark of the intake runs in small, so that it cannot rot; its times are not asserted here."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import intake


async def test_forgeries_cause_no_write_and_every_real_webhook_counts_once(
    mongo_uri: str, database_name: str, tmp_path: Path
) -> None:
    results = await intake.measure(mongo_uri, database_name, tmp_path, intake.Size.small())
    assert results.attacked.statuses == {200}
    assert results.attacked.forged_statuses == results.only_forged.forged_statuses == {401}
    assert results.attacked.inbox_writes > 0
    assert results.only_forged.inbox_writes == 0
    assert results.exact
