"""Where the lines of a request may take their units from, in the caller's words and as the gateway reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.inventory.channels import Channel
from gateway.inventory.errors import Code, InvalidInput, NotFound
from gateway.inventory.reserving import RequestedLine


@dataclass(frozen=True, slots=True)
class LineRequest:
    """`quantity` units of a SKU from one location, or from several, best first, or from a channel's, or from any."""

    sku: str
    quantity: int
    location_id: str | None = None
    location_ids: tuple[str, ...] | None = None
    channel_id: str | None = None


class ChannelLookup(Protocol):
    async def get(self, channel_id: str) -> Channel | None: ...


class Sourcing:
    """Reads the lines of requests."""

    def __init__(self, channels: ChannelLookup) -> None:
        self._channels = channels

    async def requested(self, lines: Sequence[LineRequest]) -> tuple[RequestedLine, ...]:
        """The lines with what their channels stand for. Raises InvalidInput, or NotFound for an unknown channel."""
        return await self.resolved([_read(line, index) for index, line in enumerate(lines)])

    async def resolved(self, lines: Sequence[RequestedLine]) -> tuple[RequestedLine, ...]:
        return tuple([await self._resolved(line, index) for index, line in enumerate(lines)])

    async def _resolved(self, line: RequestedLine, index: int) -> RequestedLine:
        if line.channel_id is None:
            return line
        channel = await self._channels.get(line.channel_id)
        if channel is None:
            message = f"There is no channel '{line.channel_id}'."
            raise NotFound(Code.CHANNEL_NOT_FOUND, message, ("lines", str(index), "channelId"))
        return replace(line, channel_locations=None if channel.locations is None else tuple(channel.locations))


def _read(line: LineRequest, index: int) -> RequestedLine:
    path = ("lines", str(index))
    named = (line.location_id, line.location_ids, line.channel_id)
    if sum(place is not None for place in named) > 1:
        message = "Name one location, or several, or a channel, or none of these; not two of them."
        raise InvalidInput(Code.INVALID_INPUT, message, path)
    if line.location_ids is not None and not line.location_ids:
        raise InvalidInput(Code.EMPTY, "The list is empty. Leave it out to use any location.", (*path, "locationIds"))
    location_ids = (line.location_id,) if line.location_id is not None else line.location_ids or ()
    requested = RequestedLine(line.sku, line.quantity, location_ids, line.channel_id)
    requested.check(path)
    return requested
