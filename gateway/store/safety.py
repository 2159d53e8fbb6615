"""The rules of channels where they differ from the defaults, and the stops of the safety valve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from pymongo.errors import PyMongoError

from gateway.inventory.drifts import ReconcileMode
from gateway.inventory.safety import ChannelRules, SafetyStop, StopLine, StopState
from gateway.store.driver import Database, as_storage_error


class SafetyStore:
    """Keeps one set of rules and the latest stop per channel."""

    def __init__(self, database: Database, defaults: ChannelRules) -> None:
        self._rules = database["channel_rules"]
        self._stops = database["safety_stops"]
        self._defaults = defaults

    async def rules(self, channel_id: str) -> ChannelRules:
        """The channel's own where it has some, else the defaults."""
        document = await self._get(self._rules, channel_id)
        own = {name: value for name, value in (document or {}).items() if name != "_id"}
        if "mode" in own:
            own["mode"] = ReconcileMode(own["mode"])
        return replace(self._defaults, **own)

    async def set_rules(self, channel_id: str, changes: Mapping[str, object]) -> None:
        """Fields of ChannelRules, each in the place of its default."""
        try:
            await self._rules.update_one({"_id": channel_id}, {"$set": dict(changes)}, upsert=True)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def stop(self, channel_id: str) -> SafetyStop | None:
        """The latest stop of the channel; None when it was never stopped, or has gone on since."""
        document = await self._get(self._stops, channel_id)
        return None if document is None else _read_stop(document)

    async def save_stop(self, stop: SafetyStop) -> None:
        document: dict[str, Any] = asdict(stop)
        document["_id"] = document.pop("channel_id")
        document["state"] = stop.state.value
        document["lines"] = [[line.sku, line.before, line.after] for line in stop.lines]
        try:
            await self._stops.replace_one({"_id": stop.channel_id}, document, upsert=True)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def _get(self, collection: Any, channel_id: str) -> dict[str, Any] | None:
        try:
            document: dict[str, Any] | None = await collection.find_one({"_id": channel_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return document


def _read_stop(document: dict[str, Any]) -> SafetyStop:
    values = {name: value for name, value in document.items() if name != "_id"}
    values["state"] = StopState(values["state"])
    values["lines"] = tuple(StopLine(*line) for line in values["lines"])
    return SafetyStop(channel_id=document["_id"], **values)
