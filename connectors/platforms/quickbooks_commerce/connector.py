"""QuickBooks Online, Accounting API v3: the successor of QuickBooks Commerce, which was closed in August 2023.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/inventoryadjustment (changes only)

Returns are told of sales receipts, by the refund receipts made from them; no other credit names its sale, so comparing
shows what it brought back. Whether a line is counted, its item says.
Inferred are the names of events beyond `qbo.invoice.created.v1`, that a sale has changed when a refund receipt was made
from it, and that what is gone was voided or deleted. Polls see both.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import NAMESPACE_OID, uuid5

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.catalog import ChannelCheck, Page
from connectors.changes import document_key, write_changes
from connectors.config import revealed
from connectors.deleted import deleted_order
from connectors.errors import AuthExpired, ConnectorError, Permanent, Throttled
from connectors.exchange import Flow, Notification, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.parts import Refusal
from connectors.platforms.quickbooks_commerce.calls import VERSION, by_id, fault, query
from connectors.platforms.quickbooks_commerce.config import QuickBooksConfig, Record
from connectors.platforms.quickbooks_commerce.notifications import events_in
from connectors.platforms.quickbooks_commerce.orders import ENTITIES, order_events, sale_id
from connectors.platforms.quickbooks_commerce.polling import orders_page
from connectors.polling import PollCursor
from connectors.quantities import units_there
from connectors.shown_items import ShownItem, ShowsItems
from connectors.signatures import DigestText, HmacSignature
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

ITEMS_PER_PAGE = 1000
THROTTLED_SECONDS = 60.0
GONE, WRONG_TOKEN, TOO_MANY, BOOKS_CLOSED = "610", "3200", "3001", "6210"


class QuickBooksCommerce(ShowsItems[QuickBooksConfig]):
    name, title, config_type = "quickbooks-commerce", "QuickBooks Online", QuickBooksConfig
    # 10 a second and 500 a minute for an app and a company.
    pace = Pace(burst=10, per_second=8)
    signature = HmacSignature(header="intuit-signature", text=DigestText.BASE64)
    # How many lines an adjustment may have is not published.
    stock = StockAbilities(writes=StockWrites.IDEMPOTENT_DELTA, updates_max=30, per_location=False)
    listing_ids = ListingIds(required={"item_id": r"\d{1,18}"})
    topics: ClassVar[Mapping[str, MessageKind]] = dict.fromkeys(ENTITIES, MessageKind.ORDER_UPDATED)
    setup = (
        "The company needs QuickBooks Online Plus or Advanced in the US; others refuse inventory adjustments.",
        "At developer.intuit.com make an app for this company alone, for an app has one webhook address. Connect it to "
        "the company for the scope com.intuit.quickbooks.accounting, and note its keys, the refresh token and the "
        "realmId.",
        "In the app's Webhooks page enter the channel's webhook address, choose all events of Invoice and Sales "
        "Receipt, and note the verifier token. Where one app has to serve several companies, its webhooks reach one "
        "channel only: leave the verifier token of the others empty, so that they are asked for their sales often, "
        "which takes half of what the app may read in a month, for each of them.",
        "Under Chart of accounts choose the account that changes of stock are booked to; its id is in its address.",
    )

    def auth(self, config: QuickBooksConfig) -> Auth:
        return config.oauth(f"{config.login_url}/oauth2/v1/tokens/bearer", client_in_header=True)

    def secrets(self, config: QuickBooksConfig) -> Sequence[str]:
        return revealed(config.webhook_verifier_token, config.previous_webhook_verifier_token)

    def topic(self, notification: Notification) -> str:
        """The first that we act on, of the many events that one notification holds."""
        return next((event.entity for event in events_in(notification) if event.entity in self.topics), "")

    def interpret(self, config: QuickBooksConfig, notification: Notification) -> list[ChannelMessage]:
        return [
            OrderReference(order_id=sale_id(entity, number), kind=self.topics[entity], occurred_at=at)
            for company, entity, number, at in events_in(notification)
            if company == config.realm_id and entity in self.topics
        ]

    def set_stock(self, config: QuickBooksConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        def available(unknown: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            items = yield from by_id(config, "Item", (update.platform_ids["item_id"] for update in unknown))
            counted = {number: item for number, item in items.items() if item.get("TrackQtyOnHand")}
            return {
                update.idempotency_key: units_there(counted[number]["QtyOnHand"])
                for update in unknown
                if (number := update.platform_ids["item_id"]) in counted
            }

        def post(due: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
            # Without a date, it is of today where the company is.
            body = {
                "PrivateNote": "inventory gateway",
                "AdjustAccountRef": {"value": config.adjust_account_id},
                "Line": [_adjustment(update) for update in due],
            }
            asked = {**VERSION, "requestid": str(uuid5(NAMESPACE_OID, document_key(due)))}
            answer = yield config.api.send(
                "POST", "/inventoryadjustment", body, query=asked, repeatable=True, expected=(400,)
            )
            if answer.status == 200:
                answer.json()["InventoryAdjustment"]["Id"]
                return [Confirmed(update.quantity) for update in due]
            code, reason = fault(answer)
            if code == BOOKS_CLOSED:
                raise Permanent(f"QuickBooks refuses adjustments, for its books are closed: {reason}")
            return Refusal(code, reason)

        return (yield from write_changes(updates, available, post))

    def read_items(self, config: QuickBooksConfig, cursor: str | None) -> Flow[Page[ShownItem]]:
        start = int(cursor or 1)
        items = yield from query(config, "Item", "where Type = 'Inventory'", start, ITEMS_PER_PAGE)
        shown = (
            ShownItem(
                platform_ids={"item_id": item["Id"]},
                sku=item.get("Sku") or None,
                name=item["Name"],
                tracked=item["TrackQtyOnHand"],
                counts={None: units_there(item["QtyOnHand"]) if item["TrackQtyOnHand"] else None},
            )
            for item in items
        )
        return Page.of(shown, start + ITEMS_PER_PAGE if len(items) == ITEMS_PER_PAGE else None)

    def read_orders(
        self, config: QuickBooksConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        return (yield from orders_page(config, PollCursor.read(cursor, since)))

    def read_order(self, config: QuickBooksConfig, order_id: str) -> Flow[OrderEvent | None]:
        entity, _, number = order_id.partition("-")
        answer = yield config.api.get(f"/{entity}/{int(number)}", VERSION, expected=(400,))
        if answer.status == 200:
            return (yield from order_events(config, entity, [answer.json()[ENTITIES[entity]]]))[0]
        code, reason = fault(answer)
        if code != GONE:
            raise Permanent(f"{self.title} refuses to show a sale: {reason}")
        return deleted_order(order_id, answer)

    def check(self, config: QuickBooksConfig) -> Flow[ChannelCheck]:
        company = yield from query(config, "CompanyInfo", "", 1, 1)
        for entity in ("Item", *ENTITIES.values()):
            yield from query(config, entity, "", 1, 1)
        account = yield from query(config, "Account", f"where Id = '{config.adjust_account_id}'", 1, 1)
        problems = {
            "There is no account with the id adjust_account_id: look it up under Chart of accounts.": bool(account),
            "Enter webhook_verifier_token, or sales are only found by asking.": bool(self.secrets(config)),
        }
        return ChannelCheck(
            summary=f"Connected to {company[0]['CompanyName']}",
            problems=tuple(text for text, right in problems.items() if not right),
        )

    def subscribe(self, config: QuickBooksConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        yield from ()
        return (f"Enter {callback_url} in the app's Webhooks page, for all events of Invoice and Sales Receipt.",)

    def classify(self, response: Response) -> ConnectorError | None:
        error = super().classify(response)
        code = fault(response)[0] if response.status in (400, 403) else ""
        if code == WRONG_TOKEN:
            return AuthExpired(f"{self.title} does not accept the token ({code})")
        if code == TOO_MANY:
            return Throttled(f"{self.title} asks us to slow down ({code})", after_seconds=THROTTLED_SECONDS)
        if isinstance(error, Throttled):
            error.after_seconds = error.after_seconds or THROTTLED_SECONDS
        return error


def _adjustment(update: StockUpdate) -> Record:
    kind = "ItemAdjustmentLineDetail"
    detail = {"ItemRef": {"value": update.platform_ids["item_id"]}, "QtyDiff": update.delta}
    return {"DetailType": kind, kind: detail}
