"""Where the lines of a request may take their units from, in the caller's words and as the gateway reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.inventory.channels import Channel
from gateway.inventory.errors import Code, InvalidInput, NotFound, Path
from gateway.inventory.identifiers import check_slug
from gateway.inventory.ledger import Cause
from gateway.inventory.requested_lines import RequestedLine
from gateway.operations.calls import Call


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


class OfChannel(Protocol):
    """A line that may be served from a channel's locations."""

    @property
    def channel_id(self) -> str | None: ...


class Sourcing:
    """Reads the lines of requests."""

    def __init__(self, channels: ChannelLookup) -> None:
        self._channels = channels

    async def requested(self, lines: Sequence[LineRequest]) -> tuple[RequestedLine, ...]:
        """The lines with what their channels stand for. Raises InvalidInput, or NotFound for an unknown channel."""
        return await self.resolved([_read(line, index) for index, line in enumerate(lines)])

    async def resolved(self, lines: Sequence[RequestedLine]) -> tuple[RequestedLine, ...]:
        return tuple([await self._resolved(line, index) for index, line in enumerate(lines)])

    async def cause(
        self, call: Call, reference: str | None, lines: Iterable[OfChannel], channel_id: str | None = None
    ) -> Cause:
        """The cause of a request with these lines, sold through the channel that the caller names, or else the lines.

        Raises NotFound where the caller names an unknown channel.
        """
        sold_through = await self.sold_through(lines, channel_id)
        return call.cause(reference, sold_through, channel_said=channel_id is not None)

    async def sold_through(self, lines: Iterable[OfChannel], channel_id: str | None) -> str | None:
        """The channel named, or else the one that all lines name. Raises NotFound where the one named is unknown."""
        if channel_id is None:
            return channel_of_all(lines)
        return (await self.channel(channel_id, ("channelId",))).id

    async def channel(self, channel_id: str, path: Path) -> Channel:
        """Raises InvalidInput, or NotFound naming `path`."""
        check_slug(channel_id, path)
        channel = await self._channels.get(channel_id)
        if channel is None:
            raise NotFound(Code.CHANNEL_NOT_FOUND, f"There is no channel '{channel_id}'.", path)
        return channel

    async def _resolved(self, line: RequestedLine, index: int) -> RequestedLine:
        if line.channel_id is None:
            return line
        channel = await self.channel(line.channel_id, ("lines", str(index), "channelId"))
        return replace(line, channel_locations=None if channel.locations is None else tuple(channel.locations))


def channel_of_all(lines: Iterable[OfChannel]) -> str | None:
    """The channel that all of the lines name; None where they name different ones, or one names none."""
    named = {line.channel_id for line in lines}
    return named.pop() if len(named) == 1 else None


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
