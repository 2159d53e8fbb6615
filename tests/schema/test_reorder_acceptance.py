"""Suggestions are accepted while others plan, draft and order as well."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.store.suggestions import SUGGESTIONS
from tests.schema.test_reorder import ACCEPT, Planned, open_planned


@pytest.fixture
async def planned(mongo_uri: str, database_name: str) -> AsyncIterator[Planned]:
    async with open_planned(mongo_uri, database_name) as planned:
        yield planned


async def test_a_transfer_that_is_accepted_while_it_is_planned_anew_is_not_made_twice(planned: Planned) -> None:
    [suggestion] = await planned.suggested(filter={"kind": "TRANSFER"})
    planned.clock.advance(1)
    nightly, answers = planned.shop.gateway.reorder.nightly, []
    lease = await nightly.leases.acquire("reorder")
    assert lease is not None

    async def accept_meanwhile() -> bool:
        answers.append(await planned.change(ACCEPT, id=suggestion["id"]))
        return True

    assert await planned.shop.gateway.reorder.walk.run(lease.token, accept_meanwhile) is not None
    assert answers[0]["transfer"] is not None
    [again] = [one for one in await planned.suggested(filter={"kind": "TRANSFER"}) if one["state"] == "OPEN"]
    refused = await planned.change(ACCEPT, id=again["id"])
    assert refused["userErrors"] == [{"code": "SUGGESTION_STALE", "field": ["input", "suggestionId"]}]
    assert (await planned.places("LAMP"))["EAST"]["drafted"] == suggestion["units"]


async def test_a_move_and_the_purchase_of_the_rest_are_accepted_in_any_order(planned: Planned) -> None:
    await planned.shop.owner.adjust("fewer", "LAMP", {"WEST": -350})
    await planned.plan()
    suggested = {one["kind"]: one for one in await planned.suggested() if one["lines"][0]["sku"] != "SOFA"}
    moved, bought = suggested["TRANSFER"]["lines"][0], suggested["PURCHASE"]["lines"][1]
    assert (moved["sku"], bought["sku"]) == ("LAMP", "LAMP")
    assert bought["quantity"] > bought["lacking"] - moved["quantity"]  # in whole packs
    for one in (suggested["PURCHASE"], suggested["TRANSFER"]):
        assert (await planned.change(ACCEPT, id=one["id"]))["userErrors"] == []


async def test_a_suggestion_from_before_all_of_its_terms_were_kept_can_be_accepted(planned: Planned) -> None:
    [suggestion] = await planned.suggested(filter={"supplier": "Acme"})
    former = {f"lines.$[].{name}": "" for name in ("lapsed", "promised", "drafted", "together")}
    suggestions = planned.shop.gateway.database[SUGGESTIONS]
    await suggestions.update_one({"_id": suggestion["id"]}, {"$unset": former})
    assert await planned.suggested(filter={"supplier": "Acme"}) == [suggestion]
    assert (await planned.change(ACCEPT, id=suggestion["id"]))["inbound"] is not None
