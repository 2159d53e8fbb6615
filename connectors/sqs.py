"""Receives notifications from an Amazon SQS queue.

aiobotocore carries its weight here: it signs the calls and knows every place AWS keys may come from (environment,
profile, instance role) and renews them; boto3 would need a thread for each call that waits. The calls go through the
same guard against private addresses as all others.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import ClientConnectorError
from botocore.exceptions import BotoCoreError, ClientError

from connectors.addresses import AddressRefused, Network, guarded_sockets
from connectors.errors import AuthExpired, ConnectorError, Permanent, Retriable, Unreachable
from connectors.exchange import Notification, headers_of
from connectors.queues import WAIT_SECONDS, QueueAddress, QueuedNotification

RECEIVED_MAX = 10
"""Messages of one answer; what SQS allows."""
VISIBILITY_SECONDS = 60
"""How long a received message stays hidden from other receivers; then it comes again."""
CALL_SECONDS_MAX = 10.0

_KEYS_REFUSED = frozenset(
    (
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
    )
)


class SqsQueue:
    """A `NotificationSource`. Enter it as an async context manager."""

    def __init__(
        self, address: QueueAddress, *, allowed_networks: Sequence[Network] = (), wait_seconds: int = WAIT_SECONDS
    ) -> None:
        """`wait_seconds`: how long the queue holds an answer back while it is empty, at most 20."""
        self._address = address
        self._allowed = allowed_networks
        self._wait_seconds = wait_seconds
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        address = self._address
        config = AioConfig(
            connect_timeout=CALL_SECONDS_MAX,
            read_timeout=CALL_SECONDS_MAX + self._wait_seconds,
            retries={"total_max_attempts": 1},
            connector_args={"socket_factory": guarded_sockets(self._allowed)},
        )
        self._client: Any = await self._open.enter_async_context(
            get_session().create_client(
                "sqs",
                region_name=address.region,
                endpoint_url=address.endpoint,
                aws_access_key_id=address.access_key_id,
                aws_secret_access_key=address.secret_access_key,
                config=config,
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def receive(self) -> list[QueuedNotification]:
        answer = await self._call(
            "receive_message",
            MaxNumberOfMessages=RECEIVED_MAX,
            WaitTimeSeconds=self._wait_seconds,
            VisibilityTimeout=VISIBILITY_SECONDS,
        )
        now = datetime.now(UTC)
        return [
            QueuedNotification(
                notification=Notification(body=message["Body"].encode(), headers=headers_of(), received_at=now),
                receipt=message["ReceiptHandle"],
            )
            for message in answer.get("Messages", ())
        ]

    async def acknowledge(self, received: Sequence[QueuedNotification]) -> None:
        for start in range(0, len(received), RECEIVED_MAX):
            entries = [
                {"Id": str(position), "ReceiptHandle": one.receipt}
                for position, one in enumerate(received[start : start + RECEIVED_MAX])
            ]
            answer = await self._call("delete_message_batch", Entries=entries)
            if failed := answer.get("Failed"):
                raise Retriable(f"the queue keeps {len(failed)} message(s) ({failed[0].get('Code')})")

    async def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await getattr(self._client, operation)(QueueUrl=self._address.url, **arguments)
        except ClientError as error:
            raise _refusal(error) from error
        except BotoCoreError as error:
            cause = error.kwargs.get("error")
            if isinstance(cause, ClientConnectorError) and isinstance(cause.os_error, AddressRefused):
                raise Permanent("the queue is in a private network, which the settings do not allow") from None
            # The text may hold the address with more in it than its host: only the kind is told.
            raise Unreachable(f"no answer from the queue: {type(error).__name__}") from error
        return answer


def _refusal(error: ClientError) -> ConnectorError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if code in _KEYS_REFUSED:
        return AuthExpired(f"the queue does not accept the keys ({code})")
    if status >= 500 or "Throttl" in code:
        return Retriable(f"the queue has a problem ({code})")
    return Permanent(f"the queue refuses the call ({code})")
