"""Where a poll for changed orders goes on: a moment, and a place within what changed since."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

OVERLAP = timedelta(minutes=2)
"""Search indexes lag and clocks differ: each poll looks this much further back than the newest order it has seen."""


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
        newest = max([self.newest, *changed])
        since = self.since if place is not None else max(self.since, newest - OVERLAP)
        following = {"since": since.isoformat(), "newest": newest.isoformat(), "place": place}
        return orjson.dumps(following).decode()
