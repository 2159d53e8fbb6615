"""Carrying out flows: what is counted, what is refused, and what ends."""

import asyncio
import ssl
from typing import Any

import pytest

from connectors import CONNECTORS
from connectors.breaker import BreakerPolicy, BreakerState, ChannelSuspended
from connectors.client import CALLS_PER_FLOW_MAX, ChannelClient
from connectors.config import read_config
from connectors.errors import Permanent, Retriable, Unreachable
from connectors.exchange import Flow, Request, Response
from connectors.pacing import Pace
from connectors.session import HttpSession
from tests.connectors.case import answer
from tests.connectors.cases.shopify import CASE as SHOPIFY
from tests.connectors.cases.woocommerce import CASE

CALL = Request(method="GET", url="https://shop.example/")


class Scripted(HttpSession):
    """Answers from a list, the last one for ever; no connection is made."""

    def __init__(self, *script: Response | Exception | None) -> None:
        self.script = list(script)
        self.sent = 0
        self.never = asyncio.Event()

    async def send(self, request: Request, trust: ssl.SSLContext | bool = True) -> Response:
        self.sent += 1
        given = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(given, Exception):
            raise given
        if given is None:
            await self.never.wait()
        assert given is not None
        return given


def client_of(session: HttpSession, failures_max: int = 3) -> ChannelClient[Any]:
    connector = CONNECTORS["woocommerce"]
    config = read_config(connector.config_type, CASE.entered)
    return ChannelClient(connector, config, session, breaker=BreakerPolicy(failures_max=failures_max, open_seconds=60))


def one_call(request: Request = CALL) -> Flow[Any]:
    response = yield request
    return response.json()


def endless() -> Flow[None]:
    while True:
        yield CALL


def forgiving() -> Flow[str]:
    try:
        yield CALL
    except Permanent:
        return "forgiven"
    return "fine"


async def test_a_flow_may_survive_what_it_is_told() -> None:
    assert await client_of(Scripted(answer(b"", 418))).run(forgiving()) == "forgiven"


async def test_a_flow_that_never_ends_is_ended() -> None:
    session = Scripted(answer({}))
    connector = CONNECTORS["woocommerce"]
    fast = type("Fast", (type(connector),), {"pace": Pace(burst=1e9, per_second=1e9)})()
    client = ChannelClient(fast, read_config(connector.config_type, CASE.entered), session)
    with pytest.raises(Retriable, match="calls"):
        await client.run(endless())
    assert session.sent == CALLS_PER_FLOW_MAX


async def test_a_flow_that_hangs_is_ended() -> None:
    with pytest.raises(Unreachable, match="not finished"):
        await client_of(Scripted(None)).run(one_call(), seconds_max=0.01)


async def test_a_channel_that_keeps_failing_is_left_alone() -> None:
    session = Scripted(answer(b"", 500))
    client = client_of(session)
    for _ in range(3):
        with pytest.raises(Retriable):
            await client.run(one_call())
    assert client.breaker_state is BreakerState.OPEN
    with pytest.raises(ChannelSuspended) as suspended:
        await client.run(one_call())
    assert session.sent == 3 and 0 < (suspended.value.after_seconds or 0) <= 60


@pytest.mark.parametrize("given", [answer(b"<html>"), answer(b"{")], ids=["page", "cut off"])
async def test_garbage_is_ill_health_too(given: Response) -> None:
    client = client_of(Scripted(given))
    for _ in range(3):
        with pytest.raises(Retriable):
            await client.run(one_call())
    assert client.breaker_state is BreakerState.OPEN


async def test_after_a_success_in_between_the_count_starts_again() -> None:
    lost, fine = answer(b"", 500), answer({})
    client = client_of(Scripted(lost, lost, fine, lost, lost, fine))
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(Retriable):
                await client.run(one_call())
        assert await client.run(one_call()) == {}
    assert client.breaker_state is BreakerState.CLOSED


async def test_a_refusal_is_not_ill_health() -> None:
    client = client_of(Scripted(answer({}, 400)))
    for _ in range(5):
        with pytest.raises(Permanent):
            await client.run(one_call())
    assert client.breaker_state is BreakerState.CLOSED


async def test_an_answer_of_unexpected_shape_is_retriable_and_names_its_cause() -> None:
    config = CASE.config()
    with pytest.raises(Retriable, match="unexpected shape") as failed:
        await client_of(Scripted(answer([]))).run(CASE.connector.write_stock(config, CASE.updates[:1]))
    assert isinstance(failed.value.__cause__, TypeError)


async def test_what_may_not_be_repeated_is_sent_once() -> None:
    session = Scripted(Unreachable("lost"))
    with pytest.raises(Unreachable):
        await client_of(session).run(one_call())
    assert session.sent == 1


async def test_what_may_be_repeated_is_sent_twice_and_not_more() -> None:
    session = Scripted(Unreachable("lost"))
    with pytest.raises(Unreachable):
        await client_of(session, 50).run(one_call(Request(method="GET", url=CALL.url, repeatable=True)))
    assert session.sent == 2


async def test_a_long_wait_for_the_allowance_is_handed_back() -> None:
    session = Scripted(answer(b"", 429, Retry_After="600"))
    client = client_of(session)
    for expected in (Retriable, ChannelSuspended):
        with pytest.raises(expected) as refused:
            await client.run(one_call())
        assert refused.value.after_seconds == pytest.approx(600, abs=5)
    assert session.sent == 1


async def test_calls_that_have_ended_no_longer_weigh_on_what_the_platform_says_is_left() -> None:
    status = {"currentlyAvailable": 20, "restoreRate": 1, "maximumAvailable": 20}
    answered = {"data": {}, "extensions": {"cost": {"throttleStatus": status}}}
    connector = CONNECTORS["shopify"]
    config = read_config(connector.config_type, {**SHOPIFY.entered, "access_token": "shpat_1"})
    client = ChannelClient(connector, config, Scripted(answer(answered)))
    for _ in range(10):
        await client.run(one_call(Request(method="GET", url=CALL.url, cost=10)), seconds_max=1)
