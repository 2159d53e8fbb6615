"""Connecting channels and changing them; their secrets are encrypted before they are stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from gateway.inventory.channels import BUFFER_MAX, Channel, ChannelState, Place
from gateway.inventory.errors import Code, Conflict, InvalidInput, NotFound, Path, Unavailable
from gateway.inventory.identifiers import (
    NAME_LENGTH_MAX,
    check_optional_text,
    check_slug,
    check_text,
)
from gateway.inventory.ledger import Json
from gateway.operations.channel_locations import KnownLocations, LocationMapping
from gateway.operations.platforms import CheckedConfig, Cipher, Platforms, SecretsUnreadable

CHANGE_TRIES = 5


class ChannelRepository(Protocol):
    async def insert(self, channel: Channel) -> bool:
        """False when the id is taken."""

    async def replace(self, channel: Channel) -> Channel | None:
        """None when someone else changed it first."""

    async def get(self, channel_id: str) -> Channel | None: ...

    async def page(self, after: str | None, limit: int) -> list[Channel]:
        """By id, those after channel id `after`."""

    async def count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """What to change of a channel; None leaves a field as it is.

    `config` holds only the entries to change, so a secret need not be sent again. `all_locations` undoes a mapping.
    """

    name: str | None = None
    config: Json | None = None
    locations: Mapping[str, Place] | None = None
    all_locations: bool = False
    buffer: int | None = None


class ChannelOperations:
    """Create, change, pause and resume channels; `channels_max` is the most a gateway serves."""

    def __init__(
        self,
        channels: ChannelRepository,
        locations: KnownLocations,
        platforms: Platforms,
        cipher: Cipher,
        *,
        channels_max: int,
        on_change: Callable[[], None],
    ) -> None:
        """`on_change` is called after every change that this process has made."""
        self._channels = channels
        self._locations = LocationMapping(locations, platforms)
        self._platforms = platforms
        self._cipher = cipher
        self._channels_max = channels_max
        self._on_change = on_change

    @property
    def platforms(self) -> tuple[str, ...]:
        """Names of the platforms that have a connector."""
        return self._platforms.names

    async def create(
        self,
        channel_id: str,
        platform: str,
        name: str,
        config: Json,
        locations: Mapping[str, Place] | None = None,
        buffer: int = 0,
    ) -> Channel:
        """Connect an account. `locations` maps ours to the platform's; None is all of ours as one stock."""
        check_slug(channel_id, ("id",))
        check_text(name, ("name",), NAME_LENGTH_MAX)
        checked = self._platforms.check_config(platform, config)
        await self._locations.check(platform, locations)
        if await self._channels.count() >= self._channels_max:
            raise Conflict(Code.TOO_MANY, f"This gateway has {self._channels_max} channels already.")
        now = datetime.now(UTC)
        channel = Channel(
            id=channel_id,
            platform=platform,
            name=name,
            config=checked.public,
            sealed=self._seal(checked),
            locations=locations,
            buffer=_checked_buffer(buffer),
            state=ChannelState.ACTIVE,
            reason=None,
            revision=1,
            created_at=now,
            updated_at=now,
        )
        if not await self._channels.insert(channel):
            raise Conflict(Code.TAKEN, f"There is a channel '{channel_id}' already.", ("id",))
        self._on_change()
        return channel

    async def update(self, channel_id: str, change: ChannelChange) -> Channel:
        """Change a channel; what alters its offered quantities is pushed for every listing."""
        check_optional_text(change.name, ("name",), NAME_LENGTH_MAX)
        if change.buffer is not None:
            _checked_buffer(change.buffer)
        return await self._change(channel_id, lambda channel: self._changed(channel, change))

    async def pause(self, channel_id: str, reason: str | None = None) -> Channel:
        """Stop pushing; orders are still taken in."""
        check_optional_text(reason, ("reason",))
        return await self._set_state(channel_id, ChannelState.PAUSED, reason)

    async def resume(self, channel_id: str) -> Channel:
        """Push again, beginning with whatever has changed meanwhile."""
        return await self._set_state(channel_id, ChannelState.ACTIVE, None)

    async def report_health(self, channel_id: str, failure: str | None) -> Channel:
        """Mark as failing, or as well again; a channel that a person has paused stays paused."""
        state = ChannelState.ACTIVE if failure is None else ChannelState.FAILING
        return await self._set_state(channel_id, state, failure, unless=ChannelState.PAUSED)

    async def get(self, channel_id: str, path: Path = ("channelId",)) -> Channel:
        """Raises NotFound, naming the input at `path`."""
        channel = await self._channels.get(channel_id)
        if channel is None:
            raise NotFound(Code.CHANNEL_NOT_FOUND, f"There is no channel '{channel_id}'.", path)
        return channel

    async def find(self, channel_id: str) -> Channel | None:
        return await self._channels.get(channel_id)

    async def page(self, after: str | None, limit: int) -> list[Channel]:
        """By id, those after channel id `after`."""
        return await self._channels.page(after, limit)

    def full_config(self, channel: Channel) -> dict[str, object]:
        """The channel's settings with its secrets in the clear: for its connector only."""
        secret: dict[str, object] = json.loads(self._cipher.decrypt(channel.sealed))
        return {**channel.config, **secret}

    async def _set_state(
        self, channel_id: str, state: ChannelState, reason: str | None, unless: ChannelState | None = None
    ) -> Channel:
        def changed(channel: Channel) -> Channel:
            return channel if channel.state is unless else replace(channel, state=state, reason=reason)

        return await self._change(channel_id, changed)

    async def _change(self, channel_id: str, changed: Callable[[Channel], Channel]) -> Channel:
        for _ in range(CHANGE_TRIES):
            before = await self.get(channel_id, ("id",))
            after = changed(before)
            if after == before:
                return before
            if after.locations != before.locations:
                await self._locations.check(after.platform, after.locations)
            stored = await self._channels.replace(after)
            if stored is not None:
                self._on_change()
                return stored
        raise Unavailable(Code.CONTENTION, "The channel is being changed by others. Send the request again.")

    def _changed(self, channel: Channel, change: ChannelChange) -> Channel:
        after = replace(channel, name=change.name or channel.name)
        if change.config is not None:
            checked = self._platforms.check_config(channel.platform, {**self._known_config(channel), **change.config})
            after = replace(after, config=checked.public, sealed=self._seal(checked))
        if change.buffer is not None:
            after = replace(after, buffer=change.buffer)
        if change.all_locations or change.locations is not None:
            after = replace(after, locations=None if change.all_locations else change.locations)
        return after

    def _known_config(self, channel: Channel) -> Json:
        """What a change builds on; secrets that cannot be read any more have to be entered with it."""
        try:
            return self.full_config(channel)
        except SecretsUnreadable:
            return channel.config

    def _seal(self, checked: CheckedConfig) -> bytes:
        return self._cipher.encrypt(json.dumps(dict(checked.secret)).encode())


def _checked_buffer(buffer: int) -> int:
    if not 0 <= buffer <= BUFFER_MAX:
        raise InvalidInput(Code.OUT_OF_RANGE, f"A buffer is 0 to {BUFFER_MAX} units.", ("buffer",))
    return buffer
