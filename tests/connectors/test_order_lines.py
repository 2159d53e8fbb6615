import itertools

import pytest

from connectors.messages import OrderStage
from connectors.order_lines import line_at


def test_units_of_an_open_order_are_promised_shipped_lost_or_given_back() -> None:
    line = line_at(OrderStage.OPEN, line_id="1", sku="MUG", ordered=10, shipped=4, cancelled=2, lost=1, returned=3)
    assert (line.allocated, line.released, line.fulfilled, line.refunded) == (3, 5, 4, 4)


def test_an_order_that_is_not_placed_holds_nothing() -> None:
    line = line_at(OrderStage.PENDING, line_id="1", sku="MUG", ordered=3)
    assert (line.allocated, line.released) == (0, 3)


def test_a_fulfilled_order_has_nothing_left_to_ship() -> None:
    line = line_at(OrderStage.FULFILLED, line_id="1", sku="MUG", ordered=3, cancelled=1)
    assert (line.allocated, line.released, line.fulfilled) == (0, 1, 2)


def test_a_cancelled_order_gives_back_what_was_not_shipped() -> None:
    line = line_at(OrderStage.CANCELLED, line_id="1", sku="MUG", ordered=3, shipped=1)
    assert (line.allocated, line.released) == (0, 2)


@pytest.mark.parametrize(
    ("stage", "returned", "place"),
    [
        (OrderStage.FULFILLED, 1, "outlet"),
        (OrderStage.FULFILLED, 0, None),
        (OrderStage.CANCELLED, 1, None),
    ],
)
def test_only_what_came_back_is_at_the_place_it_came_back_to(
    stage: OrderStage, returned: int, place: str | None
) -> None:
    line = line_at(
        stage,
        line_id="1",
        sku="MUG",
        ordered=3,
        shipped=2,
        returned=returned,
        location_id="main",
        return_location_id="outlet",
    )
    assert line.return_location_id == place


def test_whatever_a_platform_says_no_unit_is_counted_twice() -> None:
    for stage, shipped, cancelled, lost, returned in itertools.product(
        OrderStage, range(4), range(4), range(4), range(4)
    ):
        line = line_at(
            stage,
            line_id="1",
            sku="MUG",
            ordered=2,
            shipped=shipped,
            cancelled=cancelled,
            lost=lost,
            returned=returned,
        )
        assert 0 <= line.allocated + line.released <= 2
