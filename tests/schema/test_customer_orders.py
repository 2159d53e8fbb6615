"""The order flow through GraphQL."""

from __future__ import annotations

from typing import Any

from gateway.inventory.access import Scope
from tests.schema.shop import Client, Shop

ORDER = "id state owner reference lines { sku quantity locationIds } reservation { state lines { locationId open } }"
INPUTS = {
    "checkout": "CheckoutInput",
    "paymentStart": "PaymentStartInput",
    "paymentSucceeded": "OrderInput",
    "paymentFailed": "OrderInput",
    "orderShipped": "OrderShippedInput",
    "orderCancelled": "OrderInput",
}
CART = """query($input: CartCheckInput!) {
  cartCheck(input: $input) { ok warning lines { sku quantity obtainable ok code } }
}"""


async def act(client: Client, name: str, key: str, **fields: Any) -> dict[str, Any]:
    document = f"""mutation($input: {INPUTS[name]}!) {{
      {name}(input: $input) {{ replayed order {{ {ORDER} }} userErrors {{ code field }} }}
    }}"""
    answer = await client.ask(document, input={"idempotencyKey": key, **fields})
    payload: dict[str, Any] = answer[name]
    return payload


async def test_an_order_goes_from_the_cart_to_the_shipment(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}, "DESK": {"EAST": 1}})
    lines = [{"sku": "LAMP", "quantity": 2}, {"sku": "DESK", "quantity": 1}]
    cart = (await shop.owner.ask(CART, input={"lines": lines}))["cartCheck"]
    assert (cart["ok"], cart["warning"]) == (True, None)
    order = (await act(shop.owner, "checkout", "order", lines=lines, reference="42"))["order"]
    assert (order["state"], order["reference"], order["reservation"]) == ("UNPAID", "42", None)
    steps = (
        ("paymentStart", "PAYING"),
        ("paymentFailed", "UNPAID"),
        ("paymentStart", "PAYING"),
        ("paymentSucceeded", "PAID"),
    )
    for number, (name, state) in enumerate(steps):
        order = (await act(shop.owner, name, f"step {number}", orderId=order["id"]))["order"]
        assert order["state"] == state
    parcel = [{"sku": "LAMP", "quantity": 1, "locationId": "EAST"}]
    shipment = {"orderId": order["id"], "lines": parcel, "shipmentId": "parcel-7"}
    part = await act(shop.owner, "orderShipped", "parcel", **shipment)
    assert part["order"]["state"] == "PARTLY_SHIPPED"
    twice = await act(shop.owner, "orderShipped", "the same parcel", **shipment)
    assert twice["userErrors"] == [{"code": "ALREADY_SHIPPED", "field": ["input", "shipmentId"]}]
    cancelled = await act(shop.owner, "orderCancelled", "fraud", orderId=order["id"])
    assert cancelled["order"]["state"] == "CANCELLED"
    again = await act(shop.owner, "orderCancelled", "fraud", orderId=order["id"])
    assert again["replayed"] is True
    late = await act(shop.owner, "orderShipped", "late", orderId=order["id"])
    assert late == {
        "replayed": False,
        "order": None,
        "userErrors": [{"code": "ORDER_CANCELLED", "field": ["input", "orderId"]}],
    }
    answer = await shop.owner.ask(f"query($id: ID!) {{ order(id: $id) {{ {ORDER} }} }}", id=order["id"])
    assert answer["order"] == cancelled["order"]


async def test_a_shopper_is_told_neither_which_product_is_short_nor_what_there_is(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    shopper = await shop.client(Scope.AVAILABILITY_READ)
    for line in ({"sku": "LAMP", "quantity": 6}, {"sku": "SOFA", "quantity": 1}):
        cart = (await shopper.ask(CART, input={"lines": [line]}))["cartCheck"]
        assert cart == {
            "ok": False,
            "warning": "There is not enough stock for this cart at the moment.",
            "lines": None,
        }
    cart = (await shop.owner.ask(CART, input={"lines": [{"sku": "LAMP", "quantity": 6}]}))["cartCheck"]
    assert cart["lines"] == [{"sku": "LAMP", "quantity": 6, "obtainable": 5, "ok": False, "code": "INSUFFICIENT_STOCK"}]
    assert (await shopper.refused('{ order(id: "x") { id } }'))["code"] == "FORBIDDEN"
    refused = await act(shopper, "checkout", "k", lines=[{"sku": "LAMP", "quantity": 1}])
    assert [error["code"] for error in refused["userErrors"]] == ["FORBIDDEN"]


async def test_orders_are_found_by_owner_reference_and_item_as_they_stand_now(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}, "DESK": {"EAST": 5}})
    ids = []
    for number, (sku, owner) in enumerate([("LAMP", "ann"), ("DESK", "bob"), ("LAMP", "bob")]):
        lines = [{"sku": sku, "quantity": 1}]
        made = await act(shop.owner, "checkout", f"o{number}", lines=lines, owner=owner, reference=f"web-{number}")
        ids.append(made["order"]["id"])
    await act(shop.owner, "paymentStart", "start", orderId=ids[1])
    query = f"""query($first: Int! = 20, $after: String, $filter: CustomerOrderFilterInput) {{
      orders(first: $first, after: $after, filter: $filter) {{ nodes {{ {ORDER} }} pageInfo {{ endCursor }} }}
    }}"""

    async def found(**variables: Any) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = (await shop.owner.ask(query, **variables))["orders"]["nodes"]
        return nodes

    page = (await shop.owner.ask(query, first=2))["orders"]
    rest = await found(first=2, after=page["pageInfo"]["endCursor"])
    assert {node["id"] for node in [*page["nodes"], *rest]} == set(ids)
    assert (len(page["nodes"]), len(rest)) == (2, 1)
    [paying] = await found(filter={"owner": "bob", "sku": "DESK"})
    assert (paying["id"], paying["state"], paying["reservation"]["state"]) == (ids[1], "PAYING", "HELD")
    assert [(node["id"], node["state"]) for node in await found(filter={"reference": "web-0"})] == [(ids[0], "UNPAID")]
    assert {node["id"] for node in await found(filter={"sku": "LAMP"})} == {ids[0], ids[2]}
    assert await found(filter={"sku": "SOFA"}) == []
    assert (await shop.owner.refused(query, filter={"owner": " "}))["code"] == "BLANK"
    guest = await shop.client(Scope.AVAILABILITY_READ)
    assert (await guest.refused(query))["code"] == "FORBIDDEN"
