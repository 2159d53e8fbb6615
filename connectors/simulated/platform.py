"""What all simulated shops share: a server on a free port of this machine, a count of their own, sales of their own,
webhooks, a record of every request, and misbehaviour on demand."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from connectors.simulated.misbehaviour import PLAYED, Handler, Misbehaviour, misbehave
from connectors.simulated.sales import ReturnedUnits, SoldLine, SoldOrder
from connectors.simulated.shelf import Shelf
from connectors.simulated.webhooks import Delivery, WebhookSender

REQUESTS_MAX = 100_000
VENDOR_PLAYED = frozenset((Misbehaviour.ERROR_INSIDE_SUCCESS, Misbehaviour.NOTHING_CHANGED))


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    arrived_at: float
    """`time.monotonic`."""
    method: str
    path: str
    """As it was sent, percent signs and all."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class SimulatedPlatform(ABC):
    """Enter it as an async context manager; `url` is known from then on."""

    def __init__(self) -> None:
        self.url = ""
        self.shelf = Shelf()
        self.webhooks = WebhookSender()
        self.requests: deque[ReceivedRequest] = deque(maxlen=REQUESTS_MAX)
        self.orders: dict[int, SoldOrder] = {}
        self.returns_to: str | None = None
        """Where units come back to; None: to where they were taken from."""
        self._misbehaviours: deque[Misbehaviour] = deque()
        self._stopping = asyncio.Event()
        self._next_id = 1000

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]: ...

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """What an operator enters to connect this shop."""

    @abstractmethod
    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        """The webhooks for "created", "cancelled", "refunded", "fulfilled"."""

    @abstractmethod
    def is_stock_write(self, path: str, body: bytes) -> bool: ...

    def home(self) -> str | None:
        """The location sales are taken from when none is named."""
        return None

    # Its own life

    async def sell(self, sku: str, quantity: int = 1, *, location_id: str | None = None) -> SoldOrder:
        """A buyer buys here: the shop lowers its own count first and tells afterwards."""
        return await self.sell_many({sku: quantity}, location_id=location_id)

    async def sell_many(self, units: Mapping[str, int], *, location_id: str | None = None) -> SoldOrder:
        place = location_id or self.home()
        lines = [SoldLine(line_id=self.new_id(), sku=sku, ordered=quantity) for sku, quantity in units.items()]
        now = self.now()
        order = SoldOrder(self.new_id(), lines, created_at=now, updated_at=now, location_id=location_id)
        order.taken_from = place
        self.orders[order.order_id] = order
        for line in lines:
            self.shelf.add(line.sku, place, -line.ordered)
        return await self._tell(order, "created")

    async def cancel(self, order: SoldOrder, *, restock: bool = True) -> SoldOrder:
        order.cancelled_at = self.now()
        for line in order.lines:
            if line.unshipped:
                self._take_back(order, line, line.unshipped, restock=restock, shipped=False)
        return await self._tell(order, "cancelled")

    async def refund(self, order: SoldOrder, sku: str, units: int, *, restock: bool = True) -> SoldOrder:
        line = next(line for line in order.lines if line.sku == sku)
        self._take_back(order, line, units, restock=restock, shipped=line.unshipped < units)
        return await self._tell(order, "refunded")

    async def fulfil(self, order: SoldOrder, *, units_max: int | None = None) -> SoldOrder:
        """Ships what is left of each line, or so many units of it."""
        for line in order.lines:
            line.fulfilled += line.unshipped if units_max is None else min(units_max, line.unshipped)
        return await self._tell(order, "fulfilled")

    def _take_back(self, order: SoldOrder, line: SoldLine, units: int, *, restock: bool, shipped: bool) -> None:
        back = ReturnedUnits(units, restock, shipped, self.returns_to or order.taken_from)
        line.returned.append(back)
        if restock:
            self.shelf.add(line.sku, back.place, units)

    async def _tell(self, order: SoldOrder, happened: str) -> SoldOrder:
        order.updated_at = self.now()
        for delivery in self.order_deliveries(order, happened):
            await self.webhooks.deliver(delivery)
        return order

    # What callers meet

    def misbehave(self, kind: Misbehaviour, times: int = 1) -> None:
        """For the next stock writes; every other call is served as usual."""
        self._misbehaviours.extend([kind] * times)

    def behave(self) -> None:
        self._misbehaviours.clear()

    def stock_writes(self) -> list[ReceivedRequest]:
        return [request for request in self.requests if self.is_stock_write(request.path, request.body)]

    def now(self) -> datetime:
        """Platforms state whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)

    def new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._middleware], client_max_size=16 * 1024 * 1024)
        application.add_routes(self.routes())
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        await self.webhooks.close()
        await self._runner.cleanup()

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        path, query, headers = request.rel_url.raw_path, dict(request.query), dict(request.headers)
        self.requests.append(ReceivedRequest(time.monotonic(), request.method, path, query, headers, body))
        if not self._misbehaviours or not self.is_stock_write(request.path, body):
            return await handler(request)
        kind = self._misbehaviours.popleft()
        if kind in VENDOR_PLAYED:
            request[PLAYED] = kind
        return await misbehave(kind, request, handler, self._stopping)
