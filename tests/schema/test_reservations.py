"""Reservations through GraphQL."""

from __future__ import annotations

from typing import Any

from gateway.inventory.access import Scope
from tests.schema.shop import Client, Shop

RESERVATION = """
id state owner reference expiresAt reassignedTo
lines { line requestLine sku locationId quantity fulfilled released open why }
"""
PAYLOAD = f"replayed reservation {{ {RESERVATION} }} userErrors {{ code field message retryable actualQuantity }}"


def mutation(name: str) -> str:
    input_type = {"reservationCommit": "Reservation", "reservationRelease": "Reservation"}.get(name)
    input_type = input_type or name[0].upper() + name[1:]
    return f"mutation($input: {input_type}Input!) {{ {name}(input: $input) {{ {PAYLOAD} }} }}"


async def act(client: Client, name: str, key: str, **fields: Any) -> dict[str, Any]:
    answer = await client.ask(mutation(name), input={"idempotencyKey": key, **fields})
    payload: dict[str, Any] = answer[name]
    return payload


async def reserve(shop: Shop, key: str = "r", **fields: Any) -> dict[str, Any]:
    lines = [{"sku": "LAMP", "quantity": 6}]
    payload = await act(shop.owner, "reservationCreate", key, **{"lines": lines, **fields})
    assert payload["userErrors"] == []
    reservation: dict[str, Any] = payload["reservation"]
    return reservation


async def test_a_reservation_says_what_it_holds_where_and_why(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5, "WEST": 3}})
    reservation = await reserve(shop, owner="cart-1", reference="order-1")
    assert (reservation["state"], reservation["owner"], reservation["reference"]) == ("HELD", "cart-1", "order-1")
    assert [(line["locationId"], line["open"], line["why"]) for line in reservation["lines"]] == [
        ("EAST", 5, "priority 1"),
        ("WEST", 1, "priority 2"),
    ]


async def test_a_reservation_is_committed_and_shipped_line_by_line(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5, "WEST": 3}})
    reservation_id = (await reserve(shop))["id"]
    committed = await act(shop.owner, "reservationCommit", "c", reservationId=reservation_id)
    assert (committed["reservation"]["state"], committed["reservation"]["expiresAt"]) == ("COMMITTED", None)
    lines = [{"line": 1, "quantity": 1}]
    part = await act(shop.owner, "reservationFulfil", "f1", reservationId=reservation_id, lines=lines)
    assert [line["open"] for line in part["reservation"]["lines"]] == [5, 0]
    rest = await act(shop.owner, "reservationFulfil", "f2", reservationId=reservation_id)
    assert rest["reservation"]["state"] == "FULFILLED"


async def test_a_reservation_is_extended_reassigned_and_released(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5, "WEST": 3}})
    reservation_id = (await reserve(shop, expiresInSeconds=60))["id"]
    extended = await act(shop.owner, "reservationExtend", "e", reservationId=reservation_id, expiresInSeconds=3600)
    assert extended["reservation"]["state"] == "HELD"
    given = await act(shop.owner, "reservationReassign", "a", reservationId=reservation_id, newOwner="cart-2")
    assert given["reservation"]["owner"] == "cart-2"
    released = await act(shop.owner, "reservationRelease", "x", reservationId=given["reservation"]["id"])
    assert released["reservation"]["state"] == "RELEASED"
    late = await act(shop.owner, "reservationCommit", "late", reservationId=reservation_id)
    assert [(error["code"], error["field"]) for error in late["userErrors"]] == [
        ("ALREADY_RELEASED", ["input", "reservationId"])
    ]


async def test_a_refused_reservation_names_the_line_and_what_there_is(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    lines = [{"sku": "LAMP", "quantity": 1}, {"sku": "LAMP", "quantity": 5, "locationIds": ["EAST"]}]
    payload = await act(shop.owner, "reservationCreate", "r", lines=lines)
    assert payload["reservation"] is None
    [error] = payload["userErrors"]
    assert (error["code"], error["field"], error["actualQuantity"]) == (
        "INSUFFICIENT_STOCK",
        ["input", "lines", "1", "quantity"],
        4,
    )


async def test_malformed_requests_are_refused_by_name(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    line = {"sku": "LAMP", "quantity": 1}
    for fields, code, field in (
        ({"lines": []}, "EMPTY", ["lines"]),
        ({"lines": [line] * 251}, "TOO_MANY", ["lines"]),
        ({"lines": [line], "expiresInSeconds": 0}, "OUT_OF_RANGE", ["expiresInSeconds"]),
        ({"lines": [line], "owner": " "}, "BLANK", ["owner"]),
        ({"lines": [line | {"locationIds": []}]}, "EMPTY", ["lines", "0", "locationIds"]),
    ):
        [error] = (await act(shop.owner, "reservationCreate", "r", **fields))["userErrors"]
        assert (error["code"], error["field"]) == (code, ["input", *field])


async def test_reservations_are_listed_page_by_page_and_filtered(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 9}, "DESK": {"EAST": 9}})
    ids = [
        (await reserve(shop, f"r{n}", lines=[{"sku": sku, "quantity": 1}], owner=owner))["id"]
        for n, (sku, owner) in enumerate([("LAMP", "ann"), ("DESK", "bob"), ("LAMP", "bob")])
    ]
    await act(shop.owner, "reservationCommit", "c", reservationId=ids[1])
    query = """query($first: Int! = 20, $after: String, $filter: ReservationFilterInput) {
      reservations(first: $first, after: $after, filter: $filter) { nodes { id } pageInfo { hasNextPage endCursor } }
    }"""

    async def found(**variables: Any) -> list[str]:
        answer = await shop.owner.ask(query, **variables)
        return [node["id"] for node in answer["reservations"]["nodes"]]

    page = (await shop.owner.ask(query, first=2))["reservations"]
    rest = await found(first=2, after=page["pageInfo"]["endCursor"])
    assert {node["id"] for node in page["nodes"]} | set(rest) == set(ids)
    assert (len(page["nodes"]), len(rest)) == (2, 1)
    assert await found(filter={"owner": "ann"}) == [ids[0]]
    assert set(await found(filter={"sku": "LAMP"})) == {ids[0], ids[2]}
    assert await found(filter={"states": ["COMMITTED"]}) == [ids[1]]
    assert await found(filter={"sku": "SOFA"}) == []
    answer = await shop.owner.ask("query($id: ID!) { reservation(id: $id) { state } }", id=ids[1])
    assert answer["reservation"] == {"state": "COMMITTED"}
    answer = await shop.owner.ask("query($id: ID!) { reservation(id: $id) { state } }", id="nowhere")
    assert answer["reservation"] is None
    assert (await shop.owner.refused(query, after="bm9uc2Vuc2U="))["code"] == "INVALID_INPUT"


async def test_a_key_needs_the_scope_to_reserve(shop: Shop) -> None:
    guest = await shop.client(Scope.INVENTORY_READ)
    payload = await act(guest, "reservationCreate", "r", lines=[{"sku": "LAMP", "quantity": 1}])
    assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"]
