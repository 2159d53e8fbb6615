"""What waits to be worked on, in a lane for each channel: however much one has, and however slow its platform is, the
others' turn comes."""

from __future__ import annotations

from collections import Counter, deque

LANE_MAX = 5_000
WAITING_MAX = 50_000
CROWDED = 100


class Lanes:
    """Hands out the events of channels in turn, those of one channel in the order of their arrival.

    At most `at_once` of a channel are in hand, and `total` of all. A channel takes no more than is left for the others,
    so there is room for one more until very many of them are stuck.
    """

    def __init__(self, at_once: int, total: int) -> None:
        self._at_once = at_once
        self._free = total
        # The channel whose turn is next comes first; none is empty.
        self._waiting: dict[str, deque[tuple[str, bool]]] = {}
        self._known: set[str] = set()
        self._in_hand: Counter[str] = Counter()

    @property
    def crowded(self) -> list[str]:
        """Channels that have enough to wait for."""
        return [channel_id for channel_id, lane in self._waiting.items() if len(lane) >= CROWDED]

    def put(self, event_id: str, *, just_added: bool) -> None:
        """Nothing happens when it waits already, or too many do."""
        channel_id = _channel_of(event_id)
        lane = self._waiting.get(channel_id, deque())
        if event_id in self._known or len(lane) >= LANE_MAX or len(self._known) >= WAITING_MAX:
            return
        lane.append((event_id, just_added))
        self._known.add(event_id)
        self._waiting[channel_id] = lane

    def take(self) -> tuple[str, bool] | None:
        """The next event to work on, and whether it was just added; None when there is none, or no room for it."""
        for channel_id, lane in self._waiting.items():
            if self._in_hand[channel_id] < min(self._at_once, self._free):
                event_id, just_added = lane.popleft()
                del self._waiting[channel_id]
                if lane:
                    self._waiting[channel_id] = lane
                self._known.discard(event_id)
                self._in_hand[channel_id] += 1
                self._free -= 1
                return event_id, just_added
        return None

    def done(self, event_id: str) -> None:
        """What was taken is out of hand."""
        channel_id = _channel_of(event_id)
        self._in_hand[channel_id] -= 1
        if not self._in_hand[channel_id]:
            del self._in_hand[channel_id]
        self._free += 1


def _channel_of(event_id: str) -> str:
    return event_id.partition(":")[0]
