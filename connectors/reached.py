"""Paging through orders by the time of their change: an order that changes meanwhile moves to the end, and all that
follow it one place up. So each page goes on from the time that was reached, not from a number of pages."""

from typing import NamedTuple

from connectors.polling import PollCursor


class Reached(NamedTuple):
    start: str
    """In the platform's own words."""
    page: int = 1
    """More than one only while everything met was changed at `start`."""

    @classmethod
    def read(cls, place: PollCursor, first: str) -> "Reached":
        start, _, page = (place.place or f"{first}|1").rpartition("|")
        return cls(start, int(page))

    def after(self, last: str) -> str:
        """The place that follows a full page whose last order was changed then."""
        return f"{last}|1" if last != self.start else f"{last}|{self.page + 1}"
