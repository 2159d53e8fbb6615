"""Listing discovery: match a channel's catalogue with our items by exact SKU, and list what matches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from connectors.catalog import CatalogEntry
from connectors.errors import ConnectorError
from gateway.dispatch.connections import Connection
from gateway.dispatch.platform_pages import read_page
from gateway.inventory.channels import Channel, Listing
from gateway.inventory.discoveries import NAMED_MAX, Discovery, RunState, Twice
from gateway.inventory.stock import Item, ItemStatus
from gateway.operations.listings import ItemLookup, WaitingEvents
from gateway.store.discoveries import DiscoveryStore
from gateway.store.listings import ListingStore

PAGES_MAX = 1_000_000


class DiscoveryRun:
    """Goes through catalogues; whatever ends it, it goes on after the last page that was dealt with."""

    def __init__(
        self, discoveries: DiscoveryStore, listings: ListingStore, items: ItemLookup, waiting: WaitingEvents
    ) -> None:
        self._discoveries = discoveries
        self._listings = listings
        self._items = items
        self._waiting = waiting

    async def run(self, channel: Channel, connection: Connection) -> None:
        """Until the end of the catalogue. Raises a StorageError; then the run goes on when it is called again."""
        discovery = await self._discoveries.get(channel.id)
        if discovery is None:
            return
        discovery = replace(discovery, state=RunState.RUNNING, reason=None)
        connector, config = connection.connector, connection.config
        for _ in range(PAGES_MAX):
            cursor = discovery.cursor
            try:
                page = await read_page(connection, lambda at=cursor: connector.read_catalog(config, at))  # type: ignore[misc]
            except ConnectorError as error:
                failed = replace(discovery, state=RunState.FAILED, reason=error.reason, finished_at=datetime.now(UTC))
                await self._discoveries.save(failed)
                return
            discovery = await self._match(channel, discovery, page.entries)
            if page.more:
                discovery = replace(discovery, cursor=page.cursor)
            else:
                discovery = replace(discovery, cursor=None, state=RunState.DONE, finished_at=datetime.now(UTC))
            if not await self._discoveries.save(discovery) or not page.more:
                break
        await self._waiting.wake(channel.id)

    async def _match(self, channel: Channel, before: Discovery, entries: tuple[CatalogEntry, ...]) -> Discovery:
        tally = _Tally(before)
        items = await self._items.items([entry.sku for entry in entries if entry.sku])
        for entry in entries:
            item = items.get(entry.sku) if entry.sku else None
            if item is None or item.status is ItemStatus.ARCHIVED:
                tally.unmatched(entry)
            else:
                tally.matched(entry, await self._list(channel, item, entry.platform_ids, before.started_at))
        return replace(tally.discovery, pages=before.pages + 1)

    async def _list(self, channel: Channel, item: Item, ids: Mapping[str, str], since: datetime) -> str:
        """`created`, `known`, or why it is not listed under these ids."""
        listing = Listing(channel.id, item.id, item.sku, dict(ids), datetime.now(UTC))
        taken = await self._listings.insert(listing)
        if taken is None:
            return "created"
        if taken == "externalId":
            return "Another item is listed under these ids."
        [known] = await self._listings.of_channel(channel.id, [item.id]) or [listing]
        if known.ids != ids:
            return "It is listed under other ids: " + ", ".join(f"{name} {value}" for name, value in known.ids.items())
        # A page that was broken off is gone through again, and what it created is still what this run created.
        return "created" if known.created_at >= since else "known"


class _Tally:
    """Counts everything, and names a bounded part of it."""

    def __init__(self, discovery: Discovery) -> None:
        self.discovery = discovery

    def unmatched(self, entry: CatalogEntry) -> None:
        found = self._counted(entry)
        if entry.sku is None:
            self.discovery = replace(found, without_sku=found.without_sku + 1)
            return
        named = found.unmatched_skus
        if len(named) < NAMED_MAX:
            named = (*named, entry.sku)
        self.discovery = replace(found, unmatched=found.unmatched + 1, unmatched_skus=named)

    def matched(self, entry: CatalogEntry, result: str) -> None:
        found = self._counted(entry)
        found = replace(found, matched=found.matched + 1)
        if result == "created":
            self.discovery = replace(found, created=found.created + 1)
        elif result == "known":
            self.discovery = replace(found, known=found.known + 1)
        else:
            named = found.twice_skus
            if len(named) < NAMED_MAX:
                named = (*named, Twice(entry.sku or "", dict(entry.platform_ids), result))
            self.discovery = replace(found, twice=found.twice + 1, twice_skus=named)

    def _counted(self, entry: CatalogEntry) -> Discovery:
        found = self.discovery
        return replace(found, entries=found.entries + 1, untracked=found.untracked + (not entry.tracked))
