"""One harmless look at whether a channel's address, credentials and permissions are right."""

from __future__ import annotations

from connectors.errors import ConnectorError
from gateway.dispatch.connections import ChannelUnreadable, Connections
from gateway.operations.channels import ChannelOperations
from gateway.operations.connection_checks import ConnectionCheck, PlatformLocation

CHECK_SECONDS_MAX = 12.0


class ChannelChecks:
    """Implements `gateway.operations.connection_checks.ConnectionChecks`."""

    def __init__(self, channels: ChannelOperations, connections: Connections) -> None:
        self._channels = channels
        self._connections = connections

    async def check(self, channel_id: str) -> ConnectionCheck:
        """What the platform answers, also when that is a refusal. Raises NotFound for an unknown channel."""
        channel = await self._channels.get(channel_id)
        try:
            connection = self._connections.of(channel)
            flow = connection.connector.check(connection.config)
            found = await connection.client.run(flow, seconds_max=CHECK_SECONDS_MAX)
        except ChannelUnreadable as error:
            return ConnectionCheck(False, str(error))
        except ConnectorError as error:
            return ConnectionCheck(False, error.reason)
        locations = tuple(PlatformLocation(some.location_id, some.name, some.active) for some in found.locations)
        return ConnectionCheck(True, found.summary, found.problems, locations)
