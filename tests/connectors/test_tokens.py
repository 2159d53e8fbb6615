"""Tokens: one renewal for many callers, early enough, and nothing lost when the platform rotates them."""

import asyncio
from urllib.parse import parse_qs

import pytest

from connectors.auth import Basic, Grant, HeaderToken, OAuth2, QueryKeys, Token
from connectors.errors import AuthExpired, Retriable
from connectors.exchange import Request
from connectors.tokens import TokenKeeper
from tests.connectors.case import answer, drive

CALL = Request(method="GET", url="https://shop.example/", query={"page": "1"})
OAUTH = OAuth2(token_url="https://shop.example/token", client_id="id", client_secret="s3cret")


class Grants:
    """Runs grant flows against a list of answers, one at a time, and counts them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.forms: list[dict[str, str]] = []
        self.fail = False
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.renewed: list[Token] = []

    def clock(self) -> float:
        return self.now

    async def run(self, flow: Grant) -> Token:
        request = next(flow)
        self.forms.append({name: values[0] for name, values in parse_qs(request.body.decode()).items()})
        self.started.set()
        await self.go_on.wait()
        self.now += 1
        if self.fail:
            raise Retriable("down")
        number = len(self.forms)
        body = {"access_token": f"token-{number}", "expires_in": 1000, "refresh_token": f"refresh-{number}"}
        try:
            flow.send(answer(body))
        except StopIteration as finished:
            token: Token = finished.value
            return token
        raise AssertionError("one answer is enough")

    async def on_renewed(self, token: Token) -> None:
        self.renewed.append(token)


@pytest.fixture
def grants() -> Grants:
    return Grants()


@pytest.fixture
def keeper(grants: Grants) -> TokenKeeper:
    return TokenKeeper(OAUTH, grants.run, grants.clock, on_renewed=grants.on_renewed)


async def test_many_callers_cause_one_grant(grants: Grants, keeper: TokenKeeper) -> None:
    grants.go_on.clear()
    callers = [asyncio.create_task(keeper.current()) for _ in range(20)]
    await grants.started.wait()
    grants.go_on.set()
    assert {token.value for token in await asyncio.gather(*callers)} == {"token-1"}
    assert len(grants.forms) == 1


async def test_a_failed_grant_is_shared_and_not_repeated_by_every_waiter(grants: Grants, keeper: TokenKeeper) -> None:
    grants.fail = True
    grants.go_on.clear()
    callers = [asyncio.create_task(keeper.current()) for _ in range(20)]
    await grants.started.wait()
    grants.go_on.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(result, Retriable) for result in results) and len(grants.forms) == 1
    grants.fail = False
    assert (await keeper.current()).value == "token-2"


async def test_a_caller_that_gives_up_does_not_take_the_others_along(grants: Grants, keeper: TokenKeeper) -> None:
    grants.go_on.clear()
    first, second = asyncio.create_task(keeper.current()), asyncio.create_task(keeper.current())
    await grants.started.wait()
    first.cancel()
    grants.go_on.set()
    assert (await second).value == "token-2"


async def test_a_token_is_renewed_before_it_ends_with_the_refresh_it_came_with(
    grants: Grants, keeper: TokenKeeper
) -> None:
    await keeper.current()
    grants.now += 899
    assert (await keeper.current()).value == "token-1"
    grants.now += 2
    assert (await keeper.current()).value == "token-2"
    assert grants.forms[1]["grant_type"] == "refresh_token" and grants.forms[1]["refresh_token"] == "refresh-1"
    assert [token.refresh for token in grants.renewed] == ["refresh-1", "refresh-2"]


async def test_a_refused_token_is_distrusted_once_by_however_many(grants: Grants, keeper: TokenKeeper) -> None:
    token = await keeper.current()
    keeper.distrust(token)
    assert (await keeper.current()).value == "token-2"
    keeper.distrust(token)
    assert (await keeper.current()).value == "token-2"


async def test_a_remembered_refresh_token_is_where_the_next_life_starts(grants: Grants) -> None:
    keeper = TokenKeeper(OAUTH, grants.run, grants.clock, remembered=Token("old", refresh="refresh-0"))
    assert (await keeper.current()).value == "token-1"
    assert grants.forms[0]["refresh_token"] == "refresh-0"


def test_client_credentials_are_one_form() -> None:
    (request,), token = drive(OAUTH.grant(None), [answer({"access_token": "t", "expires_in": "3600"})])
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["id"],
        "client_secret": ["s3cret"],
    }
    assert token == Token("t", 3600.0) and request.repeatable


def test_a_rotating_refresh_is_never_sent_twice_at_once() -> None:
    request = next(OAUTH.grant(Token("t", refresh="r")))
    assert not request.repeatable


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_grant_names_the_error_and_nothing_else(status: int) -> None:
    body = {"error": "invalid_client", "error_description": "s3cret is wrong"}
    with pytest.raises(AuthExpired, match="invalid_client") as refused:
        drive(OAUTH.grant(None), [answer(body, status)])
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("given", [answer(b"", 503), answer(b"", 429), answer({}), answer([]), answer(b"<html>")])
def test_a_grant_that_fails_for_now_may_be_tried_again(given: object) -> None:
    with pytest.raises(Retriable):
        drive(OAUTH.grant(None), [given])  # type: ignore[list-item]


def test_each_scheme_puts_its_secret_where_it_belongs() -> None:
    assert HeaderToken("X-Token", "s").sign(CALL, None).headers == {"X-Token": "s"}
    assert Basic("Aladdin", "open sesame").sign(CALL, None).headers == {
        "Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617
    }
    assert QueryKeys({"key": "k"}).sign(CALL, None).query == {"page": "1", "key": "k"}
    assert OAUTH.sign(CALL, Token("t")).headers == {"Authorization": "Bearer t"}
