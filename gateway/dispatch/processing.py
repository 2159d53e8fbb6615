"""Working through the inbox: at our own pace, several at a time, each until it is settled."""

from __future__ import annotations

import asyncio
import random
from functools import partial

import structlog

from connectors.errors import ConnectorError, Retriable
from gateway.dispatch.connections import ChannelUnreadable
from gateway.dispatch.ending import end_tasks
from gateway.dispatch.lanes import Lanes
from gateway.dispatch.messages import MessageHandler, Unreadable
from gateway.dispatch.schedule import retry_seconds
from gateway.inventory.errors import InventoryError
from gateway.inventory.events import EventState
from gateway.inventory.ports import StorageError
from gateway.operations.sales import WaitingForListing
from gateway.store.inbox import CLAIM_SECONDS, Inbox, InboxEvent

CHANNELS_AT_ONCE = 4
"""So many channels may work on as many events as one may."""
SWEEP_SECONDS = 1.0
WAITING_RETRY_SECONDS = 300.0
"""At most; at first sooner, since what an event waits for may have come while it was being looked for."""
FAULTS_MAX = 20
"""Tries of an event that fails for a reason nobody has thought of."""
EVENT_SECONDS_MAX = CLAIM_SECONDS - 5.0
"""Work on one event ends before another process may take it up."""

_log = structlog.get_logger(__name__)


class InboxProcessor:
    """Takes up what this process has just received, and what is due because nobody has settled it."""

    def __init__(self, inbox: Inbox, handler: MessageHandler, *, at_once: int) -> None:
        """`at_once`: how many events of one channel are worked on at the same time."""
        self._inbox = inbox
        self._handler = handler
        self._lanes = Lanes(at_once, CHANNELS_AT_ONCE * at_once)
        self._woken = asyncio.Event()
        self._working: set[asyncio.Task[None]] = set()

    def accepted(self, event_id: str) -> None:
        """An event has just been stored by this process. When its lane is full, it is found by the sweep."""
        self._lanes.put(event_id, just_added=True)
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; an event in hand then is taken up again once its claim has run out."""
        tasks = [asyncio.create_task(self._sweep()), asyncio.create_task(self._hand_out())]
        try:
            # None of them ever ends but by a fault.
            await asyncio.gather(*tasks)
        finally:
            await end_tasks([*tasks, *self._working])

    async def _sweep(self) -> None:
        while True:
            try:
                for event_id in await self._inbox.due(but_of=self._lanes.crowded):
                    self._lanes.put(event_id, just_added=False)
                self._woken.set()
            except StorageError as error:
                _log.warning("inbox_not_read", error=str(error)[:300])
            await asyncio.sleep(SWEEP_SECONDS)

    async def _hand_out(self) -> None:
        while True:
            self._woken.clear()
            while (taken := self._lanes.take()) is not None:
                event_id, just_added = taken
                work = asyncio.create_task(self._work(event_id, just_added))
                self._working.add(work)
                work.add_done_callback(partial(self._done, event_id))
            await self._woken.wait()

    def _done(self, event_id: str, work: asyncio.Task[None]) -> None:
        self._working.discard(work)
        self._lanes.done(event_id)
        self._woken.set()

    async def _work(self, event_id: str, just_added: bool) -> None:
        try:
            event = await (self._inbox.take if just_added else self._inbox.take_due)(event_id)
            if event is not None:
                await self._settle(event)
        except StorageError as error:
            # Nothing is lost: the event's claim runs out and it is due again.
            _log.warning("inbox_not_written", event_id=event_id, error=str(error)[:300])
        except Exception:
            _log.exception("inbox_event_not_settled", event_id=event_id)

    async def _settle(self, event: InboxEvent) -> None:
        try:
            async with asyncio.timeout(EVENT_SECONDS_MAX):
                await self._handler.handle(event)
        except Unreadable as error:
            await self._give_up(event, str(error))
        except (WaitingForListing, ChannelUnreadable) as error:
            await self._wait(event, str(error))
        except (Retriable, StorageError, TimeoutError) as error:
            await self._again(event, str(error) or "not finished in time", getattr(error, "after_seconds", None))
        except InventoryError as error:
            await (self._again(event, error.message, None) if error.retryable else self._wait(event, error.message))
        except ConnectorError as error:
            # Such as credentials that are refused: it goes on once somebody has put them right.
            await self._wait(event, error.reason)
        except Exception as error:
            _log.exception("inbox_event_failed", event_id=event.id)
            reason = f"{type(error).__name__}: see the log"
            await (self._again(event, reason, None) if event.attempts < FAULTS_MAX else self._give_up(event, reason))
        else:
            await self._inbox.done(event.id)

    async def _again(self, event: InboxEvent, reason: str, wished: float | None) -> None:
        seconds = retry_seconds(event.attempts, wished, random.random())
        await self._inbox.postpone(event.id, EventState.RECEIVED, reason, seconds)

    async def _wait(self, event: InboxEvent, reason: str) -> None:
        seconds = min(WAITING_RETRY_SECONDS, 2.0 ** min(event.attempts, 10))
        await self._inbox.postpone(event.id, EventState.WAITING, reason, seconds)

    async def _give_up(self, event: InboxEvent, reason: str) -> None:
        _log.error("inbox_event_given_up", event_id=event.id, reason=reason)
        await self._inbox.give_up(event.id, reason)
