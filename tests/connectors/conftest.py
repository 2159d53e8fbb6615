"""A real HTTP session that may call this machine, and a client for a shop."""

from collections.abc import AsyncIterator, Callable
from ipaddress import ip_network
from typing import Any

import pytest

from connectors import CONNECTORS
from connectors.breaker import BreakerPolicy
from connectors.client import ChannelClient
from connectors.config import read_config
from connectors.session import HttpSession
from connectors.simulated.platform import SimulatedPlatform

LOCAL = [ip_network("127.0.0.0/8")]
MakeClient = Callable[..., ChannelClient[Any]]


@pytest.fixture
async def session() -> AsyncIterator[HttpSession]:
    async with HttpSession(allowed_networks=LOCAL, total_seconds=0.5) as session:
        yield session


@pytest.fixture
def make_client(session: HttpSession) -> MakeClient:
    def make(name: str, shop: SimulatedPlatform, **options: Any) -> ChannelClient[Any]:
        connector = CONNECTORS[name]
        config = read_config(connector.config_type, shop.config())
        return ChannelClient(connector, config, session, breaker=BreakerPolicy(failures_max=50), **options)

    return make
