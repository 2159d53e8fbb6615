"""Finds what a channel has yet to hear of by comparing versions, so that nothing depends on a message that could get
lost."""

from __future__ import annotations

from typing import Protocol

from gateway.inventory.offering import Offering
from gateway.inventory.stock import Item


class Backlog(Protocol):
    async def backlog(self, offering: Offering, after: str | None) -> tuple[list[Item], str | None]:
        """The items of one page that are due, and where to go on; None at the end."""


class BacklogScan:
    """One pass over a channel's listings; under way from the start."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._after: str | None = None
        self._begun = 0
        self.under_way = True

    def begin(self) -> None:
        """From the first page, also when a scan is under way."""
        self._begun += 1
        self._after = None
        self.under_way = True

    async def page(self, offering: Offering) -> list[Item]:
        """The items that are due on the next page."""
        begun = self._begun
        items, after = await self._backlog.backlog(offering, self._after)
        if begun == self._begun:
            # Else it was begun anew while this page was read, and what it is to find may be on this one or before it.
            self._after = after
            self.under_way = after is not None
        return items
