"""Where a poll for changed orders goes on: a moment, and a place within what changed since."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import orjson

from connectors.catalog import Page
from connectors.exchange import Response
from connectors.messages import OrderEvent, OrderReference

OVERLAP = timedelta(minutes=2)
"""Search indexes lag and clocks differ: each poll looks this much further back than the newest order it has seen."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCursor:
    since: datetime
    newest: datetime
    """The latest change seen so far; the next poll starts a little before it."""
    place: str | None = None
    """The platform's own cursor or page number while there are more pages."""

    @classmethod
    def read(cls, cursor: str | None, since: datetime) -> "PollCursor":
        """The stored cursor, or a first one."""
        if cursor is None:
            return cls(since=since.astimezone(UTC), newest=since.astimezone(UTC))
        stored = orjson.loads(cursor)
        return cls(
            since=datetime.fromisoformat(stored["since"]),
            newest=datetime.fromisoformat(stored["newest"]),
            place=stored["place"],
        )

    def after_page(self, changed: list[datetime], place: str | None) -> str:
        """The cursor to store once the page's orders are taken over; `place` is None on the last page."""
        # A time yet to come is a mistake of the platform's clock or zone, and would hide all changes until then.
        newest = min(max([self.newest, *changed]), utc_now())
        since = self.since if place is not None else min(max(self.since, newest - OVERLAP), newest)
        following = {"since": since.isoformat(), "newest": newest.isoformat(), "place": place}
        return orjson.dumps(following).decode()

    def page(
        self, orders: Iterable[OrderEvent | OrderReference], place: str | None
    ) -> Page[OrderEvent | OrderReference]:
        """The orders of a platform that answers in the order of their changes; `place` is None on the last page."""
        found = tuple(orders)
        cursor = self.after_page([order.occurred_at for order in found], place)
        return Page(entries=found, cursor=cursor, more=place is not None)

    def after_answer(self, response: Response, place: str | None) -> str:
        """The cursor for platforms that do not answer in the order of the changes: the next poll starts a little
        before this one did, by the platform's own clock. Where it states none, the next poll starts where this did."""
        began = answered_at(response) if self.place is None else None
        return self.after_page([began] if began else [], place)


def answered_at(response: Response) -> datetime | None:
    """The platform's own time of an answer (the `Date` header); None where it states none."""
    try:
        stated = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return stated.astimezone(UTC) if stated.tzinfo else stated.replace(tzinfo=UTC)


def from_clock(since: datetime, zone: str) -> datetime:
    """Where to begin at a platform that tells its changes by the clock of its time zone: earlier where that goes back
    within an hour of `since`, since what it shows then it has shown before."""
    local = ZoneInfo(zone)
    now, soon = (at.astimezone(local).utcoffset() or timedelta(0) for at in (since, since + timedelta(hours=1)))
    return since - max(now - soon, timedelta(0))
