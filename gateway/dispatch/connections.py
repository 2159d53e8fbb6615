"""Channels joined to the connectors of their platforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from cachetools import LRUCache
from pydantic import SecretStr
from pydantic.alias_generators import to_camel, to_snake

from connectors.auth import Auth
from connectors.base import Connector
from connectors.client import ChannelClient
from connectors.config import ChannelConfig, InvalidConfig, read_config
from connectors.public_keys import PublicKeys
from connectors.session import HttpSession
from connectors.tokens import TokenShelf
from gateway.inventory.channels import Channel
from gateway.inventory.errors import Code, InvalidInput
from gateway.inventory.ledger import Json
from gateway.operations.platforms import CheckedConfig, SecretsUnreadable

CONNECTIONS_MAX = 2_000

_log = structlog.get_logger(__name__)


class ConnectorPlatforms:
    """Implements `gateway.operations.platforms.Platforms` with the connectors' own settings models."""

    def __init__(self, connectors: Mapping[str, Connector[Any]]) -> None:
        self._connectors = connectors

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._connectors))

    def keeps_locations(self, platform: str) -> bool:
        connector = self._connectors.get(platform)
        return connector is not None and connector.stock.per_location

    def listing_problem(self, platform: str, ids: Mapping[str, str]) -> str | None:
        connector = self._connectors.get(platform)
        return None if connector is None else connector.listing_ids.problem(ids)

    def check_config(self, platform: str, entered: Json) -> CheckedConfig:
        connector = self._connectors.get(platform)
        if connector is None:
            known = ", ".join(self.names)
            message = f"There is no platform '{platform[:64]}'. Known: {known}."
            raise InvalidInput(Code.INVALID_INPUT, message, ("platform",))
        try:
            config = _read(connector, entered)
        except InvalidConfig as error:
            problem = error.problems[0]
            raise InvalidInput(Code.INVALID_INPUT, problem.message, _as_entered(problem.field, entered)) from None
        shown = config.model_dump(mode="json")
        secret = {name: _clear(value) for name, value in config if _is_secret(value)}
        return CheckedConfig({name: shown[name] for name in shown if name not in secret}, secret)


@dataclass(frozen=True, slots=True)
class Connection:
    """What it takes to talk with one channel's platform."""

    connector: Connector[Any]
    config: ChannelConfig
    client: ChannelClient[Any]


class ChannelUnreadable(Exception):
    """The channel's stored settings cannot be used: another secret key, or a connector that has changed."""


class Connections:
    """One connection per channel, kept as long as the channel's settings stay the same."""

    def __init__(
        self,
        connectors: Mapping[str, Connector[Any]],
        session: HttpSession,
        full_config: Callable[[Channel], Json],
        shelf: Callable[[str, Auth], TokenShelf | None] = lambda channel_id, auth: None,
    ) -> None:
        """`full_config` decrypts a channel's settings; `shelf` is where a channel's tokens lie for all processes."""
        self.public_keys = PublicKeys(session)
        self._connectors = connectors
        self._session = session
        self._full_config = full_config
        self._shelf = shelf
        self._known: LRUCache[str, tuple[bytes, Json, Connection]] = LRUCache(CONNECTIONS_MAX)
        self._unreadable: LRUCache[str, tuple[bytes, Json]] = LRUCache(CONNECTIONS_MAX)

    def of(self, channel: Channel) -> Connection:
        """The channel's connection; a new one after its settings have changed.

        Raises ChannelUnreadable, and logs it once per process and settings: they are asked for again all the time.
        """
        settings = channel.sealed, channel.config
        known = self._known.get(channel.id)
        if known is not None and known[:2] == settings:
            return known[2]
        try:
            connection = self._open(channel)
        except ChannelUnreadable as error:
            if self._unreadable.get(channel.id) != settings:
                self._unreadable[channel.id] = settings
                _log.error("channel_unreadable", channel=channel.id, reason=str(error))
            raise
        self._known[channel.id] = (*settings, connection)
        return connection

    def _open(self, channel: Channel) -> Connection:
        connector = self._connectors.get(channel.platform)
        if connector is None:
            raise ChannelUnreadable(f"This version has no connector for '{channel.platform}'.")
        try:
            config = _read(connector, self._full_config(channel))
        except SecretsUnreadable as error:
            raise ChannelUnreadable(str(error)) from error
        except InvalidConfig as error:
            raise ChannelUnreadable(f"The settings must be entered again: {error}") from error
        shelf = self._shelf(channel.id, connector.auth(config))
        return Connection(connector, config, ChannelClient(connector, config, self._session, shelf=shelf))


def _read(connector: Connector[Any], entered: Json) -> ChannelConfig:
    """Settings may be written as `shopDomain`, the way the API writes names, or as `shop_domain`."""
    snake = {to_snake(name): value for name, value in entered.items()}
    config: ChannelConfig = read_config(connector.config_type, snake)
    return config


def _as_entered(field: tuple[str, ...], entered: Json) -> tuple[str, ...]:
    """The path of a setting, spelt like it was entered, or like the other settings where it is missing."""
    if field == ("config",):
        return field
    name, *within = field
    is_camel = any(other != to_snake(other) for other in entered)
    spelt = {to_snake(other): other for other in entered}.get(name, to_camel(name) if is_camel else name)
    return ("config", spelt, *within)


def _is_secret(value: object) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(isinstance(part, SecretStr) for part in value)
    return isinstance(value, SecretStr)


def _clear(value: Any) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return [_clear(part) for part in value]
