from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.accounts import Source
from gateway.inventory.errors import Code, InventoryError
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import Bucket
from gateway.inventory.receiving import ExpectedLine
from gateway.inventory.transferring import PlannedLine
from gateway.operations.sourcing import LineRequest
from gateway.store.views.ledger import LedgerFilter, LedgerView
from tests.builders import adjust
from tests.kernel import stock_up
from tests.movements.stocked import call, stocked


async def test_the_stock_of_every_past_moment_is_known(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10, "WEST": 5})
    moments = []
    for sold in (1, 2, 3):
        outcome = await gateway.stock.apply(adjust(call().idempotency_key, sku, {"EAST": -sold}))
        moments.append(outcome.entry.at)
    east = [(await gateway.movements.history.stock(sku, at)).quantity("EAST", Bucket.AVAILABLE) for at in moments]
    assert east == [9, 7, 4]
    just_before = moments[0] - timedelta(microseconds=1)
    past = await gateway.movements.history.stock(sku, just_before)
    assert past.quantity("EAST", Bucket.AVAILABLE) == 10
    assert past.quantity("WEST", Bucket.AVAILABLE) == 5


async def test_there_was_nothing_before_the_first_movement(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    past = await gateway.movements.history.stock(sku, datetime(2020, 1, 1, tzinfo=UTC))
    assert set(past.quantities.values()) == {0}


@pytest.mark.parametrize(
    ("sku", "as_of", "code"),
    [
        ("NOTHING", datetime(2020, 1, 1, tzinfo=UTC), Code.ITEM_NOT_FOUND),
        ("NOTHING", datetime(2120, 1, 1, tzinfo=UTC), Code.AS_OF_IN_FUTURE),
        ("NOTHING", datetime(2020, 1, 1), Code.INVALID_INPUT),
    ],
)
async def test_an_impossible_question_is_refused(gateway: Gateway, sku: str, as_of: datetime, code: Code) -> None:
    with pytest.raises(InventoryError) as refusal:
        await gateway.movements.history.stock(sku, as_of)
    assert refusal.value.code is code


async def test_every_term_of_a_level_is_explained(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 20, "WEST": 10})
    line = LineRequest(sku, 3, location_ids=("EAST",))
    held = (await gateway.orders.reservations.create(call(reference="cart 1"), [line], owner="ann")).reservation
    due = datetime(2027, 1, 1, tzinfo=UTC)
    await gateway.movements.inbound.create(call(), "ACME", [ExpectedLine(sku, "EAST", 7, due)])
    transfer = (await gateway.movements.transfers.create(call(), "WEST", "EAST", [PlannedLine(sku, 2)])).document
    await gateway.movements.transfers.ship(call(), transfer.id)
    explained = await gateway.movements.history.explain(sku, "EAST")
    terms = {term.source: term for term in explained.terms}
    assert {source: term.units for source, term in terms.items()} == {
        Source.RESERVATION: 3,
        Source.INBOUND: 7,
        Source.TRANSFER: 2,
    }
    reservation = terms[Source.RESERVATION]
    assert (reservation.document_id, reservation.owner, reservation.state) == (held.id, "ann", "held")
    assert reservation.due == held.expires_at
    assert (terms[Source.INBOUND].owner, terms[Source.INBOUND].due) == ("ACME", due)
    assert terms[Source.TRANSFER].owner == "WEST"
    assert (explained.level.allocated, explained.level.incoming) == (3, 9)
    assert [explained.by_hand(bucket) for bucket in (Bucket.ALLOCATED, Bucket.INCOMING)] == [0, 0]
    assert [explained.unlisted(bucket) for bucket in (Bucket.ALLOCATED, Bucket.INCOMING)] == [0, 0]


async def test_recent_movements_begin_where_older_ones_had_left_the_level(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 100})
    for _ in range(25):
        await gateway.stock.apply(adjust(call().idempotency_key, sku, {"EAST": -1}))
    await gateway.stock.apply(adjust(call().idempotency_key, sku, {"WEST": 1}))
    explained = await gateway.movements.history.explain(sku, "EAST")
    assert len(explained.movements) == 20
    assert explained.level.available == 75
    assert explained.before_movements(Bucket.AVAILABLE) == 95


async def test_units_beyond_the_listed_terms_are_counted(
    empty_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.history.TERMS_MAX", 2)
    await stock_up(empty_gateway, {"LAMP": {"EAST": 20}})
    for _ in range(3):
        await empty_gateway.orders.reservations.create(call(), [LineRequest("LAMP", 2, location_ids=("EAST",))])
    explained = await empty_gateway.movements.history.explain("LAMP", "EAST")
    assert [term.units for term in explained.terms] == [2, 2]
    assert explained.unlisted(Bucket.ALLOCATED) == 2
    assert explained.by_hand(Bucket.ALLOCATED) == 0


async def test_a_place_that_never_held_the_item_has_nothing_to_explain(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    explained = await gateway.movements.history.explain(sku, "WEST")
    assert explained.terms == ()
    assert explained.movements == ()
    with pytest.raises(InventoryError) as refusal:
        await gateway.movements.history.explain(sku, "MOON")
    assert (refusal.value.code, refusal.value.path) == (Code.LOCATION_NOT_FOUND, ("locationId",))


async def test_an_unknown_item_cannot_be_explained(gateway: Gateway) -> None:
    with pytest.raises(InventoryError) as refusal:
        await gateway.movements.history.explain("NOTHING", "EAST")
    assert refusal.value.code is Code.ITEM_NOT_FOUND


async def test_the_movements_of_an_item_at_a_place_are_not_those_of_other_items_there(gateway: Gateway) -> None:
    here, elsewhere = await stocked(gateway, {"EAST": 5}), await stocked(gateway, {"WEST": 5})
    both = [LineRequest(here, 1), LineRequest(elsewhere, 1)]
    held = (await gateway.orders.reservations.create(call(reference="order-42"), both)).reservation
    ids = {line.sku: line.item_id for line in held.lines}
    view = LedgerView(gateway.database)

    async def found(**wanted: object) -> list[Kind]:
        page = await view.page(LedgerFilter(**wanted), None, 10)  # type: ignore[arg-type]
        return [entry.kind for entry in page]

    assert await found(item_id=ids[here], location_id="EAST") == [Kind.RESERVE, Kind.ADJUST]
    assert await found(item_id=ids[here], location_id="WEST") == []
    assert await found(item_id=ids[here], reference="order-42") == [Kind.RESERVE]
    last_week = datetime.now(UTC) - timedelta(days=7)
    assert await found(item_id=ids[here], location_id="EAST", actor="tests", since=last_week) == [
        Kind.RESERVE,
        Kind.ADJUST,
    ]
    assert await found(item_id=ids[here], location_id="EAST", until=last_week) == []
