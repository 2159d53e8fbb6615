"""Tokens: one renewal for many callers, early enough, and nothing lost when the platform rotates them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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


@dataclass
class Shelf:
    """Where processes keep the token of a channel."""

    put_there: list[Token] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[Token | None]:
        async with self.lock:
            yield self.put_there[-1] if self.put_there else None

    async def put(self, token: Token) -> None:
        assert self.lock.locked()
        self.put_there.append(token)


@pytest.fixture
def grants() -> Grants:
    return Grants()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def keeper(grants: Grants, shelf: Shelf) -> TokenKeeper:
    return TokenKeeper(OAUTH, grants.run, grants.clock, shelf=shelf)


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


async def test_a_caller_that_gives_up_wastes_no_refresh_token(grants: Grants, keeper: TokenKeeper) -> None:
    grants.go_on.clear()
    first, second = asyncio.create_task(keeper.current()), asyncio.create_task(keeper.current())
    await grants.started.wait()
    first.cancel()
    grants.go_on.set()
    assert (await second).value == "token-1" and len(grants.forms) == 1


async def test_a_token_is_renewed_before_it_ends_with_the_refresh_it_came_with(
    grants: Grants, keeper: TokenKeeper, shelf: Shelf
) -> None:
    await keeper.current()
    grants.now += 899
    assert (await keeper.current()).value == "token-1"
    grants.now += 2
    assert (await keeper.current()).value == "token-2"
    assert grants.forms[1]["grant_type"] == "refresh_token" and grants.forms[1]["refresh_token"] == "refresh-1"
    assert [token.refresh for token in shelf.put_there] == ["refresh-1", "refresh-2"]


async def test_a_refused_token_is_distrusted_once_by_however_many(grants: Grants, keeper: TokenKeeper) -> None:
    token = await keeper.current()
    keeper.distrust(token)
    assert (await keeper.current()).value == "token-2"
    keeper.distrust(token)
    assert (await keeper.current()).value == "token-2"


async def test_the_next_life_starts_with_the_token_of_the_last_one(grants: Grants, shelf: Shelf) -> None:
    shelf.put_there.append(Token("old", 600, "refresh-0"))
    keeper = TokenKeeper(OAUTH, grants.run, grants.clock, shelf=shelf)
    assert (await keeper.current()).value == "old" and not grants.forms
    keeper.distrust(await keeper.current())
    assert (await keeper.current()).value == "token-1"
    assert grants.forms[0]["refresh_token"] == "refresh-0"


async def test_what_one_process_has_renewed_all_use(grants: Grants, keeper: TokenKeeper, shelf: Shelf) -> None:
    other = TokenKeeper(OAUTH, grants.run, grants.clock, shelf=shelf)
    assert [token.value for token in await asyncio.gather(keeper.current(), other.current())] == ["token-1"] * 2
    # The platform takes back what it granted before.
    for one in (keeper, other):
        one.distrust(await one.current())
    assert {token.value for token in await asyncio.gather(keeper.current(), other.current())} == {"token-2"}
    assert [form.get("refresh_token") for form in grants.forms] == [None, "refresh-1"]


async def test_a_refresh_token_stays_good_where_no_other_is_given(grants: Grants, shelf: Shelf) -> None:
    async def run(flow: Grant) -> Token:
        granted = await grants.run(flow)
        return Token(granted.value, granted.lifetime_seconds)

    shelf.put_there.append(Token("old", 0, "refresh-0"))
    assert (await TokenKeeper(OAUTH, run, grants.clock, shelf=shelf).current()).refresh == "refresh-0"


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
