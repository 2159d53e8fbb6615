"""QuickBooks Online, Accounting API v3: the successor of QuickBooks Commerce, which was closed in August 2023.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/inventoryadjustment (changes only)
https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks (signature, CloudEvents and the body before them)
https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/salesreceipt (LinkedTxn: its refunds)

An invoice and a sales receipt have left the count at once; estimates hold nothing. What came back of a sales receipt is
what the refund receipts made from it say, sellable or not. Other refund receipts and credit memos name no sale: only in
India has a credit memo an InvoiceRef, where stock cannot be adjusted, and the invoice that it pays need not be the one
that its goods are from. Such units are entered with the gateway, and comparing shows them.
Inferred are the names of events beyond `qbo.invoice.created.v1`, that a sale has changed when a refund receipt was made
from it, and that what is gone was voided or deleted. One that was deleted is only told of by its webhook.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import NAMESPACE_OID, uuid5

import orjson
from pydantic import Field, SecretStr

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.catalog import ChannelCheck, Page
from connectors.changes import document_key, write_changes
from connectors.config import BaseUrl, revealed
from connectors.deleted import deleted_order
from connectors.errors import AuthExpired, ConnectorError, Permanent, Throttled
from connectors.exchange import UNREADABLE, Flow, Notification, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.pacing import Pace
from connectors.parts import Refusal
from connectors.polling import PollCursor
from connectors.quantities import units_taken, units_there
from connectors.refresh_token import RefreshTokenConfig
from connectors.rest import JsonApi
from connectors.shown_items import ShownItem, ShowsItems
from connectors.signatures import DigestText, HmacSignature
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

ITEMS_PER_PAGE, SALES_PER_PAGE, REFUNDS_AT_ONCE = 1000, 100, 100
THROTTLED_SECONDS = 60.0
VERSION = {"minorversion": "75"}
ENTITIES = {"invoice": "Invoice", "salesreceipt": "SalesReceipt"}
GONE, WRONG_TOKEN, TOO_MANY, BOOKS_CLOSED = "610", "3200", "3001", "6210"

Record = dict[str, Any]


class QuickBooksConfig(RefreshTokenConfig):
    realm_id: Annotated[str, Field(pattern=r"^\d{1,20}$")] = Field(description="The company's id (realmId).")
    adjust_account_id: Annotated[str, Field(pattern=r"^\d{1,18}$")] = Field(
        description="The id of the account that changes of stock are booked to, like Inventory Shrinkage."
    )
    webhook_verifier_token: SecretStr | None = Field(None, description="From the app's webhooks page.")
    previous_webhook_verifier_token: SecretStr | None = Field(None, description="The one before the last change.")
    api_url: BaseUrl = Field("https://quickbooks.api.intuit.com", description="Where the API answers.")
    login_url: BaseUrl = Field("https://oauth.platform.intuit.com", description="Where tokens are granted.")

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.api_url}/v3/company/{self.realm_id}")


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
        "At developer.intuit.com make an app, connect it to the company for the scope "
        "com.intuit.quickbooks.accounting, and note its keys, the refresh token and the realmId.",
        "In the app's Webhooks page enter the channel's webhook address, choose all events of Invoice and Sales "
        "Receipt, and note the verifier token.",
        "Under Chart of accounts choose the account that changes of stock are booked to; its id is in its address.",
    )

    def auth(self, config: QuickBooksConfig) -> Auth:
        return config.oauth(f"{config.login_url}/oauth2/v1/tokens/bearer", client_in_header=True)

    def secrets(self, config: QuickBooksConfig) -> Sequence[str]:
        return revealed(config.webhook_verifier_token, config.previous_webhook_verifier_token)

    def topic(self, notification: Notification) -> str:
        """The first that we act on, of the many events that one notification holds."""
        return next((entity for _, entity, _, _ in _events(notification) if entity in self.topics), "")

    def interpret(self, config: QuickBooksConfig, notification: Notification) -> list[ChannelMessage]:
        return [
            OrderReference(order_id=f"{entity}-{int(number)}", kind=self.topics[entity], occurred_at=at)
            for company, entity, number, at in _events(notification)
            if company == config.realm_id and entity in self.topics
        ]

    def set_stock(self, config: QuickBooksConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        def available(unknown: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            ids = ", ".join(f"'{update.platform_ids['item_id']}'" for update in unknown)
            items = yield from _query(config, "Item", f"where Id in ({ids})", 1, ITEMS_PER_PAGE)
            counts = {item["Id"]: units_there(item["QtyOnHand"]) for item in items if item.get("TrackQtyOnHand")}
            found = {update.idempotency_key: counts.get(update.platform_ids["item_id"]) for update in unknown}
            return {key: units for key, units in found.items() if units is not None}

        def post(due: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
            # Without a date, it is of today where the company is.
            body = {
                "PrivateNote": "inventory gateway",
                "AdjustAccountRef": {"value": config.adjust_account_id},
                "Line": [_adjustment(update) for update in due],
            }
            query = {**VERSION, "requestid": str(uuid5(NAMESPACE_OID, document_key(due)))}
            answer = yield config.api.send(
                "POST", "/inventoryadjustment", body, query=query, repeatable=True, expected=(400,)
            )
            if answer.status == 200:
                answer.json()["InventoryAdjustment"]["Id"]
                return [Confirmed(update.quantity) for update in due]
            code, reason = _fault(answer)
            if code == BOOKS_CLOSED:
                raise Permanent(f"QuickBooks refuses adjustments, for its books are closed: {reason}")
            return Refusal(code, reason)

        return (yield from write_changes(updates, available, post))

    def read_items(self, config: QuickBooksConfig, cursor: str | None) -> Flow[Page[ShownItem]]:
        start = int(cursor or 1)
        items = yield from _query(config, "Item", "where Type = 'Inventory'", start, ITEMS_PER_PAGE)
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
        """One kind of sale after the other, by id: one that changes while we walk keeps its place."""
        poll = PollCursor.read(cursor, since)
        entity, _, start = (poll.place or "invoice 1").partition(" ")
        where = f"where MetaData.LastUpdatedTime >= '{poll.since.isoformat(timespec='seconds')}' orderby Id"
        answer = yield _query_request(config, ENTITIES[entity], where, int(start), SALES_PER_PAGE)
        sales = answer.json()["QueryResponse"].get(ENTITIES[entity], [])
        following = f"{entity} {int(start) + SALES_PER_PAGE}" if len(sales) == SALES_PER_PAGE else None
        following = following or ("salesreceipt 1" if entity == "invoice" else None)
        events = yield from _told(config, entity, sales)
        return Page(entries=events, cursor=poll.after_answer(answer, following), more=following is not None)

    def read_order(self, config: QuickBooksConfig, order_id: str) -> Flow[OrderEvent | None]:
        entity, _, number = order_id.partition("-")
        answer = yield config.api.get(f"/{entity}/{int(number)}", VERSION, expected=(400,))
        if answer.status == 200:
            return (yield from _told(config, entity, [answer.json()[ENTITIES[entity]]]))[0]
        code, reason = _fault(answer)
        if code != GONE:
            raise Permanent(f"{self.title} refuses to show a sale: {reason}")
        return deleted_order(order_id, answer)

    def check(self, config: QuickBooksConfig) -> Flow[ChannelCheck]:
        company = yield from _query(config, "CompanyInfo", "", 1, 1)
        for entity in ("Item", *ENTITIES.values()):
            yield from _query(config, entity, "", 1, 1)
        account = yield from _query(config, "Account", f"where Id = '{config.adjust_account_id}'", 1, 1)
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
        code = _fault(response)[0] if response.status in (400, 403) else ""
        if code == WRONG_TOKEN:
            return AuthExpired(f"{self.title} does not accept the token ({code})")
        if code == TOO_MANY:
            return Throttled(f"{self.title} asks us to slow down ({code})", after_seconds=THROTTLED_SECONDS)
        if isinstance(error, Throttled):
            error.after_seconds = error.after_seconds or THROTTLED_SECONDS
        return error


def _query_request(config: QuickBooksConfig, entity: str, where: str, start: int, count: int) -> Any:
    text = " ".join(f"select * from {entity} {where} startposition {start} maxresults {count}".split())
    return config.api.get("/query", {**VERSION, "query": text})


def _query(config: QuickBooksConfig, entity: str, where: str, start: int, count: int) -> Flow[list[Record]]:
    """An answer without any names none."""
    found: list[Record] = (
        (yield _query_request(config, entity, where, start, count)).json()["QueryResponse"].get(entity, [])
    )
    return found


def _fault(answer: Response) -> tuple[str, str]:
    """Its code and text; empty where there is none."""
    try:
        first = orjson.loads(answer.body)["Fault"]["Error"][0]
        return str(first["code"]), str(first.get("Detail") or first.get("Message") or "")[:300]
    except UNREADABLE:
        return "", ""


def _events(notification: Notification) -> Iterator[tuple[str, str, str, datetime]]:
    """Company, entity, id and time."""
    body = orjson.loads(notification.body)
    return _before_cloud_events(body) if isinstance(body, dict) else _cloud_events(body)


def _cloud_events(events: Sequence[Record]) -> Iterator[tuple[str, str, str, datetime]]:
    if not events:
        raise ValueError("no event")
    for event in events:
        entity = event["type"].removeprefix("qbo.").partition(".")[0]
        yield event["intuitaccountid"], entity, event["intuitentityid"], datetime.fromisoformat(event["time"])


def _before_cloud_events(body: Record) -> Iterator[tuple[str, str, str, datetime]]:
    for company in body["eventNotifications"]:
        for event in company["dataChangeEvent"]["entities"]:
            at = datetime.fromisoformat(event["lastUpdated"])
            yield company["realmId"], event["name"].lower(), event["id"], at


def _adjustment(update: StockUpdate) -> Record:
    kind = "ItemAdjustmentLineDetail"
    detail = {"ItemRef": {"value": update.platform_ids["item_id"]}, "QtyDiff": update.delta}
    return {"DetailType": kind, kind: detail}


def _told(config: QuickBooksConfig, entity: str, sales: Sequence[Record]) -> Flow[tuple[OrderEvent, ...]]:
    """With what their refund receipts say. One that is not found was deleted."""
    ids = sorted({number for sale in sales for number in _refund_ids(sale)})
    refunds: dict[str, Record] = {}
    for start in range(0, len(ids), REFUNDS_AT_ONCE):
        listed = ", ".join(f"'{int(number)}'" for number in ids[start : start + REFUNDS_AT_ONCE])
        found = yield from _query(config, "RefundReceipt", f"where Id in ({listed})", 1, REFUNDS_AT_ONCE)
        refunds |= {refund["Id"]: refund for refund in found}
    return tuple(_event(entity, sale, [refunds[one] for one in _refund_ids(sale) if one in refunds]) for sale in sales)


def _refund_ids(sale: Record) -> list[str]:
    return [link["TxnId"] for link in sale.get("LinkedTxn", ()) if link["TxnType"].lower() == "refundreceipt"]


def _sold(lines: Sequence[Record]) -> Iterator[tuple[str, str | None, Any]]:
    """Line, item and quantity. A bundle holds the lines of its items."""
    for line in lines:
        yield from _sold(line.get("GroupLineDetail", {}).get("Line", ()))
        if line["DetailType"] == "SalesItemLineDetail":
            detail = line["SalesItemLineDetail"]
            yield line["Id"], detail.get("ItemRef", {}).get("value"), detail.get("Qty", 0)


def _event(entity: str, sale: Record, refunds: Sequence[Record]) -> OrderEvent:
    """What was voided keeps its lines, of no units. A negative line came back, too. Only the item that did is told."""
    sold = [(line, item, units_taken(quantity)) for line, item, quantity in _sold(sale["Line"])]
    voided = not any(units for _, _, units in sold)
    stage = OrderStage.CANCELLED if voided else OrderStage.FULFILLED
    back: Counter[str | None] = Counter()
    for _, item, units in sold:
        back[item] += max(0, -units)
    for _, item, quantity in _sold([line for refund in refunds for line in refund["Line"]]):
        back[item] += max(0, units_there(quantity))
    lines = []
    for line, item, units in sold:
        if item is not None and units >= 0:
            ids, returned = {"item_id": item}, min(back[item], units)
            back[item] -= returned
            lines.append(line_at(stage, line_id=line, sku=None, platform_ids=ids, ordered=units, returned=returned))
    return OrderEvent(
        order_id=f"{entity}-{sale['Id']}",
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=max(datetime.fromisoformat(one["MetaData"]["LastUpdatedTime"]) for one in (sale, *refunds)),
        stage=stage,
        status="voided" if voided else "sold",
        name=sale.get("DocNumber"),
        lines=tuple(lines),
    )
