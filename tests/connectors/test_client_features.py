"""What the client offers to connectors that ask for more: pauses, budgets, scopes, calls without credentials."""

import asyncio
import ssl
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest

from connectors.auth import Auth, OAuth2
from connectors.breaker import ChannelSuspended
from connectors.client import ChannelClient
from connectors.config import read_config
from connectors.errors import Throttled, Unreachable
from connectors.exchange import Flow, Request, Response, Wait
from connectors.pacing import Allowance, Bucket, Pace
from connectors.platforms.amazon_seller_central.login import LoginWithAmazon
from connectors.platforms.woocommerce import WooCommerce
from connectors.platforms.woocommerce.config import WooCommerceConfig
from connectors.session import HttpSession
from tests.connectors.case import answer
from tests.connectors.cases.woocommerce import CASE
from tests.connectors.quick_time import QuickTime


class Grants(WooCommerce):
    """A platform with tokens, two budgets, and two calls at a time."""

    pace = Pace(burst=100, per_second=100)
    budgets: ClassVar[dict[str, Pace]] = {
        "reports": Pace(burst=1, per_second=0.1),
        "exports": Pace(burst=1, per_second=0.001),
    }

    def auth(self, config: WooCommerceConfig) -> Auth:
        return OAuth2(token_url="https://shop.example/token", client_id="id", client_secret="s", refresh_token="r")

    def calls_at_once(self, config: WooCommerceConfig) -> int:
        return 2


class Recorded(HttpSession):
    """Grants a token named after its scope, refuses `/limited`, and holds `/held` back until told."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.under_way = self.most_under_way = 0
        self.go_on, self.two_under_way = asyncio.Event(), asyncio.Event()

    async def send(self, request: Request, trust: ssl.SSLContext | bool = True) -> Response:
        self.requests.append(request)
        if request.url.endswith("/token"):
            scope = parse_qs(request.body.decode()).get("scope", ["usual"])[0]
            return answer({"access_token": f"token for {scope}", "expires_in": 3600})
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        if self.under_way == 2:
            self.two_under_way.set()
        if request.url.endswith("/held"):
            await self.go_on.wait()
        self.under_way -= 1
        return answer({}, 429) if request.url.endswith("/limited") else answer({})

    def authorizations(self) -> list[str | None]:
        return [one.headers.get("Authorization") for one in self.requests if not one.url.endswith("/token")]


def call(path: str = "/", **rest: Any) -> Request:
    return Request(method="GET", url=f"https://shop.example{path}", **rest)


def calls(*requests: Request | Wait) -> Flow[int]:
    made = 0
    for request in requests:
        yield request
        made += 1
    return made


def client_of(session: HttpSession, quick: QuickTime) -> ChannelClient[Any]:
    config = read_config(WooCommerceConfig, CASE.entered)
    return ChannelClient(Grants(), config, session, clock=quick.clock, sleep=quick.sleep)


async def test_a_pause_of_a_flow_is_waited_and_nothing_is_sent_for_it() -> None:
    quick, session = QuickTime(), Recorded()
    assert await client_of(session, quick).run(calls(call(), Wait(7), Wait(8), call())) == 4
    assert quick.pauses == [7, 8] and session.authorizations() == ["Bearer token for usual"] * 2


async def test_a_pause_ends_with_the_time_of_the_flow() -> None:
    client = ChannelClient(Grants(), read_config(WooCommerceConfig, CASE.entered), Recorded())
    with pytest.raises(Unreachable, match="not finished"):
        await client.run(calls(Wait(60)), seconds_max=0.01)


async def test_each_budget_is_spent_by_itself() -> None:
    quick, session = QuickTime(), Recorded()
    client = client_of(session, quick)
    reports = [call(budget="reports")] * 2
    await client.run(calls(*reports, *[call()] * 10))
    assert quick.pauses == [10]
    with pytest.raises(ChannelSuspended):
        await client.run(calls(*[call(budget="exports")] * 2))
    await client.run(calls(call()))


async def test_a_limit_pauses_its_own_budget_alone() -> None:
    quick, session = QuickTime(), Recorded()
    client = client_of(session, quick)
    with pytest.raises(Throttled):
        await client.run(calls(call("/limited", budget="reports")))
    await client.run(calls(call()))
    assert quick.pauses == []


async def test_a_scope_has_a_token_of_its_own_and_an_anonymous_call_has_none() -> None:
    session = Recorded()
    scoped = call(scope="notifications")
    await client_of(session, QuickTime()).run(calls(call(), scoped, call(anonymous=True), scoped, call()))
    usual, other = "Bearer token for usual", "Bearer token for notifications"
    assert session.authorizations() == [usual, other, None, other, usual]
    forms = [parse_qs(one.body.decode()) for one in session.requests if one.url.endswith("/token")]
    assert [form["grant_type"] for form in forms] == [["refresh_token"], ["client_credentials"]]


async def test_no_more_calls_are_under_way_than_the_platform_bears() -> None:
    session = Recorded()
    client = client_of(session, QuickTime())
    async with asyncio.TaskGroup() as tasks:
        for _ in range(6):
            tasks.create_task(client.run(calls(call("/held"))))
        await session.two_under_way.wait()
        session.go_on.set()
    assert session.most_under_way == 2


def test_a_rate_without_a_rest_changes_the_pace_and_not_the_balance() -> None:
    quick = QuickTime()
    bucket = Bucket(Pace(burst=2, per_second=1), quick.clock)
    bucket.reserve(2)
    bucket.learn(Allowance(per_second=4))
    assert bucket.reserve(1) == 0.25


def test_login_with_amazon_dates_each_call() -> None:
    login = LoginWithAmazon(client_id="id", client_secret="s", refresh_token="Atzr|1")
    assert login.token_url == "https://api.amazon.com/auth/o2/token"
    (header,) = login.sign(call(), None).headers
    assert header == "x-amz-date"
    scoped = login.scoped("sellingpartnerapi::notifications")
    assert isinstance(scoped, LoginWithAmazon) and scoped.refresh_token is None
