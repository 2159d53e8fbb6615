"""Who is asking, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.inventory.errors import Code, InventoryError


class Scope(StrEnum):
    """A right that an API key carries; `admin` includes every other one."""

    AVAILABILITY_READ = "availability:read"
    INVENTORY_READ = "inventory:read"
    INVENTORY_WRITE = "inventory:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated client. `client` is the key's name: it scopes idempotency keys and signs ledger entries."""

    client: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def require(self, scope: Scope) -> None:
        """Raise Forbidden unless the client holds the scope."""
        if not self.may(scope):
            raise Forbidden(scope)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. Several keys may share a name: the name is the client, so keys can be rotated."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def principal(self) -> Principal:
        return Principal(self.name, self.scopes)


class Forbidden(InventoryError):
    """The API key lacks a scope."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(Code.FORBIDDEN, f"This API key lacks the scope '{scope}'. Use a key that has it.")
        self.scope = scope
