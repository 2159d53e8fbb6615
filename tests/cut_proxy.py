"""A TCP proxy that cuts the connection around the n-th appearance of a word in the client's bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum


class Cut(Enum):
    BEFORE = "the server never receives the word"
    AFTER = "the server receives the word and answers, but the client never learns of it"


class CutProxy:
    """Forwards to `port` on loopback; `cuts` is how many more times the word still severs its connection."""

    def __init__(self, port: int, word: bytes, cut: Cut, cuts: int) -> None:
        self.port = port
        self.word = word
        self.cut = cut
        self.cuts = cuts

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.port)
        severed = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._requests(reader, upstream_writer, severed))
                group.create_task(self._answers(upstream_reader, writer, severed))
        except* (ConnectionError, _Severed):
            pass  # The point of this proxy: both ends see a lost connection.
        finally:
            writer.close()
            upstream_writer.close()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, severed: asyncio.Event
    ) -> None:
        while chunk := await reader.read(65536):
            if self.word in chunk and self.cuts > 0:
                self.cuts -= 1
                if self.cut is Cut.BEFORE:
                    raise _Severed
                severed.set()
            writer.write(chunk)
            await writer.drain()
        raise _Severed

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, severed: asyncio.Event
    ) -> None:
        while chunk := await reader.read(65536):
            if severed.is_set():
                raise _Severed
            writer.write(chunk)
            await writer.drain()
        raise _Severed


class _Severed(Exception):
    pass


@asynccontextmanager
async def cutting(port: int, word: bytes, cut: Cut, cuts: int) -> AsyncIterator[str]:
    """A running proxy; the address is a MongoDB URI of its own."""
    proxy = CutProxy(port, word, cut, cuts)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        yield f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}/?directConnection=true"
    finally:
        server.close()
