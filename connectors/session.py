"""The one HTTP session of a process, and the only module that opens connections to platforms."""

import socket
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from connectors.addresses import AddressRefused, Network, guarded_sockets
from connectors.errors import Permanent, Retriable, Unreachable
from connectors.exchange import Request, Response

TOTAL_SECONDS_MAX = 30.0
CONNECT_SECONDS_MAX = 10.0
BODY_BYTES_MAX = 16 * 1024 * 1024
CONNECTIONS_MAX = 200
CONNECTIONS_PER_HOST_MAX = 8
USER_AGENT = "inventory-gateway/1.0 (Language=Python)"


class HttpSession:
    """Sends requests as they are: no redirect is followed, no cookie kept, no proxy variable obeyed.

    Private, loopback and otherwise special addresses are refused unless they are in `allowed_networks`.
    """

    def __init__(
        self,
        *,
        allowed_networks: Sequence[Network] = (),
        total_seconds: float = TOTAL_SECONDS_MAX,
        body_bytes_max: int = BODY_BYTES_MAX,
    ) -> None:
        self._body_bytes_max = body_bytes_max
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS_MAX,
                limit_per_host=CONNECTIONS_PER_HOST_MAX,
                socket_factory=guarded_sockets(allowed_networks),
            ),
            timeout=aiohttp.ClientTimeout(total=total_seconds, connect=min(CONNECT_SECONDS_MAX, total_seconds)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    async def send(self, request: Request, trust: ssl.SSLContext | bool = True) -> Response:
        """The whole answer, whatever its status. `trust` says whose certificates are accepted; unless stated, those
        that the machine trusts. Raises `Unreachable` when there is none, `Retriable` when it is too large and
        `Permanent` when the address is not one we call."""
        try:
            url = URL(request.url)
        except ValueError as error:
            raise Permanent("the address is not valid") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise Permanent("the address is not http or https")
        try:
            async with self._session.request(
                request.method,
                url.update_query(request.query) if request.query else url,
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
                ssl=trust,
            ) as answer:
                body = await self._read(answer)
                return Response(status=answer.status, headers=answer.headers, body=body)
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefused):
                raise Permanent(f"{url.host} is in a private network, which the settings do not allow") from None
            raise Unreachable(f"{url.host} cannot be reached: {_in_words(error.os_error)}") from error
        except aiohttp.InvalidURL as error:
            raise Permanent("the address is not valid") from error
        except (TimeoutError, aiohttp.ClientError) as error:
            # The text of these errors may hold the address with its query, and so a key: only their kind is told.
            raise Unreachable(f"no complete answer from {url.host}: {type(error).__name__}") from error
        except ValueError as error:
            raise Permanent("the call cannot be written as HTTP: is there a line break in a credential?") from error

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        """Counts what comes out of decompression, which aiohttp does in bounded steps."""
        body = bytearray()
        async for chunk in answer.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > self._body_bytes_max:
                raise Retriable(f"the answer is larger than {self._body_bytes_max} bytes")
        return bytes(body)


def _in_words(error: OSError) -> str:
    """For the operator, who may have mistyped the address."""
    match error:
        case socket.gaierror():
            return "its name is not known"
        case ConnectionRefusedError():
            return "it refuses the connection"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message})"
        case _:
            return type(error).__name__
