"""Shops that fail in every way there is: each failure is typed, and what may be repeated is made good."""

import pytest

from connectors.errors import ConnectorError, Retriable, Throttled
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred
from tests.connectors.connected import Connected

RECOVERS = [
    Misbehaviour.SERVER_ERROR,
    Misbehaviour.HANG,
    Misbehaviour.SLOW_BODY,
    Misbehaviour.TRUNCATED_BODY,
    Misbehaviour.DROPPED_AFTER_APPLYING,
]
RAISES: dict[Misbehaviour, type[ConnectorError]] = {
    Misbehaviour.THROTTLED: Throttled,
    Misbehaviour.THROTTLED_SILENTLY: Throttled,
    Misbehaviour.BROKEN_JSON: Retriable,
    Misbehaviour.WRONG_JSON: Retriable,
    Misbehaviour.HTML_PAGE: Retriable,
}


@pytest.mark.parametrize("kind", RECOVERS)
async def test_one_lost_answer_is_made_good_at_once(connected: Connected, kind: Misbehaviour) -> None:
    connected.shop.misbehave(kind)
    assert await connected.write(connected.update("MUG", 6, 10)) == [Confirmed(6)]
    assert connected.shop.shelf.quantity("MUG", connected.shop.home()) == 6
    assert len(connected.shop.stock_writes()) == 2


@pytest.mark.parametrize("kind", [Misbehaviour.SERVER_ERROR, Misbehaviour.TRUNCATED_BODY])
async def test_two_lost_answers_are_handed_to_the_caller(connected: Connected, kind: Misbehaviour) -> None:
    connected.shop.misbehave(kind, times=2)
    update = connected.update("MUG", 6, 10)
    with pytest.raises(Retriable):
        await connected.write(update)
    assert await connected.write(update) == [Confirmed(6)]


@pytest.mark.parametrize("kind", RAISES)
async def test_a_useless_answer_is_typed_and_the_write_may_be_repeated(
    shopify: Connected, woocommerce: Connected, kind: Misbehaviour
) -> None:
    for connected in (shopify, woocommerce):
        connected.shop.misbehave(kind)
        update = connected.update("MUG", 6, 10)
        with pytest.raises(RAISES[kind]) as failed:
            await connected.write(update)
        assert type(failed.value) is RAISES[kind]
        assert len(connected.shop.stock_writes()) == 1
        if RAISES[kind] is Retriable:
            assert await connected.write(update) == [Confirmed(6)]


async def test_an_error_inside_success_is_not_success(shopify: Connected, woocommerce: Connected) -> None:
    for connected in (shopify, woocommerce):
        connected.shop.misbehave(Misbehaviour.ERROR_INSIDE_SUCCESS, times=2)
    with pytest.raises(Retriable):
        await shopify.write(shopify.update("MUG", 6, 10))
    assert [type(outcome) for outcome in await woocommerce.write(woocommerce.update("MUG", 6))] == [Deferred]


async def test_a_claimed_success_that_changed_nothing_is_seen_in_the_echo(woocommerce: Connected) -> None:
    woocommerce.shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await woocommerce.write(woocommerce.update("MUG", 6))
    assert isinstance(outcome, Deferred)
