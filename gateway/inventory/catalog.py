"""Locations, and what may be changed of an item's definition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.inventory.geography import Whereabouts

PRIORITY_MAX = 1_000_000
BACKORDER_LIMIT_MAX = 1_000_000_000
NOWHERE = Whereabouts()
TAGS_MAX = 20
"""Tags of one item."""
TAG_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds stock. Lower `priority` is served first; an inactive one takes no stock."""

    id: str
    name: str
    active: bool
    priority: int
    created_at: datetime
    updated_at: datetime
    whereabouts: Whereabouts = NOWHERE


@dataclass(frozen=True, slots=True)
class LocationChange:
    """New values of a location; None leaves one as it is, and so does what `whereabouts` does not tell."""

    name: str | None = None
    priority: int | None = None
    active: bool | None = None
    whereabouts: Whereabouts = NOWHERE


@dataclass(frozen=True, slots=True)
class ItemChange:
    """New values of an item's definition; None leaves one as it is. The id, and with it the history, stays."""

    sku: str | None = None
    name: str | None = None
    backorder_limit: int | None = None
    archived: bool | None = None
    tags: tuple[str, ...] | None = None


class SkuTaken(Exception):
    """Another item has this SKU already: storage's answer to a change of SKU."""
