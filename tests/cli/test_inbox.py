"""`inbox`: what came in is listed with what it waits for, and taken up again by id or by time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from gateway.inventory.events import EventState
from tests.cli.processes import command
from tests.kernel import kernel

DELIVERY = "5d0e8f3c-43b7-4a52-9bb3-0f6e1b3cbe29/orders-create/2026-11-20T09:00:00Z"
REASON = "Shopify sent a notification of unexpected shape: KeyError('line_items')"


@pytest.fixture
def settings(mongo_uri: str, database_name: str) -> Mapping[str, str]:
    return {"mongodb_uri": mongo_uri, "mongodb_database": database_name}


async def test_parked_events_are_listed_with_their_reasons_and_replayed(
    settings: Mapping[str, str], mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        inbox = gateway.channels.inbox
        parked = await inbox.add("shopify-uk", DELIVERY, {}, b"{}")
        assert parked is not None
        await inbox.give_up(parked, REASON)
        done = await inbox.add("woo-de", "d2", {}, b"{}")
        assert done is not None
        await inbox.done(done)

        listed = await command("inbox", "list", "--state", "failed", **settings)
        # The id is there whole, so that it can be given to `replay`.
        assert parked in listed.out.split() and done not in listed.out
        assert REASON in listed.out
        window = ("--since", "2026-01-01", "--until", "2100-01-01T00:00:00", "--channel", "woo-de", "--state", "done")
        replayed = await asyncio.gather(
            command("inbox", "replay", parked, **settings), command("inbox", "replay", *window, **settings)
        )
        assert [finished.out for finished in replayed] == ["1 event to be taken up again.\n"] * 2
        found = await gateway.database["inbox"].find({"state": EventState.RECEIVED.value}).to_list(10)
        assert {event["_id"] for event in found} == {parked, done}
