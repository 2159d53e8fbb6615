"""The inbox through GraphQL: what came in, what it waits for, and taking it up again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.inventory.access import Scope
from gateway.inventory.events import EventSource, EventState
from tests.schema.shop import Client, Shop

EVENTS = """
query($first: Int! = 20, $after: String, $filter: InboxFilterInput) {
  inboxEvents(first: $first, after: $after, filter: $filter) {
    nodes { id channelId source state attempts error dueAt doneAt receivedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""
REPLAY = "mutation($input: InboxReplayInput!) { inboxReplay(input: $input) { replayed userErrors { code field } } }"
UNREADABLE = "The notification has no order id."


async def filled(shop: Shop) -> dict[str, str]:
    """One event in each state; their ids by state, in the order of their coming."""
    inbox = shop.gateway.channels.inbox
    ids = {}
    for channel, state, source in (
        ("woo-de", EventState.DONE, EventSource.WEBHOOK),
        ("woo-de", EventState.FAILED, EventSource.WEBHOOK),
        ("amazon", EventState.WAITING, EventSource.QUEUE),
        ("woo-de", EventState.RECEIVED, EventSource.POLL),
    ):
        event_id = await inbox.add(channel, state.value, {}, b"{}", source)
        assert event_id is not None
        # Events of one millisecond are listed by their ids.
        await asyncio.sleep(0.002)
        ids[state.name] = event_id
    await inbox.done(ids["DONE"])
    await inbox.give_up(ids["FAILED"], UNREADABLE)
    await inbox.postpone(ids["WAITING"], EventState.WAITING, "Nothing is listed as 'STRANGER'.", 300)
    return ids


async def listed(client: Client, **variables: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await client.ask(EVENTS, **variables))["inboxEvents"]["nodes"]
    return nodes


async def replay(client: Client, **input: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.ask(REPLAY, input=input))["inboxReplay"]
    return payload


async def test_a_parked_event_says_why_and_a_waiting_one_what_for(shop: Shop) -> None:
    ids = await filled(shop)
    events = {event["state"]: event for event in await listed(shop.owner)}
    assert {state: event["id"] for state, event in events.items()} == ids
    assert (events["FAILED"]["error"], events["FAILED"]["dueAt"]) == (UNREADABLE, None)
    assert "STRANGER" in events["WAITING"]["error"] and events["WAITING"]["dueAt"] is not None
    assert events["DONE"]["doneAt"] is not None
    assert (events["RECEIVED"]["error"], events["RECEIVED"]["source"]) == (None, "POLL")


async def test_events_are_found_by_state_channel_source_and_time_page_by_page(shop: Shop) -> None:
    ids = await filled(shop)

    async def found(**wanted: Any) -> set[str]:
        return {event["id"] for event in await listed(shop.owner, filter=wanted)}

    assert await found(states=["FAILED", "WAITING"]) == {ids["FAILED"], ids["WAITING"]}
    assert await found(channelId="amazon") == await found(source="QUEUE") == {ids["WAITING"]}
    [parked] = await listed(shop.owner, filter={"states": ["FAILED"]})
    since = await found(since=parked["receivedAt"])
    until = await found(until=parked["receivedAt"])
    assert ids["FAILED"] in since and since | until == set(ids.values()) and not since & until
    page = (await shop.owner.ask(EVENTS, first=3))["inboxEvents"]
    rest = await listed(shop.owner, first=3, after=page["pageInfo"]["endCursor"])
    assert [event["id"] for event in [*page["nodes"], *rest]] == list(ids.values())[::-1]


async def test_events_are_taken_up_again_by_id_whatever_became_of_them(shop: Shop) -> None:
    ids = await filled(shop)
    chosen = [ids["FAILED"], ids["DONE"], "woo-de:unknown"]
    assert await replay(shop.owner, ids=chosen) == {"replayed": 2, "userErrors": []}
    events = {event["id"]: event for event in await listed(shop.owner)}
    for event_id in chosen[:2]:
        assert (events[event_id]["state"], events[event_id]["doneAt"]) == ("RECEIVED", None)
        assert events[event_id]["dueAt"] is not None
    assert events[ids["WAITING"]]["state"] == "WAITING"


async def test_events_are_taken_up_again_by_the_time_they_came_in(shop: Shop) -> None:
    ids = await filled(shop)
    now = datetime.now(UTC)
    window = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
    assert (await replay(shop.owner, **window, channelId="woo-de", states=["FAILED"]))["replayed"] == 1
    assert (await replay(shop.owner, **window, channelId="amazon"))["replayed"] == 1
    assert (await replay(shop.owner, since="2001-01-01T00:00:00Z", until="2001-01-02T00:00:00Z"))["replayed"] == 0
    assert (await replay(shop.owner, **window))["replayed"] == len(ids)
    assert {event["state"] for event in await listed(shop.owner)} == {"RECEIVED"}


async def test_a_replay_of_everything_or_of_nothing_in_particular_is_refused(shop: Shop) -> None:
    times = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    for input, code, field in (
        ({}, "INVALID_INPUT", ["ids"]),
        ({"ids": ["a:b"], **times}, "INVALID_INPUT", ["ids"]),
        ({"since": times["since"]}, "INVALID_INPUT", ["ids"]),
        ({"ids": []}, "EMPTY", ["ids"]),
        ({"ids": ["a:b"] * 1_001}, "TOO_MANY", ["ids"]),
        ({"since": times["until"], "until": times["since"]}, "OUT_OF_RANGE", ["until"]),
        ({**times, "since": "2026-01-01T00:00:00"}, "INVALID_INPUT", ["since"]),
        ({**times, "channelId": "a.b"}, "INVALID_CHARACTERS", ["channelId"]),
    ):
        assert await replay(shop.owner, **input) == {
            "replayed": 0,
            "userErrors": [{"code": code, "field": ["input", *field]}],
        }, input
    guest = await shop.client(Scope.AVAILABILITY_READ)
    assert (await guest.refused(EVENTS))["code"] == "FORBIDDEN"
    reader = await shop.client(Scope.INVENTORY_READ, name="reader")
    assert (await replay(reader, ids=["a:b"]))["userErrors"] == [{"code": "FORBIDDEN", "field": ["input"]}]
