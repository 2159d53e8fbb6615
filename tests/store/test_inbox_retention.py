"""What is done goes after its time; what is not stays until it is."""

from __future__ import annotations

from datetime import timedelta

from gateway.inventory.events import EventState
from tests.kernel import kernel

DAYS = 7


async def test_only_what_is_done_is_dropped_after_its_time(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name, inbox_retention_days=DAYS) as gateway:
        inbox, events = gateway.channels.inbox, gateway.database["inbox"]
        for name in ("done", "parked", "waits", "again"):
            assert await inbox.add("woo-de", name, {}, b"{}") == f"woo-de:{name}"
        await inbox.done("woo-de:done")
        await inbox.give_up("woo-de:parked", "Unreadable.")
        await inbox.postpone("woo-de:waits", EventState.WAITING, "Not listed.", 1)
        await inbox.done("woo-de:again")
        await inbox.replay(["woo-de:again"])

        # The server drops a document once the time in this field has come, and one without the field never.
        indexes = await events.index_information()
        [dropped_by] = [index for index in indexes.values() if "expireAfterSeconds" in index]
        assert (dropped_by["key"], dropped_by["expireAfterSeconds"]) == ([("expiresAt", 1)], 0)
        [dropped] = await events.find({"expiresAt": {"$exists": True}}).to_list(10)
        assert dropped["_id"] == "woo-de:done"
        assert dropped["expiresAt"] - dropped["doneAt"] == timedelta(days=DAYS)
