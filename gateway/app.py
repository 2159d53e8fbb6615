"""The HTTP application: which address is answered by what."""

from __future__ import annotations

import ipaddress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from gateway.agents.endpoint import AgentEndpoint
from gateway.agents.explaining import Explaining
from gateway.agents.server import AgentTools
from gateway.agents.toolbox import Toolbox
from gateway.authentication import Authentication
from gateway.bootstrap import Gateway
from gateway.graphql import create_endpoint
from gateway.health import Health
from gateway.inventory.access import Forbidden, Scope
from gateway.measured import MeasuredRequests
from gateway.rest.routes import rest_routes
from gateway.settings import Settings
from gateway.transport.masking import request_errors
from gateway.transport.refusals import RequestRefused


def create_app(gateway: Gateway, health: Health) -> Starlette:
    """The application that serves an open gateway."""
    settings = gateway.settings
    authentication = Authentication(gateway.keys)
    graphql = create_endpoint(gateway, authentication)
    app = Starlette(
        routes=[
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", graphql),
            *_probes(gateway, health, authentication),
            *rest_routes(gateway.orders, gateway.stock, authentication, settings),
            Route("/mcp", _agents(gateway, authentication), methods=["POST"]),
            Route("/webhooks/{channel_id}", gateway.channels.intake.receive, methods=["POST"]),
            Route("/webhooks/{channel_id}", gateway.channels.intake.challenge, methods=["GET"]),
        ],
        middleware=[Middleware(MeasuredRequests, gateway.metrics), *_cross_origin(settings)],
    )
    # A redirect would name http, also where a proxy speaks https: whoever follows it sends its key in the clear.
    app.router.redirect_slashes = False
    return app


def _agents(gateway: Gateway, authentication: Authentication) -> AgentEndpoint:
    orders, promises, reorder = gateway.orders, gateway.supply.promises, gateway.reorder.reorder
    toolbox = Toolbox(orders.availability, orders.reservations, gateway.quotes, promises, reorder)
    explaining = Explaining(
        gateway.movements.history, gateway.planning.velocity, reorder, gateway.buffers.operations, promises
    )
    return AgentEndpoint(AgentTools([*toolbox.tools(), *explaining.tools()]), authentication, gateway.settings)


def create_probe_app(gateway: Gateway, health: Health) -> Starlette:
    """What a process without an API answers: whether it is well, and its metrics."""
    return Starlette(routes=_probes(gateway, health, Authentication(gateway.keys)))


def _probes(gateway: Gateway, health: Health, authentication: Authentication) -> list[Route]:
    async def metrics(request: Request) -> Response:
        """For anybody while only this machine can ask, else for a key with inventory:read, unless set otherwise."""
        if not _metrics_are_public(gateway.settings):
            try:
                (await authentication.principal(request)).require(Scope.INVENTORY_READ)
            except RequestRefused as refusal:
                return JSONResponse({"errors": request_errors(refusal)}, refusal.status, headers=refusal.headers)
            except Forbidden as refusal:
                error = {"message": refusal.message, "extensions": {"code": refusal.code}}
                return JSONResponse({"errors": [error]}, 403)
        return Response(gateway.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", metrics),
    ]


def _cross_origin(settings: Settings) -> list[Middleware]:
    """Let the pages of the allowed origins call us from a browser. No cookies: a key is sent in a header."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "idempotency-key"],
            max_age=3600,
        )
    ]


def _metrics_are_public(settings: Settings) -> bool:
    if settings.metrics_public is not None:
        return settings.metrics_public
    try:
        return ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        return settings.host == "localhost"
