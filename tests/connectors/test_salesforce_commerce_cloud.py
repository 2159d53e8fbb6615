"""Orders and settings of Salesforce B2C Commerce, and what our cartridge sends."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.config import InvalidConfig, read_config
from connectors.errors import Permanent, Throttled
from connectors.exchange import Response, headers_of
from connectors.messages import OrderEvent, OrderStage
from connectors.platforms.salesforce_commerce_cloud import orders
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.salesforce_commerce_cloud import CASE, OCI

CONFIG = CASE.config()


def units(event: OrderEvent) -> list[tuple[int, int, int]]:
    return [(line.ordered, line.allocated, line.released) for line in event.lines or ()]


NONE: Mapping[str, Any] = {}
ITEM = {"itemId": "i1", "productId": "TEE", "quantity": 3.0, "shipmentId": "me", "inventoryId": "inventory_m"}


def order(status: str = "new", *items: dict[str, Any], settings: Mapping[str, Any] = NONE, **more: Any) -> OrderEvent:
    body: dict[str, Any] = {"orderNo": "42", "siteId": "RefArch", "status": status, "productItems": items or [ITEM]}
    body |= {"lastModified": "2026-11-20T14:14:05.123Z", "shipments": [{"shipmentId": "me"}]}
    config = CONFIG.model_copy(update=settings)
    _, event = drive(CASE.connector.read_order(config, "42"), [answer(body | more)])
    assert event is not None
    return event


@pytest.mark.parametrize(
    ("status", "stage", "state"),
    [
        ("created", OrderStage.OPEN, (3, 3, 0)),
        ("new", OrderStage.OPEN, (3, 3, 0)),
        ("something_new", OrderStage.OPEN, (3, 3, 0)),
        ("completed", OrderStage.FULFILLED, (3, 0, 0)),
        ("cancelled", OrderStage.CANCELLED, (3, 0, 3)),
        ("failed", OrderStage.CANCELLED, (3, 0, 3)),
    ],
)
def test_a_status_says_what_is_held(status: str, stage: OrderStage, state: tuple[int, int, int]) -> None:
    event = order(status)
    assert (event.stage, units(event)) == (stage, [state])
    assert event.occurred_at == datetime(2026, 11, 20, 14, 14, 5, 123000, tzinfo=UTC)


def test_what_left_the_house_is_told_by_shipment() -> None:
    shipments = [
        {"shipmentId": "me", "shippingStatus": "shipped"},
        {"shipmentId": "b", "shippingStatus": "not_shipped"},
    ]
    two = ITEM, ITEM | {"itemId": "i2", "shipmentId": "b"}
    event = order("new", *two, shipments=shipments, shippingStatus="part_shipped")
    assert (event.stage, units(event)) == (OrderStage.OPEN, [(3, 0, 0), (3, 3, 0)])
    assert units(order("cancelled", *two, shipments=shipments)) == [(3, 0, 0), (3, 0, 3)]
    assert order("new", shippingStatus="shipped").stage is OrderStage.FULFILLED


def test_a_place_that_the_channel_does_not_have_is_not_named() -> None:
    """With Omnichannel Inventory the order does not say where it is served from."""
    found = [order("new", ITEM | more).lines for more in ({}, {"inventoryId": "group"}, {"inventoryId": None})]
    assert [line.location_id for lines in found for line in lines or ()] == ["inventory_m", None, None]


def test_bundles_and_options_take_what_the_operator_says() -> None:
    parts = [{"itemId": "p1", "productId": "CUP", "quantity": 6.0}, {"itemId": "p2", "productId": "LID", "quantity": 3}]
    options = [{"optionId": "wrap", "productId": "WRAP"}]
    bundle = ITEM | {"bundledProductItems": parts, "optionItems": options}

    def taken(**settings: Any) -> dict[str | None, int]:
        return {line.sku: line.ordered for line in order("new", bundle, settings=settings).lines or ()}

    assert taken() == {"CUP": 6, "LID": 3}
    assert taken(bundle_stock="bundle", option_stock=True) == {"TEE": 3, "WRAP": 3}
    assert taken(bundle_stock="both") == {"TEE": 3, "CUP": 6, "LID": 3}
    lines = order("new", bundle, settings={"bundle_stock": "both", "option_stock": True}).lines or ()
    assert [line.line_id for line in lines] == ["i1", "p1", "p2", "i1.wrap"]


def test_a_poll_goes_on_from_the_time_it_reached() -> None:
    def page(*seconds: int) -> Response:
        stated = [f"2026-11-20T14:00:{second:02}.000Z" for second in seconds]
        bodies = [{"orderNo": str(n), "status": "new", "lastModified": at} for n, at in enumerate(stated)]
        return answer({"data": bodies})

    cursor, asked = None, []
    for seconds in ([1] * 200, [1] * 200, [1] * 100 + [2] * 100, [2]):
        (request,), found = drive(CASE.connector.read_orders(CONFIG, cursor, NOW), [page(*seconds)])
        asked.append((request.query["lastModifiedDateFrom"][14:19], request.query["offset"], found.more))
        assert (request.query["sortBy"], request.query["sortOrder"]) == ("last_modified_date", "asc")
        cursor = found.cursor
    assert asked == [("05:00", "0", True), ("00:01", "0", True), ("00:01", "200", True), ("00:02", "0", False)]


def test_more_orders_of_one_moment_than_can_be_reached_stop_the_poll() -> None:
    cursor = None
    same = {"data": [{"orderNo": "1", "status": "new", "lastModified": "2026-11-20T14:05:00.000Z"}] * orders.PER_PAGE}
    for _ in range(50):
        _, page = drive(CASE.connector.read_orders(CONFIG, cursor, NOW), [answer(same)])
        cursor = page.cursor
    with pytest.raises(Permanent, match="10000 orders were changed at"):
        drive(CASE.connector.read_orders(CONFIG, cursor, NOW), [])


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"instance_url": None}, "instance_url is needed"),
        ({"mode": "oci"}, "tenant_group_id is needed"),
        ({"location_ids": []}, "at least 1"),
        ({"location_ids": ["../other"]}, "match pattern"),
        ({"organization_id": "acme"}, "match pattern"),
        ({"hook_secret": "short"}, "at least 16"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidConfig, match=problem):
        read_config(CASE.connector.config_type, {**CASE.entered, **changed})


def test_load_that_is_shed_is_no_sign_of_ill_health() -> None:
    error = CASE.connector.classify(Response(status=503, headers=headers_of({"sfdc_load_status": "THROTTLE"})))
    assert isinstance(error, Throttled) and error.after_seconds == 30


def test_each_token_is_for_what_it_is_needed() -> None:
    assert CONFIG.auth.parameters == {}
    assert OCI.auth.parameters == {
        "scope": "SALESFORCE_COMMERCE_API:zzxy_prd sfcc.inventory.availability.rw sfcc.inventory.impex-inventory"
    }
    assert CONFIG.orders_scope == "SALESFORCE_COMMERCE_API:zzxy_prd sfcc.orders"
