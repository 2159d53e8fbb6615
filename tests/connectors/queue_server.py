"""A real SQS server on this machine (moto's), and a shop's way into its queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from aiobotocore.session import AioSession, get_session
from moto.server import ThreadedMotoServer

from connectors.queues import QueueAddress
from connectors.simulated.webhooks import Delivery, WebhookSender

ACCOUNT = "123456789012"
KEYS = {"aws_access_key_id": "AKIASIMULATED", "aws_secret_access_key": "simulated aws"}


@contextmanager
def queue_server() -> Iterator[str]:
    """The server's address."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


async def make_queue(url: str, name: str, visibility_seconds: int = 60) -> QueueAddress:
    async with client_of(url) as client:
        await client.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(visibility_seconds)})
    return QueueAddress(
        url=f"{url}/{ACCOUNT}/{name}",
        region="us-east-1",
        access_key_id=KEYS["aws_access_key_id"],
        secret_access_key=KEYS["aws_secret_access_key"],
        endpoint=url,
    )


@cache
def session() -> AioSession:
    return get_session()


def client_of(url: str) -> Any:
    return session().create_client("sqs", region_name="us-east-1", endpoint_url=url, **KEYS)


class QueueSender(WebhookSender):
    """Puts in the queue what would be posted to the webhook; late, twice and reordered in the same ways."""

    def __init__(self, queue: QueueAddress) -> None:
        super().__init__()
        self._queue = queue

    async def _send(self, delivery: Delivery) -> None:
        async with client_of(self._queue.endpoint or "") as client:
            await client.send_message(QueueUrl=self._queue.url, MessageBody=delivery.body.decode())
