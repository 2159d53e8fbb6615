"""What is particular to QuickBooks Online, against its simulated company over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest

from connectors.errors import Permanent, Retriable, Throttled
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderReference
from connectors.signatures import HmacSignature
from connectors.simulated import SimulatedQuickBooks
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Rejected
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.quickbooks_commerce import CASE, REALM, fault
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quickbooks_company import company_of


@pytest.fixture
def shop() -> SimulatedQuickBooks:
    return SimulatedQuickBooks(STOCK)


@pytest.fixture
async def books(shop: SimulatedQuickBooks, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with company_of(make_client, shop) as connected:
        yield connected


async def test_only_what_happened_elsewhere_is_posted(books: Connected, shop: SimulatedQuickBooks) -> None:
    await shop.sell("MUG", 1)
    changes = replace(books.update("MUG", 7), delta=-3), replace(books.update("CAP", 2), delta=2)
    assert await books.write(*changes) == [Confirmed(7), Confirmed(2)]
    assert (shop.shelf.quantity("MUG"), shop.shelf.quantity("CAP")) == (6, 2), "the sale in between is kept"
    assert len(shop.stock_writes()) == 1, "one entry in the books for both"


async def test_an_unknown_change_is_the_difference_to_what_is_there(
    books: Connected, shop: SimulatedQuickBooks
) -> None:
    assert await books.write(books.update("MUG", 4), books.update("CAP", 0)) == [Confirmed(4), Confirmed(0)]
    assert shop.shelf.quantity("MUG") == 4 and len(shop.stock_writes()) == 1
    assert await books.stock() == {"MUG": 4, "SHIRT-RED-M": 5, "CAP": 0}


async def test_a_change_is_applied_once_whatever_is_lost(books: Connected, shop: SimulatedQuickBooks) -> None:
    update = replace(books.update("MUG", 7), delta=-3)
    shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING)
    assert await books.write(update) == [Confirmed(7)]
    shop.misbehave(Misbehaviour.BROKEN_JSON)
    with pytest.raises(Retriable):
        await books.write(later := replace(books.update("MUG", 5), delta=-2))
    assert await books.write(later) == [Confirmed(5)]
    assert shop.shelf.quantity("MUG") == 5


async def test_a_mixed_batch_that_is_repeated_changes_nothing_twice(
    books: Connected, shop: SimulatedQuickBooks
) -> None:
    batch = replace(books.update("MUG", 7), delta=-3), books.update("CAP", 2)
    for _ in range(2):
        assert await books.write(*batch) == [Confirmed(7), Confirmed(2)]
    assert (shop.shelf.quantity("MUG"), shop.shelf.quantity("CAP")) == (7, 2)


async def test_a_bad_line_does_not_harm_its_neighbours(books: Connected, shop: SimulatedQuickBooks) -> None:
    gone = replace(books.update("MUG", 1), platform_ids={"item_id": "5"}, delta=1)
    good = replace(books.update("MUG", 9), delta=-1), replace(books.update("CAP", 1), delta=1)
    first, bad, last = await books.write(good[0], gone, good[1])
    assert (first, last) == (Confirmed(9), Confirmed(1)) and isinstance(bad, Rejected) and bad.code == "2500"
    assert (shop.shelf.quantity("MUG"), shop.shelf.quantity("CAP")) == (9, 1)


async def test_a_token_that_is_refused_is_renewed_once(books: Connected, shop: SimulatedQuickBooks) -> None:
    shop.tokens.expire()
    assert await books.write(replace(books.update("MUG", 9), delta=-1)) == [Confirmed(9)]
    assert shop.tokens.granted == 2


async def test_the_check_says_what_is_missing(books: Connected) -> None:
    check = await books.client.run(books.connector.check(books.config))
    assert (check.summary, check.problems) == ("Connected to Mugs Inc.", ())
    config = books.config.model_copy(update={"adjust_account_id": "5", "webhook_verifier_token": None})
    assert len((await books.client.run(books.connector.check(config))).problems) == 2


def test_the_body_before_cloud_events_is_still_understood() -> None:
    entity = {"name": "Invoice", "id": "129", "operation": "Create", "lastUpdated": "2026-11-20T14:14:05.000Z"}
    body = {"eventNotifications": [{"realmId": REALM, "dataChangeEvent": {"entities": [entity]}}]}
    (message,) = CASE.connector.receive(CASE.config(), CASE.notification(body=orjson.dumps(body)))
    assert isinstance(message, OrderReference) and message.order_id == "invoice-129"


def test_a_company_whose_webhooks_go_to_another_is_asked_often() -> None:
    config = CASE.config()
    assert CASE.connector.tells_of_orders(config)
    without = {"webhook_verifier_token": None, "previous_webhook_verifier_token": None}
    assert not CASE.connector.tells_of_orders(config.model_copy(update=without))


def test_closed_books_stop_the_channel() -> None:
    with pytest.raises(Permanent, match="books are closed"):
        drive(CASE.connector.write_stock(CASE.config(), CASE.updates[:1]), [fault("6210")])


def test_a_limit_without_a_time_is_a_minute() -> None:
    error = CASE.connector.classify(answer(b"", 429))
    assert isinstance(error, Throttled) and error.after_seconds == 60


def test_the_signature_is_what_openssl_computes() -> None:
    """printf '[{"id":"1"}]' | openssl dgst -sha256 -hmac verifier -binary | base64"""
    signature = CASE.connector.signature
    assert isinstance(signature, HmacSignature)
    headers = headers_of({"intuit-signature": "HxtHVmWLsE92Ji+/dij3cwfSu8cv22Fbd5rLQFdryG8="})
    signature.verify(Notification(body=b'[{"id":"1"}]', headers=headers, received_at=NOW), ["verifier"])
