"""uvicorn's HTTP protocol with the limits it lacks: on the size of a request's headers, on their time, and on the time
for the rest of a body that nobody reads any more."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_BYTES_MAX = 65_536
HEADERS_SECONDS_MAX = 10.0
"""Also for the rest of a body whose request has been answered already."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Closes connections that send nothing, dribble their headers, or never end them, or a body after its answer.

    Nearly every request arrives in one piece, and then nothing is timed at all.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heading = True
        self._heading_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEADERS_SECONDS_MAX, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._heading = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._heading = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._heading:
            self._heading_bytes += len(data)
            if self._heading_bytes > HEADERS_BYTES_MAX:
                self.transport.close()
                return
        elif not self._answered_early():
            self._heading_bytes = 0
            self._disarm()
            return
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADERS_SECONDS_MAX, self.transport.close)

    def _answered_early(self) -> bool:
        """What arrives is the rest of a body, and ends uvicorn's own limit for connections that are idle."""
        return self.cycle is not None and self.cycle.response_complete and self.cycle.more_body

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
