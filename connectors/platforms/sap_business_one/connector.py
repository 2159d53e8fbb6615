"""SAP Business One 10.0, Service Layer `/b1s/v2`: counts on hand by warehouse, sales by documents.

https://help.sap.com/docs/SAP_BUSINESS_ONE (Service Layer API Reference, "Working with SAP Business One Service Layer")

A sales order only commits; a delivery, or an invoice without one, lowers what is in stock. So the count that is posted
is what shall be offered and what is committed, and orders made meanwhile are kept. Each posting books a journal entry:
nothing is posted where nothing differs. A posting cannot compare, so the count is looked at just before and just after.

Deliveries and invoices of an order are the order's own, and not counted again; its returns and credit notes name those
(see `fulfilment`). What comes back by way of a return request, or by a document that names no other, is not found: it
is entered with the gateway, and comparing shows it.
Webhooks came with FP 2602; the names of their events are inferred, and without them the documents are asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from connectors.abilities import CountedQuantity, StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.config import revealed
from connectors.errors import AuthExpired, ConnectorError, Retriable
from connectors.exchange import Flow, Notification, Reply, Response
from connectors.listing_ids import ListingIds
from connectors.looked_at import write_between_looks
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.sap_business_one import documents, orders, webhooks
from connectors.platforms.sap_business_one.lookups import TYPES, made_from
from connectors.platforms.sap_business_one.service_layer import Record, SapBusinessOneConfig, entities, fault, these
from connectors.quantities import units_taken, units_there
from connectors.session_cookie import SessionCookie
from connectors.signatures import DigestText, HmacSignature
from connectors.updates import Confirmed, Rejected, StockUpdate, UpdateOutcome

SESSION_ENDED = ("301", "-304")
CHANGED_MEANWHILE = "-2039"
_ITEM = "ItemCode,ItemName,InventoryItem,ManageSerialNumbers,ManageBatchNumbers,ItemWarehouseInfoCollection"


class SapBusinessOne(Connector[SapBusinessOneConfig]):
    name, title, config_type = "sap-business-one", "SAP Business One", SapBusinessOneConfig
    # No limit is published; what counts is how many calls there are at a time.
    pace = Pace(burst=20, per_second=10)
    signature = HmacSignature(header="X-B1-Webhook-Signature", text=DigestText.BASE64)
    # So many items fit into the address of a look.
    stock = StockAbilities(
        writes=StockWrites.COMPARE_AND_SET, updates_max=20, per_location=True, counted=CountedQuantity.ON_HAND
    )
    listing_ids = ListingIds(required={"item_code": r"[^'\x00-\x1f]{1,50}"}, location=r"[^'\x00-\x1f]{1,8}")
    topics: ClassVar[Mapping[str, MessageKind]] = {
        f"{name}.{verb}": MessageKind.ORDER_UPDATED for name in orders.SALES for verb in webhooks.HAPPENED
    }
    # What happens while its messenger is down is not told afterwards.
    sends_again = False
    setup = (
        "Make a user for the gateway with an indirect-access licence and the authorisations Inventory Posting, Item "
        "Master Data (read), Sales Order, Delivery, Return, A/R Invoice and A/R Credit Memo (read).",
        "The Service Layer's certificate must be one that the gateway's machine trusts. Otherwise enter the "
        "certificate of the authority that issued it, or itself where it is self-signed (ca_pem).",
        "From FP 2602 on, have a superuser switch webhooks on, which are off by default: POST "
        'CompanyService_UpdateAdminInfo with {"AdminInfo": {"EnableWebhook": "tYES"}}.',
        "Then enter a webhook key of your own, allow the user 'Webhook Manipulation', run the Webhook Messenger beside "
        "the Service Layer, and subscribe the channel. Do so again after the key has changed, with the former one as "
        "the previous key.",
        "Items with serial or batch numbers, and warehouses with bin locations, are not written.",
    )

    def auth(self, config: SapBusinessOneConfig) -> Auth:
        secret = config.password.get_secret_value()
        return SessionCookie(
            login_url=f"{config.api.url}/Login",
            credentials={"CompanyDB": config.company_db, "UserName": config.username, "Password": secret},
            cookies=("B1SESSION", "ROUTEID"),
            timeout_field="SessionTimeout",
        )

    def authorities(self, config: SapBusinessOneConfig) -> str | None:
        return config.ca_pem

    def calls_at_once(self, config: SapBusinessOneConfig) -> int:
        return 4

    def secrets(self, config: SapBusinessOneConfig) -> Sequence[str]:
        return revealed(config.webhook_key, config.previous_webhook_key)

    def handshake(self, config: SapBusinessOneConfig, notification: Notification) -> Reply | None:
        return webhooks.challenge(notification)

    def topic(self, notification: Notification) -> str:
        """The first that we act on, of the many events that one notification holds."""
        topics = map(webhooks.topic, webhooks.events(notification))
        return next((topic for topic in topics if topic in self.topics), "")

    def interpret(self, config: SapBusinessOneConfig, notification: Notification) -> list[ChannelMessage]:
        return [
            OrderReference(
                order_id=f"{topic.partition('.')[0]}-{int(event['data']['DocEntry'])}",
                kind=self.topics[topic],
                occurred_at=datetime.fromisoformat(event["time"]),
            )
            for event in webhooks.events(notification)
            if (topic := webhooks.topic(event)) in self.topics
        ]

    def set_stock(self, config: SapBusinessOneConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        seen: dict[tuple[str, str | None], ChannelStock] = {}
        refused: dict[str, Rejected] = {}

        def look(wanted: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            codes = sorted({update.platform_ids["item_code"] for update in wanted})
            for item in (yield from entities(config, "Items", _ITEM, these(codes)))[0]:
                seen.update({(item["ItemCode"], level.location_id): level for level in _levels(item)})
                if not _tracked(item):
                    refused[item["ItemCode"]] = Rejected(
                        "not_counted", "SAP counts it by serial or batch numbers, or not at all."
                    )
            found = {update.idempotency_key: seen.get(_place(update)) for update in wanted}
            return {key: _available(level) for key, level in found.items() if level is not None}

        def write(due: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
            known = [update for update in due if _place(update) in seen]
            written = iter((yield from write_in_parts(known, post)))
            missing = Rejected("not_found", "SAP has no such item, or not in this warehouse.")
            return [
                next(written) if _place(one) in seen else refused.get(one.platform_ids["item_code"], missing)
                for one in due
            ]

        def post(due: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
            accounts = ("InventoryOffsetIncreaseAccount", "InventoryOffsetDecreaseAccount")
            lines = [
                {
                    "ItemCode": update.platform_ids["item_code"],
                    "WarehouseCode": update.location_id,
                    "CountedQuantity": update.quantity + (seen[_place(update)].committed or 0),
                    **(dict.fromkeys(accounts, config.offset_account) if config.offset_account else {}),
                }
                for update in due
            ]
            body = {"Remarks": "inventory gateway", "InventoryPostingLines": lines}
            answer = yield config.api.send("POST", "/InventoryPostings", body, expected=(400, 404))
            if answer.status in (400, 404):
                return Refusal(*fault(answer))
            answer.json()["DocumentEntry"]
            return [Confirmed(update.quantity) for update in due]

        return (yield from write_between_looks(updates, look, write))

    def read_stock(self, config: SapBusinessOneConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        items, following = yield from entities(config, "Items", _ITEM, "InventoryItem eq 'tYES'", cursor)
        return Page.of((level for item in items for level in _levels(item)), following)

    def read_catalog(self, config: SapBusinessOneConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        items, following = yield from entities(config, "Items", _ITEM, "", cursor)
        entries = (
            CatalogEntry(
                platform_ids={"item_code": item["ItemCode"]},
                sku=item["ItemCode"],
                name=item["ItemName"] or item["ItemCode"],
                tracked=_tracked(item),
            )
            for item in items
        )
        return Page.of(entries, following)

    def read_orders(
        self, config: SapBusinessOneConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        return documents.changed(config, cursor, since)

    def read_order(self, config: SapBusinessOneConfig, order_id: str) -> Flow[OrderEvent | None]:
        return documents.read(config, order_id)

    def check(self, config: SapBusinessOneConfig) -> Flow[ChannelCheck]:
        warehouses, _ = yield from entities(config, "Warehouses", "WarehouseCode,WarehouseName", "")
        for name in ("Items", "InventoryPostings", *TYPES):
            yield config.api.get(f"/{name}", {"$top": "1"})
        yield from made_from(config, "Returns", "DeliveryNotes", {0})
        places = tuple(ChannelLocation(location_id=at["WarehouseCode"], name=at["WarehouseName"]) for at in warehouses)
        summary = f"Connected to {config.company_db} with {len(places)} warehouse(s)"
        problems = () if config.webhook_key is None else (yield from webhooks.problems(config))
        return ChannelCheck(summary=summary, problems=problems, locations=places)

    def subscribe(self, config: SapBusinessOneConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        return webhooks.subscribe(config, callback_url)

    def classify(self, response: Response) -> ConnectorError | None:
        code, reason = ("", "") if response.status < 300 else fault(response)
        if code in SESSION_ENDED:
            return AuthExpired(f"{self.title}: the session has ended ({code})")
        if code == CHANGED_MEANWHILE or response.status == 412:
            return Retriable(f"{self.title}: it was changed meanwhile")
        error = super().classify(response)
        if error is not None and reason:
            error.reason = f"{error.reason}: {reason}"
        return error


def _place(update: StockUpdate) -> tuple[str, str | None]:
    return update.platform_ids["item_code"], update.location_id


def _tracked(item: Record) -> bool:
    by_number = "tYES" in (item["ManageSerialNumbers"], item["ManageBatchNumbers"])
    return item["InventoryItem"] == "tYES" and not by_number


def _available(level: ChannelStock) -> int:
    return (level.quantity or 0) - (level.committed or 0)


def _levels(item: Record) -> list[ChannelStock]:
    return [
        ChannelStock(
            platform_ids={"item_code": item["ItemCode"]},
            sku=item["ItemCode"],
            location_id=place["WarehouseCode"],
            quantity=units_there(place["InStock"] or 0),
            committed=units_taken(place["Committed"] or 0),
        )
        for place in (item["ItemWarehouseInfoCollection"] if _tracked(item) else ())
    ]
