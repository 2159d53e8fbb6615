from __future__ import annotations

from tests.benchmarks.replay import Fixed, Learning, Policy, Size, replay, table


async def test_the_replay_ends_with_the_ledger_s_count_under_every_policy(mongo_uri: str, database_name: str) -> None:
    policies: list[Policy] = [Fixed(1), Learning(0.99)]
    replays = [
        await replay(mongo_uri, f"{database_name}_{number}", Size.small(), policy)
        for number, policy in enumerate(policies)
    ]
    for each in replays:
        tally = each.tally
        assert tally.sold > 0
        assert tally.sold + tally.lost_without_stock + tally.lost_with_stock == tally.wanted
    assert table(replays, Size.small()).row_count == 2
