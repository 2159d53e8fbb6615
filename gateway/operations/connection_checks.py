"""What a look at a channel's connection has found, in the operator's words."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class PlatformLocation:
    """A place at which the platform keeps stock."""

    id: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """`ok` is whether the platform can be reached and accepts the credentials; `problems` say what else to do."""

    ok: bool
    summary: str
    problems: tuple[str, ...] = ()
    locations: tuple[PlatformLocation, ...] = ()


class ConnectionChecks(Protocol):
    def check(self, channel_id: str) -> Coroutine[Any, Any, ConnectionCheck]:
        """One harmless look at the platform. Raises NotFound for an unknown channel."""
