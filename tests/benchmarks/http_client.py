"""A load generator that costs little itself: prepared requests on raw keep-alive connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from types import TracebackType

from tests.benchmarks.load import Measured, run

Body = Mapping[str, object]


class Connection:
    """One keep-alive connection; checks that every answer is a 200 without errors in it."""

    def __init__(self, port: int, path: str, key: str) -> None:
        self._port = port
        self._head = (
            f"POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n"
            "content-type: application/json\r\naccept: application/json\r\ncontent-length: "
        ).encode()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Connection:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._writer is not None
        self._writer.close()

    async def post(self, body: bytes) -> bytes:
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
        answer = await self._reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 200"), (head, answer)
        # Any refusal or error would make the figure meaningless.
        assert b'"errors"' not in answer and b'"code"' not in answer, answer[:500]
        return answer


async def load(
    port: int, path: str, key: str, body: Callable[[int], Body], *, connections: int, requests: int, seconds_max: float
) -> Measured:
    """Send up to `requests` requests over `connections` connections, each waiting for its answer."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    opened = [Connection(port, path, key) for _ in range(connections)]
    for connection in opened:
        free.put_nowait(await connection.__aenter__())

    async def call(number: int) -> None:
        connection = free.get_nowait()
        await connection.post(json.dumps(body(number)).encode())
        free.put_nowait(connection)

    try:
        return await run(call, callers=connections, requests=requests, seconds_max=seconds_max)
    finally:
        for connection in opened:
            await connection.__aexit__(None, None, None)
