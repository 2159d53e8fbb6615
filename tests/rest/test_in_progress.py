"""A repetition that comes while the first request is still at work."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.authentication import Authentication
from gateway.rest.answers import AvailabilityAnswer
from gateway.rest.bodies import CallBody
from gateway.rest.endpoint import Answered, Asked, changing
from gateway.rest.in_progress import InProgress
from gateway.rest.problems import Refused, refusal
from gateway.rest.resource import Resource
from tests.rest.test_order_flow import problem
from tests.schema.shop import Shop


class Work:
    """The work of a request, which takes as long as the test wants."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.times = 0

    async def __call__(self) -> int:
        self.times += 1
        self.begun.set()
        await self.may_end.wait()
        return self.times


async def test_a_repetition_waits_for_the_first_and_then_finds_its_outcome() -> None:
    work, at_work = Work(), InProgress(wait_seconds_max=30)
    first = asyncio.create_task(at_work.run("shop", "key", work))
    await work.begun.wait()
    repetitions = [asyncio.create_task(at_work.run("shop", "key", work)) for _ in range(3)]
    await asyncio.sleep(0)
    assert work.times == 1
    work.may_end.set()
    async with asyncio.timeout(30):
        await asyncio.gather(first, *repetitions)
    assert work.times == 4


async def test_a_repetition_of_one_that_takes_too_long_is_a_409_to_be_sent_again() -> None:
    work, at_work = Work(), InProgress(wait_seconds_max=0.01)
    first = asyncio.create_task(at_work.run("shop", "key", work))
    await work.begun.wait()
    with pytest.raises(Refused) as refused:
        await at_work.run("shop", "key", work)
    answer = refusal(refused.value)
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
    assert (refused.value.problem.code, refused.value.problem.retryable) == ("IDEMPOTENCY_KEY_IN_USE", True)
    work.may_end.set()
    assert await first == 1


async def test_the_rest_api_answers_so(shop: Shop) -> None:
    work = Work()

    async def handle(asked: Asked[CallBody]) -> Answered:
        await work()
        return Answered(AvailabilityAnswer(availability=[]))

    endpoint = changing("/slow", "slow", "It takes its time.", CallBody, AvailabilityAnswer, handle)
    gateway = shop.gateway
    resource = Resource([endpoint], Authentication(gateway.keys), InProgress(0.01), gateway.settings)
    headers = {"authorization": shop.owner.http.headers["authorization"], "idempotency-key": "key"}
    transport = httpx.ASGITransport(Starlette(routes=[Route("/slow", resource)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        first = asyncio.create_task(client.post("/slow"))
        await work.begun.wait()
        assert problem(await client.post("/slow")) == (409, "IDEMPOTENCY_KEY_IN_USE")
        work.may_end.set()
        assert (await first).status_code == 200


async def test_other_keys_and_other_clients_do_not_wait() -> None:
    work, at_work = Work(), InProgress(wait_seconds_max=0.01)
    first = asyncio.create_task(at_work.run("shop", "key", work))
    await work.begun.wait()
    work.may_end.set()
    assert await at_work.run("shop", "another key", work) + await at_work.run("till", "key", work) > 0
    await first


async def test_after_a_first_request_that_failed_the_repetition_is_tried() -> None:
    async def fails() -> int:
        raise OSError("the database is away")

    at_work = InProgress()
    with pytest.raises(OSError, match="away"):
        await at_work.run("shop", "key", fails)
    work = Work()
    work.may_end.set()
    assert await at_work.run("shop", "key", work) == 1
