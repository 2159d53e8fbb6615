"""Pushing by hand: as a process that dies, and with a connector of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connectors.base import Connector
from connectors.errors import ConnectorError
from connectors.session import HttpSession
from gateway.bootstrap import Gateway
from gateway.dispatch.connections import Connections
from gateway.dispatch.pushing import Pusher
from gateway.dispatch.worker import ChannelWorker
from gateway.inventory.channels import Channel
from gateway.inventory.offering import Offering
from gateway.store.leases import LeaseStore
from gateway.store.pushes import Acknowledged, PushStore
from tests.dispatch.trading import item_of


class Killed(BaseException):
    """The process died here."""


class Mortal(PushStore):
    """Stands for a process that is killed between the platform's answer and our record of it."""

    async def record(self, acknowledged: Sequence[Acknowledged], fence: int) -> bool:
        if acknowledged:
            raise Killed
        return True


async def push_and_die(gateway: Gateway, channel: Channel, sku: str) -> None:
    """Push what is due as a process that does not live to record the answer."""
    leases = LeaseStore(gateway.database, "mortal", ttl_seconds=30)
    connection = gateway.channels.connections.of(channel)
    pusher = Pusher(Mortal(gateway.database))
    lease = await leases.acquire(f"channel/{channel.id}")
    assert lease is not None
    item = await item_of(gateway, sku)
    writes = connection.connector.abilities(connection.config).writes
    offering = Offering(channel, await gateway.stock_store.locations())
    offers = await pusher.offers(offering, writes, [item.id], {})
    with pytest.raises((Killed, ConnectorError)):
        await pusher.send(channel, connection, lease, offers)
    await leases.release(lease)


async def impatient_worker(
    gateway: Gateway, channel: Channel, session: HttpSession, connector: Connector[Any]
) -> ChannelWorker:
    """Tries again at once after every failure, as after a change of the channel's settings."""
    pushes, channels = PushStore(gateway.database), gateway.channels.channels
    connection = Connections({channel.platform: connector}, session, channels.full_config).of(channel)
    lease = await LeaseStore(gateway.database, "tests", ttl_seconds=60).acquire(f"channel/{channel.id}")
    assert lease is not None
    worker = ChannelWorker(
        Offering(channel, await gateway.stock_store.locations()),
        connection,
        lease,
        Pusher(pushes),
        pushes,
        channels.report_health,
        lambda *_: worker._interrupted.set(),
        lambda *_: None,
    )
    return worker
