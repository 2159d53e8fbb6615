"""How often carts may be checked by those who could count the stock that way."""

from __future__ import annotations

from gateway.check_allowance import BURST_SECONDS, CheckAllowance


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def allowed(allowance: CheckAllowance, client: str, times: int) -> int:
    return sum(allowance.take(client) for _ in range(times))


def test_a_burst_is_allowed_and_then_a_steady_rate_for_each_client() -> None:
    clock = Seconds()
    allowance = CheckAllowance(per_second=2, clock=clock)
    assert allowed(allowance, "browser", 100) == 2 * BURST_SECONDS
    assert allowed(allowance, "partner", 5) == 5
    clock.now += 3
    assert allowed(allowance, "browser", 100) == 6


def test_less_than_one_a_second_still_allows_the_first() -> None:
    clock = Seconds()
    allowance = CheckAllowance(per_second=0.01, clock=clock)
    assert allowed(allowance, "browser", 2) == 1
    clock.now += 100
    assert allowed(allowance, "browser", 2) == 1
