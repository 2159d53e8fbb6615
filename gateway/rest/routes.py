"""The REST API's routes: every endpoint, the description of them all, and a proper answer to anything else."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.authentication import Authentication
from gateway.operations.stock import StockOperations
from gateway.order_services import OrderServices
from gateway.rest.description import describe
from gateway.rest.endpoint import Endpoint
from gateway.rest.in_progress import InProgress
from gateway.rest.orders import order_endpoints
from gateway.rest.reservations import reservation_endpoints
from gateway.rest.resource import Nowhere, Resource
from gateway.rest.stock import stock_endpoints
from gateway.settings import Settings


def rest_routes(
    orders: OrderServices, stock: StockOperations, authentication: Authentication, settings: Settings
) -> list[Route]:
    """Everything below `/v1/`."""
    endpoints = [
        *order_endpoints(orders.carts, orders.orders),
        *reservation_endpoints(orders.reservations),
        *stock_endpoints(stock, orders.availability),
    ]
    description = orjson.dumps(describe(endpoints))

    async def openapi(request: Request) -> Response:
        return Response(description, media_type="application/json")

    in_progress = InProgress()
    by_path: dict[str, list[Endpoint[Any]]] = defaultdict(list)
    for endpoint in endpoints:
        by_path[endpoint.path].append(endpoint)
    return [
        Route("/v1/openapi.json", openapi),
        *(Route(path, Resource(some, authentication, in_progress, settings)) for path, some in by_path.items()),
        Route("/v1/{rest:path}", Nowhere()),
    ]
