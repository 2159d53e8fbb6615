"""Channels for tests that sell through them without any platform."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.inventory.channels import Channel, ChannelState, Place
from tests.builders import NOW


def channel(channel_id: str, locations: Mapping[str, Place] | None = None) -> Channel:
    state = ChannelState.ACTIVE
    return Channel(channel_id, "shopify", channel_id, {}, b"", locations, 0, state, None, 1, NOW, NOW)
