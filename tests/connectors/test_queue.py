"""Notifications from a queue: at least once, until they are acknowledged."""

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from connectors.config import read_config
from connectors.errors import Permanent, Unreachable
from connectors.messages import OrderEvent, StockEcho
from connectors.platforms.amazon_seller_central import AmazonSellerCentral
from connectors.queues import NotificationSource, QueueAddress
from connectors.simulated.amazon_seller_central import SimulatedAmazon
from connectors.sqs import SqsQueue
from tests.connectors.cases.amazon_seller_central import CASE
from tests.connectors.conftest import LOCAL
from tests.connectors.queue_server import ACCOUNT, KEYS, QueueSender, client_of, make_queue, queue_server

names = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with queue_server() as url:
        yield url


@pytest.fixture
async def address(server: str) -> QueueAddress:
    return await make_queue(server, f"orders-{next(names)}")


@pytest.fixture
async def queue(address: QueueAddress) -> AsyncIterator[SqsQueue]:
    async with SqsQueue(address, allowed_networks=LOCAL, wait_seconds=0) as queue:
        yield queue


async def put(address: QueueAddress, *bodies: str) -> None:
    async with client_of(address.endpoint or "") as client:
        for body in bodies:
            await client.send_message(QueueUrl=address.url, MessageBody=body)


async def make_visible(address: QueueAddress, receipt: str) -> None:
    """As if its time of being hidden had passed."""
    async with client_of(address.endpoint or "") as client:
        await client.change_message_visibility(QueueUrl=address.url, ReceiptHandle=receipt, VisibilityTimeout=0)


async def test_an_empty_queue_gives_nothing(queue: SqsQueue) -> None:
    source: NotificationSource = queue
    assert await source.receive() == []


async def test_what_is_acknowledged_does_not_come_again(address: QueueAddress, queue: SqsQueue) -> None:
    bodies = [f'{{"number": {number}}}' for number in range(23)]
    await put(address, *bodies)
    received = []
    while more := await queue.receive():
        received += more
    assert sorted(one.notification.body.decode() for one in received) == sorted(bodies)
    await queue.acknowledge(received)
    assert await queue.receive() == []


async def test_what_is_not_acknowledged_comes_again_when_its_time_is_up(address: QueueAddress, queue: SqsQueue) -> None:
    await put(address, "café")
    (lost,) = await queue.receive()
    assert await queue.receive() == []
    await make_visible(address, lost.receipt)
    (again,) = await queue.receive()
    assert again.notification.body == lost.notification.body == "café".encode()


async def test_a_queue_that_does_not_exist_is_a_permanent_error(server: str) -> None:
    missing = QueueAddress(
        url=f"{server}/{ACCOUNT}/missing",
        region="us-east-1",
        access_key_id=KEYS["aws_access_key_id"],
        secret_access_key=KEYS["aws_secret_access_key"],
        endpoint=server,
    )
    async with SqsQueue(missing, allowed_networks=LOCAL, wait_seconds=0) as queue:
        with pytest.raises(Permanent, match="NonExistent"):
            await queue.receive()


async def test_a_private_address_is_not_connected_to(address: QueueAddress) -> None:
    async with SqsQueue(address, wait_seconds=0) as queue:
        with pytest.raises(Permanent, match="private"):
            await queue.receive()


async def test_a_queue_that_is_down_is_unreachable(address: QueueAddress) -> None:
    down = replace(address, endpoint="http://127.0.0.1:1")
    async with SqsQueue(down, allowed_networks=LOCAL, wait_seconds=0) as queue:
        with pytest.raises(Unreachable):
            await queue.receive()


def test_the_queue_of_a_channel_is_at_amazons_address_of_its_region() -> None:
    queue = CASE.connector.queue(CASE.config())
    assert queue is not None and queue.endpoint is None
    assert queue.url == "https://sqs.us-east-1.amazonaws.com/111122223333/orders"
    assert "s3cret" not in repr(queue)


async def test_sales_come_through_the_queue_late_twice_and_reversed(server: str, address: QueueAddress) -> None:
    connector, shop = AmazonSellerCentral(), SimulatedAmazon({"MUG": 10})
    shop.webhooks = QueueSender(address)
    async with shop:
        config = read_config(
            connector.config_type,
            shop.config()
            | KEYS
            | {"queue_arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{address.url.rpartition('/')[2]}", "queue_url": server},
        )
        assert connector.queue(config) == address
        shop.webhooks.hold()
        order = await shop.sell("MUG", 2)
        await shop.cancel(order)
        await shop.webhooks.deliver(shop.quantity_delivery("MUG"))
        await shop.webhooks.release(reverse=True, copies=2)
        async with SqsQueue(address, allowed_networks=LOCAL, wait_seconds=0) as queue:
            received = await queue.receive()
            await queue.acknowledge(received)
    assert len(received) == 6 and len({connector.delivery_key(one.notification) for one in received}) == 3
    messages = [message for one in received for message in connector.parse(config, one.notification)]
    assert sum(isinstance(message, StockEcho) for message in messages) == 2
    winner = max((m for m in messages if isinstance(m, OrderEvent)), key=lambda event: event.precedence)
    assert winner.lines is not None and [line.released for line in winner.lines] == [2]
