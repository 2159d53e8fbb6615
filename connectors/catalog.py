"""What we read from a platform: its listings, its counts, its locations; always page by page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Entry]):
    """Some entries and where to go on. `cursor` is opaque: store it, hand it back, never look inside.

    For orders the cursor is worth keeping when there is no more: the next poll starts from it.
    """

    entries: tuple[Entry, ...]
    cursor: str | None
    more: bool

    @classmethod
    def of(cls, entries: Iterable[Entry], following: object = None) -> "Page[Entry]":
        """A page after which comes `following` (a page number, an id, an address of the platform), or nothing."""
        more = following is not None
        return cls(entries=tuple(entries), cursor=str(following) if more else None, more=more)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One sellable thing on the platform, for matching with our items by SKU."""

    platform_ids: Mapping[str, str]
    sku: str | None
    name: str
    tracked: bool
    """False: the platform ignores stock for it, so a listing would never show our number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStock:
    """What the platform shows for one listing at one location. "Not tracked" is None, never zero."""

    platform_ids: Mapping[str, str]
    sku: str | None
    location_id: str | None
    quantity: int | None
    committed: int | None = None
    """Promised to the platform's own open orders, where its quantity is the physical one."""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLocation:
    """A place the platform keeps stock at."""

    location_id: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCheck:
    """The result of one harmless call, in the operator's words."""

    summary: str
    problems: tuple[str, ...] = ()
    """What will not work although the credentials are right, each with what to do about it."""
    locations: tuple[ChannelLocation, ...] = ()
