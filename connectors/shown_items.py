"""For platforms of which one list holds both what they sell and how many of it they have."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelStock, Page
from connectors.config import Config
from connectors.exchange import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownItem:
    platform_ids: Mapping[str, str]
    sku: str | None
    name: str
    tracked: bool = True
    counts: Mapping[str | None, int | None]
    """Units by location; None is "not tracked", and as a location it stands for a platform that has none."""


class ShowsItems(Connector[Config]):
    """Reads stock and catalogue from the same pages."""

    @abstractmethod
    def read_items(self, config: Config, cursor: str | None) -> Flow[Page[ShownItem]]:
        """One page, from the beginning when `cursor` is None."""

    def read_stock(self, config: Config, cursor: str | None) -> Flow[Page[ChannelStock]]:
        page = yield from self.read_items(config, cursor)
        levels = (
            ChannelStock(platform_ids=item.platform_ids, sku=item.sku, location_id=place, quantity=units)
            for item in page.entries
            for place, units in item.counts.items()
        )
        return Page(entries=tuple(levels), cursor=page.cursor, more=page.more)

    def read_catalog(self, config: Config, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        page = yield from self.read_items(config, cursor)
        entries = (
            CatalogEntry(platform_ids=item.platform_ids, sku=item.sku, name=item.name, tracked=item.tracked)
            for item in page.entries
        )
        return Page(entries=tuple(entries), cursor=page.cursor, more=page.more)
