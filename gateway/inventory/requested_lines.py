"""The lines of a request: units of a SKU, and where they may be taken from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.inventory.errors import Code, InvalidInput, Path
from gateway.inventory.identifiers import check_count, check_sku, check_slug
from gateway.inventory.quantities import check_range

CANDIDATES_MAX = 100


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """`quantity` units of a SKU: from the locations named, best first; or those of a channel; or any active one.

    `channel_locations` is what the channel's id stands for at present; None is every active location.
    """

    sku: str
    quantity: int
    location_ids: tuple[str, ...] = ()
    channel_id: str | None = None
    channel_locations: tuple[str, ...] | None = None

    @property
    def source(self) -> str:
        """Where the caller asked for the units, whatever it stands for by now."""
        if self.channel_id is not None:
            return f"channel {self.channel_id}"
        return " ".join(self.location_ids) or "any location"

    def named_locations(self, path: Path) -> Iterator[tuple[str, Path]]:
        """Each location that the caller named, and by which field."""
        alone = len(self.location_ids) == 1
        for index, location_id in enumerate(self.location_ids):
            yield location_id, (*path, "locationId") if alone else (*path, "locationIds", str(index))

    def check(self, path: Path) -> None:
        check_sku(self.sku, (*path, "sku"))
        check_range(self.quantity, (*path, "quantity"), minimum=1)
        if self.location_ids:
            check_count(self.location_ids, (*path, "locationIds"), CANDIDATES_MAX)
        for location_id, named_at in self.named_locations(path):
            check_slug(location_id, named_at)
        if self.channel_id is not None:
            check_slug(self.channel_id, (*path, "channelId"))
            if self.location_ids:
                message = "Name the locations, or a channel, or neither; not both."
                raise InvalidInput(Code.INVALID_INPUT, message, (*path, "channelId"))
