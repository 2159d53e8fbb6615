"""Setting and clearing quotas: what an item keeps for a channel changes, and its stock does not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from gateway.inventory.commands import Command, Plan, StockView
from gateway.inventory.errors import Code, InvalidInput, NotFound
from gateway.inventory.identifiers import check_sku, check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import check_range
from gateway.inventory.quotas import QUOTAS_MAX, Quota


@dataclass(eq=False, slots=True)
class OnQuota(Command):
    """Acts on the quota of one channel at one location, or (None) wherever the item is."""

    sku: str
    channel_id: str
    location_id: str | None

    @property
    def skus(self) -> tuple[str, ...]:
        return (self.sku,)

    def check(self) -> None:
        check_sku(self.sku, ("sku",))
        check_slug(self.channel_id, ("channelId",))
        if self.location_id is not None:
            check_slug(self.location_id, ("locationId",))

    def canonical(self) -> dict[str, object]:
        return {"sku": self.sku, "ofChannel": self.channel_id, "locationId": self.location_id}

    def plan(self, stock: StockView) -> Plan:
        item = stock.item(self.sku, ("sku",))
        if self.location_id is not None:
            stock.is_active(self.location_id, ("locationId",))
        quotas = stock.quotas(item)
        here = (self.channel_id, self.location_id)
        known = next((quota for quota in quotas.values() if (quota.channel_id, quota.location_id) == here), None)
        return Plan((), quotas={item.id: self.changed(quotas, known)})

    @abstractmethod
    def changed(self, quotas: Mapping[str, Quota], known: Quota | None) -> Mapping[str, Quota]:
        """The item's quotas as they are to be; `known` is the one that this is about. Raises an InventoryError."""


@dataclass(eq=False, slots=True)
class SetQuota(OnQuota):
    """Keep `quantity` units for the channel. One that exists stays, with what was used of it."""

    quantity: int
    quota_id: str

    kind: ClassVar[Kind] = Kind.QUOTA_SET

    def check(self) -> None:
        OnQuota.check(self)  # a bare super() does not work in a slotted dataclass
        check_range(self.quantity, ("quantity",), minimum=1)

    def canonical(self) -> dict[str, object]:
        return {**OnQuota.canonical(self), "quantity": self.quantity}

    def changed(self, quotas: Mapping[str, Quota], known: Quota | None) -> Mapping[str, Quota]:
        if known is None and len(quotas) >= QUOTAS_MAX:
            raise InvalidInput(Code.TOO_MANY, f"An item has at most {QUOTAS_MAX} quotas. Clear another one.", ("sku",))
        quota = known or Quota(self.quota_id, self.channel_id, self.location_id, self.quantity)
        return {**quotas, quota.id: replace(quota, quantity=self.quantity)}


@dataclass(eq=False, slots=True)
class ClearQuota(OnQuota):
    """Keep nothing for the channel any more: what was left of its quota is for everybody."""

    kind: ClassVar[Kind] = Kind.QUOTA_CLEAR

    def changed(self, quotas: Mapping[str, Quota], known: Quota | None) -> Mapping[str, Quota]:
        if known is None:
            message = f"There is no such quota of the channel '{self.channel_id}'."
            raise NotFound(Code.QUOTA_NOT_FOUND, message, ("channelId",))
        return {quota.id: quota for quota in quotas.values() if quota is not known}
