"""What the channel operations need to know of platforms, and the cipher that keeps their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.inventory.ledger import Json


@dataclass(frozen=True, slots=True)
class CheckedConfig:
    """A channel's settings as its platform accepts them, with the secret ones apart."""

    public: Json
    secret: Json


class Platforms(Protocol):
    """The platforms that have a connector."""

    @property
    def names(self) -> tuple[str, ...]:
        """Sorted."""

    def keeps_locations(self, platform: str) -> bool:
        """Whether the platform counts stock per location of its own, so that ours must be mapped to those."""

    def listing_problem(self, platform: str, ids: Mapping[str, str]) -> str | None:
        """What is wrong with a listing's platform ids, for the operator; None when nothing is."""

    def check_config(self, platform: str, entered: Json) -> CheckedConfig:
        """Raises InvalidInput that names the platform or the first wrong field."""


class SecretsUnreadable(Exception):
    """Stored secrets were encrypted with a key that is not at hand."""


class Cipher(Protocol):
    """Encrypts secrets at rest."""

    def encrypt(self, data: bytes) -> bytes: ...

    def decrypt(self, token: bytes) -> bytes:
        """Raises SecretsUnreadable."""
