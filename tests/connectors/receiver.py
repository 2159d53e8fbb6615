"""A webhook address on this machine that keeps what arrives."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from connectors.exchange import Notification


class Receiver:
    def __init__(self) -> None:
        self.url = ""
        self.notifications: list[Notification] = []

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.add_routes([web.post("/hook", self._receive)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        headers = CIMultiDictProxy(CIMultiDict(request.headers))
        body = await request.read()
        now = datetime.now(UTC)
        self.notifications.append(Notification(body=body, headers=headers, received_at=now, url=str(request.url)))
        return web.Response(status=202)
