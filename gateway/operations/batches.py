"""Running one batch to its end: decide, commit, and start over on a conflict."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from gateway.inventory.batch import BatchStock
from gateway.inventory.commands import Command
from gateway.inventory.decision import Atomicity, Decision, Outcome, Result, Submission
from gateway.inventory.errors import Code, InsufficientStock, InventoryError, Unavailable
from gateway.inventory.ledger import LedgerEntry
from gateway.inventory.moments import last_seq
from gateway.inventory.ports import CommitUnknown, Loaded, StockStore, StoreUnavailable, Wanted, WriteConflict
from gateway.inventory.reserving import Reserve
from gateway.operations.clock import Clock, utc_now
from gateway.operations.reclaiming import Reclaimed, Reclaimer

BACKOFF_SECONDS_FIRST = 0.002
BACKOFF_SECONDS_MAX = 0.1

_LOCATION_CODES = (Code.LOCATION_NOT_FOUND, Code.LOCATION_INACTIVE)

_OUTCOME_UNKNOWN = "No answer in time; it may still be applied. Send the same request with the same key."

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Attempt:
    """What the tries of one batch have learnt so far: what to say if the time runs out, and what was written."""

    failure: Unavailable = field(
        default_factory=lambda: Unavailable(Code.UNAVAILABLE, "The database did not answer. Send the request again.")
    )
    unknown: bool = False
    tried: dict[str, set[int]] = field(default_factory=dict)

    def fail(self, code: Code, message: str) -> None:
        # Once a commit's outcome was unknown, no later failure of another try can make it known.
        self.failure = (
            Unavailable(Code.OUTCOME_UNKNOWN, _OUTCOME_UNKNOWN) if self.unknown else Unavailable(code, message)
        )

    def remember(self, entries: Sequence[LedgerEntry]) -> None:
        for entry in entries:
            self.tried.setdefault(entry.key, set()).add(entry.seq)

    def own(self, results: list[list[Result]]) -> list[list[Result]]:
        """Where a try of this batch was applied without our knowing, its first request was no replay."""
        claimed: set[str] = set()
        return [[self._own(result, claimed) for result in answer] for answer in results]

    def _own(self, result: Result, claimed: set[str]) -> Result:
        if not isinstance(result, Outcome) or result.entry.key in claimed:
            return result
        claimed.add(result.entry.key)
        ours = result.entry.seq in self.tried.get(result.entry.key, ())
        return Outcome(result.entry, replayed=False) if ours else result


class BatchRunner:
    """Commits batches against a store; several processes may do so at once."""

    def __init__(
        self, store: StockStore, reclaimer: Reclaimer, *, deadline_seconds: float, clock: Clock = utc_now
    ) -> None:
        """`deadline_seconds`: how long conflicts and lost connections are retried before the batch gives up."""
        self._store = store
        self._reclaimer = reclaimer
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._seq = 0

    async def run(self, submissions: Sequence[Submission]) -> list[list[Result] | Exception]:
        """The results of each submission, or the error that kept it from being decided."""
        try:
            return list(await self._until_decided(submissions))
        except Unavailable as error:
            return [error] * len(submissions)
        except Exception as error:
            if len(submissions) == 1:
                return [error]
            # Something in the batch is poisonous: alone, it can only fail by itself.
            _log.exception("batch_failed", submissions=len(submissions))
            return [answer for submission in submissions for answer in await self.run([submission])]

    async def _until_decided(self, submissions: Sequence[Submission]) -> list[list[Result]]:
        attempt = _Attempt()
        backoff = BACKOFF_SECONDS_FIRST
        fresh = False
        try:
            async with asyncio.timeout(self._deadline_seconds):
                while (results := await self._try(submissions, attempt, fresh)) is None:
                    await asyncio.sleep(backoff * random.uniform(0.5, 1.5))
                    backoff = min(backoff * 2, BACKOFF_SECONDS_MAX)
                    fresh = True
        except TimeoutError:
            raise attempt.failure from None
        return results

    async def _try(
        self, submissions: Sequence[Submission], attempt: _Attempt, fresh: bool
    ) -> list[list[Result]] | None:
        """Decide and commit once; None asks for another try on fresh data."""
        try:
            decision, results = await self._decide(submissions, attempt, fresh)
            if decision.entries:
                await self._commit(decision, attempt)
        except WriteConflict:
            attempt.fail(Code.CONTENTION, "Other writers were always first. Send the request again.")
            return None
        except StoreUnavailable as error:
            _log.warning("database_unavailable", error=str(error)[:300])
            attempt.fail(Code.UNAVAILABLE, "The database is not available. Send the request again.")
            return None
        except CommitUnknown as error:
            _log.warning("commit_outcome_unknown", error=str(error)[:300])
            attempt.unknown = True
            return None
        self._seq = max(self._seq, decision.seq)
        return attempt.own(results) if attempt.unknown else results

    async def _commit(self, decision: Decision, attempt: _Attempt) -> None:
        entries = list(decision.entries.values())
        attempt.remember(entries)
        # Should the time run out during the commit, nobody knows whether it was applied.
        attempt.fail(Code.OUTCOME_UNKNOWN, _OUTCOME_UNKNOWN)
        changes = [change for change in decision.stock.changes.values() if change.movements]
        await self._store.commit(changes, entries, list(decision.stock.records.changes()))

    async def _decide(
        self, submissions: Sequence[Submission], attempt: _Attempt, fresh: bool
    ) -> tuple[Decision, list[list[Result]]]:
        commands = [command for submission in submissions for command in submission.commands]
        wanted = _wanted(commands)
        loaded = Loaded()
        if not fresh:
            loaded = self._store.cached(wanted)
            wanted.item_ids -= loaded.items.keys()
            wanted.skus -= {item.sku for item in loaded.items.values()}
            wanted.keys.clear()
        await self._load(loaded, wanted)
        locations = await self._store.locations()
        decision, results = self._decide_with(submissions, loaded, locations, Reclaimed())
        verified: set[tuple[Command, Code]] = set()
        short: dict[str, Command] = {}
        # A refusal must rest on what is true now: the item may be stale, or the request a replay. What is read for one
        # may refuse others of the batch, which were granted what was last seen.
        while (refused := _refused(submissions, results)) - verified:
            verified = refused
            short |= {command.key: command for command, code in refused if code is Code.INSUFFICIENT_STOCK}
            reclaimed = await self._reclaimer.find(short.values(), loaded.items, self._clock())
            if reclaimed.may_be_more:
                await self.run([Submission(tuple(reclaimed.overdue))])
                raise WriteConflict("more holds had expired than one batch takes back")
            stale = [] if fresh else [command for command, _ in refused]
            fresh = False
            await self._load(loaded, _wanted([*stale, *reclaimed.commands]))
            if any(code in _LOCATION_CODES for _, code in refused):
                locations = await self._store.locations(fresh=True)
            decision, results = self._decide_with(submissions, loaded, locations, reclaimed)
        return decision, results

    def _decide_with(
        self,
        submissions: Sequence[Submission],
        loaded: Loaded,
        locations: Mapping[str, bool],
        reclaimed: Reclaimed,
    ) -> tuple[Decision, list[list[Result]]]:
        now = self._clock()
        stock = BatchStock(loaded.items, locations, now, loaded.records)
        decision = Decision(stock, loaded.entries, max(self._seq, last_seq(now)))
        if reclaimed.overdue:
            decision.submit(Submission(tuple(reclaimed.overdue)))
        return decision, [_submit(decision, submission, reclaimed) for submission in submissions]

    async def _load(self, loaded: Loaded, wanted: Wanted) -> None:
        if wanted:
            loaded.update(await self._store.load(wanted))


def _refused(submissions: Sequence[Submission], results: Sequence[Sequence[Result]]) -> set[tuple[Command, Code]]:
    """The commands that are refused, whole or in part, each with the reason."""
    found = (
        (command, _why(command, result))
        for submission, answer in zip(submissions, results, strict=True)
        for command, result in zip(submission.commands, answer, strict=True)
    )
    return {(command, code) for command, code in found if code is not None}


def _why(command: Command, result: Result) -> Code | None:
    if isinstance(result, InventoryError):
        return result.code
    if isinstance(command, Reserve) and command.lacks(result.records):
        return Code.INSUFFICIENT_STOCK
    return None


def _submit(decision: Decision, submission: Submission, reclaimed: Reclaimed) -> list[Result]:
    results = decision.submit(submission)
    [command, *others] = submission.commands
    own = reclaimed.own.get(command.key)
    if own and not others and isinstance(results[0], InsufficientStock):
        # Either the owner's older holds go and the new one stands, or everything stays as it was.
        together = decision.submit(Submission((*own, command), Atomicity.ALL))[-1]
        return [together] if isinstance(together, Outcome) else results
    return results


def _wanted(commands: Iterable[Command]) -> Wanted:
    wanted = Wanted()
    for command in commands:
        wanted.skus.update(command.skus)
        wanted.item_ids.update(command.item_ids)
        wanted.keys.add(command.key)
        wanted.records.update(command.record_keys)
    return wanted
