"""How channels fare, as their workers last told: small documents that are overwritten all the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pymongo import UpdateOne, WriteConcern
from pymongo.errors import PyMongoError

from gateway.inventory.channel_health import Breaker, ChannelHealth, PushHealth
from gateway.store.driver import Database, as_storage_error

HEARD_WITHIN = timedelta(seconds=15)
"""A worker tells every second; what is older is of a worker that has ended."""


class ChannelHealthStore:
    """Implements `gateway.dispatch.push_watch.HealthSink`."""

    def __init__(self, database: Database) -> None:
        # Told anew every second: not worth a wait for the disk, which the pushes wait for too.
        self._health = database["channel_health"].with_options(write_concern=WriteConcern(1))

    async def save(self, health: dict[str, ChannelHealth]) -> None:
        writes = [
            UpdateOne(
                {"_id": channel_id},
                {
                    "$set": {
                        "lagSeconds": some.push.lag_seconds,
                        "backlog": some.push.backlog,
                        "backlogExact": some.push.backlog_exact,
                        "breaker": some.push.breaker.value,
                        "failuresInARow": some.push.failures_in_a_row,
                        "errorRate": some.error_rate,
                        "at": some.at,
                    }
                },
                upsert=True,
            )
            for channel_id, some in health.items()
        ]
        if not writes:
            return
        try:
            await self._health.bulk_write(writes, ordered=False)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def of(self, channel_id: str) -> ChannelHealth | None:
        """None while no worker has the channel."""
        try:
            document = await self._health.find_one({"_id": channel_id, "at": {"$gt": datetime.now(UTC) - HEARD_WITHIN}})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        if document is None:
            return None
        push = PushHealth(
            lag_seconds=document["lagSeconds"],
            backlog=document["backlog"],
            backlog_exact=document["backlogExact"],
            breaker=Breaker(document["breaker"]),
            failures_in_a_row=document["failuresInARow"],
        )
        return ChannelHealth(push, document["errorRate"], document["at"])
