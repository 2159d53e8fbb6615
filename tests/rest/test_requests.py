"""What every REST request has in common: keys, bodies, errors, the description."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.inventory.access import Scope
from gateway.rest.problems import Refused
from gateway.rest.resource import idempotency_key
from tests.rest.test_order_flow import LAMP, post, problem
from tests.schema.shop import Shop


async def test_a_repetition_gets_the_first_outcome_and_says_so(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    answers = await asyncio.gather(*(post(shop.owner, "reservations", "r", LAMP) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 4
    quoted = await post(shop.owner, "reservations", '"r"', LAMP)
    assert quoted.headers["idempotency-replayed"] == "true"


async def test_a_missing_key_is_a_400_and_a_reused_one_a_422(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    assert problem(await post(shop.owner, "reservations", None, LAMP)) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    await post(shop.owner, "reservations", "r", LAMP)
    reused = await post(shop.owner, "reservations", "r", {**LAMP, "owner": "ann"})
    assert problem(reused) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert reused.json()["differingPaths"] == ["owner"]


def test_a_key_may_be_a_structured_string_or_bare() -> None:
    assert idempotency_key(['"a \\"b\\" \\\\"']) == 'a "b" \\'
    assert idempotency_key(["8e03978e-40d5"]) == "8e03978e-40d5"
    for bad in ([], ["a", "b"], [""], ['"open'], [" a"], ["é"], ["a\n"], ['""'], ["x" * 256]):
        with pytest.raises(Refused):
            idempotency_key(bad)


BAD_BODIES: list[tuple[Any, str, list[str]]] = [
    ({}, "INVALID_INPUT", ["lines"]),
    ({"lines": []}, "EMPTY", ["lines"]),
    ({"lines": [{"sku": "LAMP", "quantity": 1}] * 251}, "TOO_MANY", ["lines"]),
    ({"lines": [{"sku": "LAMP", "quantity": 0}]}, "OUT_OF_RANGE", ["lines", "0", "quantity"]),
    ({"lines": [{"sku": "LAMP", "quantity": "1"}]}, "INVALID_INPUT", ["lines", "0", "quantity"]),
    ({"lines": [{"sku": "x" * 129, "quantity": 1}]}, "TOO_LONG", ["lines", "0", "sku"]),
    ({"lines": [{"sku": "a\nb", "quantity": 1}]}, "INVALID_CHARACTERS", ["lines", "0", "sku"]),
    (
        {"lines": [{"sku": "LAMP", "quantity": 1, "locationId": "EAST", "channelId": "c"}]},
        "INVALID_INPUT",
        ["lines", "0", "channelId"],
    ),
    ({**LAMP, "colour": "red"}, "INVALID_INPUT", ["colour"]),
    ([], "INVALID_INPUT", []),
]


async def test_a_malformed_body_is_refused_by_the_name_of_its_field(shop: Shop) -> None:
    for body, code, field in BAD_BODIES:
        answer = await post(shop.owner, "reservations", "r", body)
        assert problem(answer) == (400, code), body
        assert answer.json()["field"] == field
        assert "pattern" not in answer.json()["detail"]
    nothing = {"sku": "LAMP", "adjustments": [{"locationId": "EAST", "delta": 0}]}
    answer = await post(shop.owner, "adjustments", "r", nothing)
    assert (problem(answer), answer.json()["field"]) == ((400, "ZERO_DELTA"), ["adjustments", "0", "delta"])
    answer = await shop.owner.http.post(
        "/v1/reservations", content=b"{", headers={"idempotency-key": "r", "content-type": "application/json"}
    )
    assert problem(answer) == (400, "INVALID_INPUT")


async def test_every_refusal_is_a_problem_with_its_own_status(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 1}})
    guest = await shop.client(Scope.AVAILABILITY_READ)
    http = shop.owner.http
    assert problem(await post(guest, "orders", "k", LAMP)) == (403, "FORBIDDEN")
    assert problem(await http.get("/v1/orders/x", headers={"authorization": "none"})) == (401, "UNAUTHENTICATED")
    assert problem(await http.get("/v1/orders/nowhere")) == (404, "ORDER_NOT_FOUND")
    assert problem(await http.get("/v1/nowhere")) == (404, "NOT_FOUND")
    wrong_method = await http.put("/v1/orders")
    assert problem(wrong_method) == (405, "METHOD_NOT_ALLOWED")
    assert wrong_method.headers["allow"] == "POST"
    unknown = {"lines": [{"sku": "SOFA", "quantity": 1}]}
    assert problem(await post(shop.owner, "orders", "k", unknown)) == (404, "ITEM_NOT_FOUND")
    assert problem(await post(shop.owner, "orders", "k", LAMP)) == (409, "INSUFFICIENT_STOCK")
    large = await http.post(
        "/v1/orders", content=b" " * 1_000_001, headers={"idempotency-key": "k", "content-type": "application/json"}
    )
    assert problem(large) == (413, "BODY_TOO_LARGE")
    text = await http.post("/v1/orders", content=b"{}", headers={"idempotency-key": "k", "content-type": "text/plain"})
    assert problem(text) == (415, "UNSUPPORTED_MEDIA_TYPE")
