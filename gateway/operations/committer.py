"""Group commit: requests that arrive while a batch is being committed form the next batch; nobody waits on a timer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.inventory.decision import Result, Submission
from gateway.inventory.errors import Code, Unavailable
from gateway.operations.batches import BatchRunner


@dataclass(slots=True)
class _Waiting:
    submission: Submission
    answer: asyncio.Future[list[Result]]


class Committer:
    """Applies submissions in batches, one batch in flight: two at once were slower, because they conflict."""

    def __init__(self, runner: BatchRunner, *, queue_max: int, batch_max: int, deadline_seconds: float) -> None:
        """`queue_max` and `batch_max` count commands; `deadline_seconds` is the longest wait of one caller."""
        self._runner = runner
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._deadline_seconds = deadline_seconds
        self._queue: deque[_Waiting] = deque()
        self._queued = 0
        self._worker: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def queued(self) -> int:
        """Commands waiting for a batch."""
        return self._queued

    async def submit(self, submission: Submission) -> list[Result]:
        """Apply a submission; one result per command, in order.

        Raises Unavailable (retryable with the same keys) when the queue is full (OVERLOADED), the gateway stops or
        the database is away (UNAVAILABLE), or no answer came in time (OUTCOME_UNKNOWN).
        """
        count = len(submission.commands)
        if self._closing:
            raise Unavailable(Code.UNAVAILABLE, "The gateway is shutting down. Send the request again.")
        if self._queued + count > self._queue_max:
            raise Unavailable(Code.OVERLOADED, "Too many requests are waiting. Send this one again shortly.")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(submission, loop.create_future())
        self._queue.append(waiting)
        self._queued += count
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="committer")
        # A plain timer: `asyncio.timeout` costs every request three times as much.
        deadline = loop.call_later(self._deadline_seconds, _give_up, waiting.answer)
        try:
            return await waiting.answer
        finally:
            deadline.cancel()

    async def close(self) -> None:
        """Refuse new submissions and finish those accepted, within the deadline."""
        self._closing = True
        if self._worker is not None:
            async with asyncio.timeout(self._deadline_seconds):
                await self._worker

    async def _work(self) -> None:
        while self._queue:
            batch = self._next_batch()
            answers = await self._runner.run([waiting.submission for waiting in batch])
            for waiting, answer in zip(batch, answers, strict=True):
                _settle(waiting.answer, answer)

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        room = self._batch_max
        while self._queue and (not batch or len(self._queue[0].submission.commands) <= room):
            waiting = self._queue.popleft()
            count = len(waiting.submission.commands)
            self._queued -= count
            room -= count
            if not waiting.answer.done():
                batch.append(waiting)
        return batch


def _settle(answer: asyncio.Future[list[Result]], results: Sequence[Result] | BaseException) -> None:
    if answer.done():
        return
    if isinstance(results, BaseException):
        answer.set_exception(results)
    else:
        answer.set_result(list(results))


def _give_up(answer: asyncio.Future[list[Result]]) -> None:
    message = "No answer in time; it may still be applied. Send the same request with the same key."
    _settle(answer, Unavailable(Code.OUTCOME_UNKNOWN, message))
