"""Pure decisions: how long to wait, and when to leave a channel alone. Time is a number here."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors import polling
from connectors.breaker import Breaker, BreakerPolicy, BreakerState, ChannelSuspended
from connectors.pacing import Allowance, Bucket, Pace
from connectors.polling import OVERLAP, PollCursor
from connectors.status import RETRY_AFTER_SECONDS_MAX, retry_after_seconds
from tests.connectors.case import NOW, answer


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bucket(clock: Clock) -> Bucket:
    return Bucket(Pace(burst=2, per_second=4), clock)


def test_a_burst_goes_at_once_and_then_the_rate_rules(bucket: Bucket) -> None:
    assert [bucket.reserve(1) for _ in range(4)] == [0, 0, 0.25, 0.5]


def test_time_refills_the_bucket_up_to_its_burst(bucket: Bucket, clock: Clock) -> None:
    for _ in range(2):
        bucket.reserve(1)
    clock.now = 100
    assert [bucket.reserve(1) for _ in range(3)] == [0, 0, 0.25]


def test_what_was_not_used_is_given_back(bucket: Bucket) -> None:
    bucket.reserve(2)
    bucket.give_back(2)
    assert bucket.reserve(2) == 0


def test_the_platforms_own_count_replaces_ours_except_for_calls_on_their_way(bucket: Bucket) -> None:
    bucket.reserve(1)
    bucket.reserve(1)
    bucket.settle(1)
    bucket.learn(Allowance(remaining=1, per_second=2, burst=10))
    assert bucket.reserve(1) == 0.5


def test_a_pause_holds_back_everything(bucket: Bucket, clock: Clock) -> None:
    bucket.pause(3)
    clock.now = 1
    assert bucket.reserve(1) == 2


def test_a_call_dearer_than_the_whole_bucket_goes_when_it_is_full(bucket: Bucket) -> None:
    assert bucket.reserve(5) == 0
    assert bucket.reserve(1) == 1


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_trial_through() -> None:
    breaker = Breaker(policy=BreakerPolicy(failures_max=2, open_seconds=5))
    breaker = breaker.after_failure(0)
    assert breaker.state(0) is BreakerState.CLOSED
    breaker = breaker.after_failure(0)
    with pytest.raises(ChannelSuspended) as suspended:
        breaker.admit(1)
    assert suspended.value.after_seconds == 4
    assert breaker.state(5) is BreakerState.HALF_OPEN
    breaker = breaker.admit(5)
    with pytest.raises(ChannelSuspended):
        breaker.admit(5)
    assert breaker.after_success().state(5) is BreakerState.CLOSED


def test_an_answer_lets_the_trial_go_on_and_its_failure_opens_again() -> None:
    breaker = Breaker(policy=BreakerPolicy(failures_max=1, open_seconds=5)).after_failure(0).admit(5).after_answer()
    assert breaker.admit(5).after_failure(5).open_until == 15


def test_every_failed_trial_doubles_the_time_up_to_a_maximum() -> None:
    breaker = Breaker(policy=BreakerPolicy(failures_max=1, open_seconds=5, open_seconds_max=30))
    waits = []
    for _ in range(5):
        breaker = breaker.after_failure(0)
        waits.append(breaker.open_until)
    assert waits == [5, 10, 20, 30, 30]


def test_a_success_in_between_forgets_the_failures() -> None:
    policy = BreakerPolicy(failures_max=2)
    breaker = Breaker(policy=policy).after_failure(0).after_success().after_failure(0)
    assert breaker.state(0) is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("7", 7),
        ("2.0", 2),
        ("-3", 0),
        ("Fri, 20 Nov 2026 14:05:30 GMT", 30),
        ("Fri, 20 Nov 2026 14:00:00 GMT", 0),
        ("999999", RETRY_AFTER_SECONDS_MAX),
        ("", None),
        ("soon", None),
        ("nan", None),
    ],
)
def test_retry_after_is_read_in_both_forms(stated: str, seconds: float | None) -> None:
    assert retry_after_seconds(answer(b"", 429, Retry_After=stated), NOW) == seconds


def test_a_poll_goes_on_a_little_before_the_newest_it_has_seen() -> None:
    newest = datetime(2026, 11, 20, 15, tzinfo=UTC)
    first = PollCursor.read(None, NOW)
    second = PollCursor.read(first.after_page([newest], "2"), NOW)
    assert (second.since, second.place) == (NOW, "2"), "pages of one poll keep its beginning"
    third = PollCursor.read(second.after_page([NOW], None), NOW)
    assert (third.since, third.place) == (newest - OVERLAP, None)


def test_an_empty_poll_never_goes_back() -> None:
    cursor = PollCursor.read(None, NOW).after_page([], None)
    assert PollCursor.read(cursor, NOW).since == NOW


def test_a_time_that_is_yet_to_come_hides_no_change_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "utc_now", lambda: NOW + timedelta(hours=1))
    poll = PollCursor.read(None, NOW).after_page([NOW + timedelta(hours=3)], None)
    assert PollCursor.read(poll, NOW).since == NOW + timedelta(hours=1) - OVERLAP
