"""Rules of replenishment: set by people for locations, items and places, read by the plan and the alerts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.inventory.errors import Code, InvalidInput, NotFound, Path
from gateway.inventory.identifiers import check_count, check_slug
from gateway.inventory.stock import Item
from gateway.operations.supply_terms import item_ids
from gateway.planning.replenishment import Replenishment, ReplenishmentRule, ReplenishmentValues, effective

BATCH_MAX = 250


@dataclass(frozen=True, slots=True)
class NamedRule:
    """A rule as people name it: for a SKU, a location, or both."""

    sku: str | None
    location_id: str | None
    values: ReplenishmentValues


class StockLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class RuleRepository(Protocol):
    async def of_locations(self) -> list[ReplenishmentRule]: ...

    async def of_items(self, item_ids: Collection[str]) -> list[ReplenishmentRule]: ...

    async def put(self, rules: Sequence[ReplenishmentRule]) -> None:
        """Store each in place of the one before; one without any value is deleted."""


class RuleListener(Protocol):
    async def rules_changed(self, item_ids: Collection[str]) -> None:
        """What is set for these items has changed."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Those that matter for some items."""

    defaults: Replenishment
    of_location: Mapping[str, ReplenishmentRule]
    of_item: Mapping[str, Sequence[ReplenishmentRule]]

    def at(self, item_id: str, location_id: str) -> Replenishment:
        rules = [*self.of_item.get(item_id, ())]
        if location_id in self.of_location:
            rules.append(self.of_location[location_id])
        return effective(self.defaults, rules, item_id, location_id) if rules else self.defaults


class ReplenishmentOperations:
    """Batches are checked whole before anything of them is stored; to send one again changes nothing."""

    def __init__(
        self, stock: StockLookup, rules: RuleRepository, listener: RuleListener, defaults: Replenishment
    ) -> None:
        self._stock = stock
        self._rules = rules
        self._listener = listener
        self._defaults = defaults

    async def set(self, named: Sequence[NamedRule]) -> list[ReplenishmentRule]:
        """1 to 250, each in place of the former rule for the same; without any value it is gone.

        Raises InvalidInput and NotFound.
        """
        check_count(named, ("rules",), BATCH_MAX)
        rules: list[ReplenishmentRule] = []
        skus = {index: rule.sku for index, rule in enumerate(named) if rule.sku is not None}
        ids = await item_ids(self._stock, skus, "rules")
        locations = await self._stock.locations()
        for index, rule in enumerate(named):
            path: Path = ("rules", str(index))
            if rule.location_id is not None:
                check_slug(rule.location_id, (*path, "locationId"))
                if rule.location_id not in locations:
                    message = f"There is no location '{rule.location_id}'."
                    raise NotFound(Code.LOCATION_NOT_FOUND, message, (*path, "locationId"))
            elif rule.sku is None:
                raise InvalidInput(Code.INVALID_INPUT, "A rule names a SKU, a location, or both.", path)
            rule.values.check(path)
            found = ReplenishmentRule(ids.get(index), rule.location_id, rule.values)
            if found.id in (earlier.id for earlier in rules):
                raise InvalidInput(Code.DUPLICATE, "Two rules are for the same.", path)
            rules.append(found)
        await self._rules.put(rules)
        if ids:
            await self._listener.rules_changed(set(ids.values()))
        return rules

    async def of_items(self, ids: Collection[str]) -> Rules:
        """What counts for these items."""
        of_item: dict[str, list[ReplenishmentRule]] = {}
        for rule in await self._rules.of_items(ids) if ids else ():
            of_item.setdefault(rule.item_id or "", []).append(rule)
        of_location = {rule.location_id or "": rule for rule in await self._rules.of_locations()}
        return Rules(self._defaults, of_location, of_item)
