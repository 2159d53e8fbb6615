"""Carries out the flows of one channel: the only place in the connectors that waits."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

from connectors.auth import Auth, Grant, GrantedAuth, Token
from connectors.base import Connector
from connectors.breaker import Breaker, BreakerPolicy, BreakerState, ChannelSuspended
from connectors.config import Config
from connectors.errors import AuthExpired, ConnectorError, Retriable, Throttled, Unreachable
from connectors.exchange import UNREADABLE, Flow, Request, Response, Wait
from connectors.pacing import Bucket
from connectors.retry import immediate_tries
from connectors.session import HttpSession
from connectors.tokens import TokenKeeper, TokenShelf

CALLS_PER_FLOW_MAX = 1000
PACE_WAIT_SECONDS_MAX = 15.0

Result = TypeVar("Result")


class ChannelClient(Generic[Config]):
    """Safe for concurrent flows. Holds what a channel remembers between calls: token, allowance, breaker."""

    def __init__(
        self,
        connector: Connector[Config],
        config: Config,
        session: HttpSession,
        *,
        breaker: BreakerPolicy | None = None,
        shelf: TokenShelf | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._connector = connector
        self._session = session
        authorities = connector.authorities(config)
        self._trust = ssl.create_default_context(cadata=authorities) if authorities else True
        self._clock = clock
        self._auth: Auth = connector.auth(config)
        self._main = Bucket(connector.pace, clock)
        self._budgets = {name: Bucket(pace, clock) for name, pace in connector.budgets.items()}
        self._slots = asyncio.Semaphore(connector.calls_at_once(config))
        self._sleep = sleep
        self._breaker = Breaker(policy=breaker or BreakerPolicy())
        self._tokens: dict[str, TokenKeeper] = {}
        if isinstance(self._auth, GrantedAuth):
            self._tokens[""] = TokenKeeper(self._auth, self._grant, clock, shelf=shelf)

    @property
    def breaker_state(self) -> BreakerState:
        return self._breaker.state(self._clock())

    @property
    def seconds_until_free(self) -> float:
        """How long a call would wait for the platform's allowance now: what it is to say may be decided later."""
        return self._main.seconds_until_free

    async def run(self, flow: Flow[Result], *, seconds_max: float = 120.0) -> Result:
        """The flow's result. Raises its `ConnectorError`, and `Unreachable` when the time is up."""
        try:
            async with asyncio.timeout(seconds_max):
                return await self._drive(flow)
        except TimeoutError as error:
            self._breaker = self._breaker.after_failure(self._clock())
            raise Unreachable(f"not finished within {seconds_max:.0f} s") from error
        finally:
            flow.close()

    async def _drive(self, flow: Flow[Result]) -> Result:
        failure: ConnectorError | None = None
        step = partial(next, flow)
        for _ in range(CALLS_PER_FLOW_MAX):
            try:
                request = step()
            except StopIteration as finished:
                self._breaker = self._breaker.after_success()
                result: Result = finished.value
                return result
            except Retriable as error:
                # What the flow cannot read is the channel's failure too; what it was told of has been counted.
                if error is not failure:
                    self._count(error, self._main)
                raise
            except UNREADABLE as error:
                unreadable = Retriable(f"{self._connector.title} answered in an unexpected shape: {error!r}")
                self._count(unreadable, self._main)
                raise unreadable from error
            if isinstance(request, Wait):
                await self._sleep(request.seconds)
                step = partial(next, flow)
                continue
            try:
                step = partial(flow.send, await self._call(request))
            except ConnectorError as error:
                failure = error
                step = partial(flow.throw, error)
        raise Retriable(f"not finished after {CALLS_PER_FLOW_MAX} calls")

    async def _call(self, request: Request) -> Response:
        async for attempt in immediate_tries(request):
            with attempt:
                response = await self._authorised(request)
        return response

    async def _authorised(self, request: Request) -> Response:
        """One accepted call; whatever else comes of it is counted and raised."""
        try:
            response = await self._with_token(request)
            error = None if response.status in request.expected else self._connector.classify(response)
            if error is not None:
                raise error
        except ChannelSuspended:
            raise
        except ConnectorError as error:
            self._count(error, self._bucket(request))
            raise
        self._breaker = self._breaker.after_answer()
        return response

    async def _with_token(self, request: Request) -> Response:
        """A token that is refused is renewed once."""
        if request.anonymous:
            return await self._send(request)
        if not isinstance(self._auth, GrantedAuth):
            return await self._send(self._auth.sign(request, None))
        tokens = self._keeper(self._auth, request.scope)
        token = await tokens.current()
        response = await self._send(self._auth.sign(request, token))
        if isinstance(self._connector.classify(response), AuthExpired):
            tokens.distrust(token)
            response = await self._send(self._auth.sign(request, await tokens.current()))
        return response

    def _keeper(self, auth: GrantedAuth, scope: str) -> TokenKeeper:
        if scope not in self._tokens:
            self._tokens[scope] = TokenKeeper(auth.scoped(scope), self._grant, self._clock)
        return self._tokens[scope]

    def _bucket(self, request: Request) -> Bucket:
        return self._budgets[request.budget] if request.budget else self._main

    def _count(self, error: ConnectorError, bucket: Bucket) -> None:
        """Only silence and faults are ill health; a refusal or a limit is an answer."""
        if isinstance(error, Throttled):
            bucket.pause(error.after_seconds or 1.0)
        healthy = not isinstance(error, Retriable) or isinstance(error, Throttled)
        breaker = self._breaker
        self._breaker = breaker.after_success() if healthy else breaker.after_failure(self._clock())

    async def _send(self, request: Request) -> Response:
        self._breaker.admit(self._clock())
        bucket = self._bucket(request)
        await self._wait_for_allowance(bucket, request.cost)
        try:
            async with self._slots:
                self._breaker = self._breaker.admit(self._clock())
                response = await self._session.send(request, self._trust)
        finally:
            bucket.settle(request.cost)
        allowance = self._connector.allowance(response)
        if allowance is not None:
            bucket.learn(allowance)
        return response

    async def _wait_for_allowance(self, bucket: Bucket, cost: float) -> None:
        """Waits a little; a longer wait is handed back to the caller, who has better things to do."""
        seconds = bucket.reserve(cost)
        try:
            if seconds > PACE_WAIT_SECONDS_MAX:
                raise ChannelSuspended("the channel's allowance is used up", after_seconds=seconds)
            if seconds > 0:
                await self._sleep(seconds)
        except BaseException:
            bucket.give_back(cost)
            raise

    async def _grant(self, flow: Grant) -> Token:
        """Its answers are the scheme's own to read, not the connector's."""
        try:
            request = next(flow)
            while True:
                request = flow.send(await self._send(request))
        except StopIteration as finished:
            token: Token = finished.value
            return token
