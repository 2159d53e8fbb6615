"""The measured delays of channels: folded in by every process that measures some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.errors import PyMongoError

from gateway.planning.delays import UNMEASURED, ChannelDelays, Delay
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key

CHANNELS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Measurements:
    """Of one channel, in seconds and in order; `overwrites` where it is known."""

    propagation: Sequence[float] = ()
    reports: Sequence[float] = ()
    overwrites: bool | None = None


class DelayStore:
    """Implements `gateway.operations.dynamic_buffers.DelayRepository`."""

    def __init__(self, database: Database) -> None:
        self._delays = database["delays"]

    async def all(self) -> dict[str, ChannelDelays]:
        """By channel; those of which nothing was measured are left out."""
        try:
            documents = await self._delays.find().to_list(CHANNELS_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: _read(document) for document in documents}

    async def of(self, channel_id: str) -> ChannelDelays | None:
        """None before the first measurement."""
        try:
            document = await self._delays.find_one({"_id": channel_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else _read(document)

    async def fold(self, channel_id: str, measured: Measurements) -> bool:
        """Take the measurements in; False, and nothing is changed, where another process was faster: then again."""
        try:
            document = await self._delays.find_one({"_id": channel_id})
            revision = 0 if document is None else document["revision"]
            after = _folded(ChannelDelays() if document is None else _read(document), measured)
            known = {"_id": channel_id, "revision": revision}
            # One that has moved on is not found, and cannot be inserted beside it either.
            answer = await self._delays.replace_one(known, _document(after, revision + 1), upsert=revision == 0)
        except PyMongoError as error:
            if is_duplicate_key(error):
                return False
            raise as_storage_error(error) from error
        return bool(answer.matched_count or answer.upserted_id is not None)


def _folded(delays: ChannelDelays, measured: Measurements) -> ChannelDelays:
    propagation, reports = delays.propagation, delays.reports
    for seconds in measured.propagation:
        propagation = propagation.measured(seconds)
    for seconds in measured.reports:
        reports = reports.measured(seconds)
    overwrites = delays.overwrites if measured.overwrites is None else measured.overwrites
    return ChannelDelays(propagation, reports, overwrites)


def _document(delays: ChannelDelays, revision: int) -> Document:
    return {
        "revision": revision,
        "propagation": _delay_document(delays.propagation),
        "reports": _delay_document(delays.reports),
        "overwrites": delays.overwrites,
    }


def _delay_document(delay: Delay) -> Document:
    return {"mean": delay.mean, "variance": delay.variance, "samples": delay.samples}


def _read(document: dict[str, Any]) -> ChannelDelays:
    propagation, reports = _read_delay(document["propagation"]), _read_delay(document["reports"])
    return ChannelDelays(propagation, reports, document["overwrites"])


def _read_delay(document: dict[str, Any]) -> Delay:
    delay = Delay(document["mean"], document["variance"], document["samples"])
    return delay if delay.samples else UNMEASURED
