"""Whether this process lives, and whether it should be sent requests."""

from __future__ import annotations

import asyncio

from pymongo.errors import PyMongoError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway.store.driver import Database

ANSWER_SECONDS_MAX = 2.0


class Health:
    """The handlers of `/healthz` and `/readyz`. Set `draining` when the process begins to stop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.draining = False

    async def healthz(self, _request: Request) -> Response:
        """200 as long as the event loop runs; a database that is away is no reason to restart this process."""
        return PlainTextResponse("ok\n")

    async def readyz(self, _request: Request) -> Response:
        """200 while a writable primary answers and the process is not stopping; else 503 with the reason."""
        reason = "stopping" if self.draining else await self._missing()
        if reason is not None:
            return PlainTextResponse(f"{reason}\n", status_code=503)
        return PlainTextResponse("ready\n")

    async def _missing(self) -> str | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                answer = await self._database.handle.command("hello")
        except (PyMongoError, TimeoutError):
            return "the database does not answer"
        return None if answer.get("isWritablePrimary") else "the database has no primary"
