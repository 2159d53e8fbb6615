"""NetSuite: relative quantities per location by inventory adjustments, orders by SuiteQL, told of by a script of ours.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/book_1559132836.html (SuiteTalk REST)
There are no webhooks: `connectors/scripts/netsuite/` holds the script and how to install it. It only names what was
saved, because it runs with the rights and in the time zone of whoever saved it; we read the order with our own.
Token-based authentication is not offered: new integrations cannot use it from release 2027.1 on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.assertion import JwtAssertion
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.errors import ConnectorError, Throttled
from connectors.exchange import UNREADABLE, Flow, Notification, Request, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.own_signature import EVENT_ID_HEADER, OWN_SIGNATURE
from connectors.pacing import Pace
from connectors.platforms.netsuite import adjustments, orders, reading
from connectors.platforms.netsuite.config import NetSuiteConfig
from connectors.platforms.netsuite.suiteql import id_list, moment, rows, to_date
from connectors.polling import PollCursor, from_clock
from connectors.status import retry_after_seconds
from connectors.updates import StockUpdate, UpdateOutcome


class NetSuite(Connector[NetSuiteConfig]):
    name = "netsuite"
    title = "NetSuite"
    config_type = NetSuiteConfig
    # What counts is how many calls there are at a time, see `calls_at_once`.
    pace = Pace(burst=20, per_second=10)
    signature = OWN_SIGNATURE
    delivery_header = EVENT_ID_HEADER
    stock = StockAbilities(writes=StockWrites.IDEMPOTENT_DELTA, updates_max=adjustments.UPDATES_MAX, per_location=True)
    listing_ids = ListingIds(required={"item_id": r"\d{1,18}"}, location=r"\d{1,18}")
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "salesorder": MessageKind.ORDER_UPDATED,
        "itemfulfillment": MessageKind.ORDER_FULFILLED,
        "returnauthorization": MessageKind.ORDER_REFUNDED,
        "itemreceipt": MessageKind.ORDER_REFUNDED,
    }
    # The script sends once, and not at all for what imports and integrations with other settings save.
    sends_again = False
    setup = (
        "Setup > Company > Enable Features > SuiteCloud: REST Web Services, OAuth 2.0 and Server SuiteScript.",
        "Setup > Integration > Manage Integrations > New: grant Client Credentials (Machine to Machine) with the scope "
        "REST Web Services; note the client id, which is shown once.",
        "Make a user with a role that has REST Web Services, Log in using OAuth 2.0 Access Tokens, SuiteAnalytics "
        "Workbook and Adjust Inventory, and may view Sales Order, Return Authorization, Items and Locations.",
        "Make a certificate and map it to integration, user and role under Setup > Integration > OAuth 2.0 Client "
        "Credentials Setup, which shows the certificate id. The mapping ends after two years at most.",
        "To tell of orders at once: install the script of connectors/scripts/netsuite as its README.md says. Without "
        "it orders are found by asking.",
    )

    def auth(self, config: NetSuiteConfig) -> Auth:
        return JwtAssertion(
            token_url=f"{config.rest_url}/auth/oauth2/v1/token",
            client_id=config.client_id,
            key_id=config.certificate_id,
            private_key_pem=config.private_key_pem.get_secret_value(),
            scope="rest_webservices",
        )

    def calls_at_once(self, config: NetSuiteConfig) -> int:
        return config.max_concurrency

    def secrets(self, config: NetSuiteConfig) -> Sequence[str]:
        return config.hmac_secrets

    def topic(self, notification: Notification) -> str:
        try:
            return str(orjson.loads(notification.body)["record"])
        except UNREADABLE:
            return ""

    def interpret(self, config: NetSuiteConfig, notification: Notification) -> list[ChannelMessage]:
        saved: dict[str, Any] = orjson.loads(notification.body)
        kind = self.topics.get(saved["record"])
        if kind is None:
            return []
        if (saved["record"], saved["happened"]) == ("salesorder", "delete"):
            return [_deleted(saved["id"], notification.received_at)]
        # A fulfilment names its order, a receipt the return that it is for; a return is looked up under its own id.
        by_itself = saved["record"] in ("salesorder", "returnauthorization")
        order_id = saved["id"] if by_itself else saved["createdfrom"]
        if not order_id:
            return []
        return [OrderReference(order_id=str(int(order_id)), kind=kind, occurred_at=notification.received_at)]

    def set_stock(self, config: NetSuiteConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        return adjustments.write(config, updates)

    def read_stock(self, config: NetSuiteConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        return reading.stock_page(config, cursor)

    def read_catalog(self, config: NetSuiteConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        return reading.catalog_page(config, cursor)

    def read_orders(
        self, config: NetSuiteConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        """Goes on after the last change met, by time and id: an order that changes meanwhile comes again at the end."""
        cursor_read = PollCursor.read(cursor, since)
        start = from_clock(cursor_read.since, config.time_zone)
        where = f"t.lastmodifieddate >= {to_date(config, start)}"
        if cursor_read.place:
            at, _, last_id = cursor_read.place.partition(" ")
            date = to_date(config, datetime.fromisoformat(at))
            where = f"(t.lastmodifieddate > {date} OR (t.lastmodifieddate = {date} AND t.id > {int(last_id)}))"
        answer = yield from orders.changed(config, where)
        found = answer["items"]
        times = [moment(config, row["modified"]) for row in found]
        place = f"{times[-1].isoformat()} {found[-1]['id']}" if answer["hasMore"] else None
        return Page(
            entries=tuple((yield from orders.events(config, found))),
            cursor=cursor_read.after_page(times, place),
            more=place is not None,
        )

    def read_order(self, config: NetSuiteConfig, order_id: str) -> Flow[OrderEvent | None]:
        """Also takes the id of a return, for the order that it is of."""
        answer = yield from orders.changed(config, f"t.id IN {id_list([order_id])}")
        return next(iter((yield from orders.events(config, answer["items"]))), None)

    def check(self, config: NetSuiteConfig) -> Flow[ChannelCheck]:
        places = yield from rows(config, "SELECT l.id, l.name FROM location l WHERE l.isinactive = 'F' ORDER BY l.id")
        url = f"{config.rest_url}/record/v1/inventoryAdjustment"
        adjustments = yield Request(method="GET", url=url, query={"limit": "1"}, repeatable=True, expected=(403,))
        lacking = adjustments.status == 403
        return ChannelCheck(
            summary=f"Connected to the account {config.account_id} with {len(places)} location(s)",
            problems=("The role lacks the permission Adjust Inventory: add it.",) if lacking else (),
            locations=tuple(ChannelLocation(location_id=row["id"], name=row["name"]) for row in places),
        )

    def subscribe(self, config: NetSuiteConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        yield from ()
        return (f"Install the script of connectors/scripts/netsuite and enter {callback_url} as its address.",)

    def classify(self, response: Response) -> ConnectorError | None:
        """The limit of concurrent calls also comes as a 400."""
        if response.status == 400 and b"_LIMIT_EXCEEDED" in response.body:
            return Throttled(f"{self.title} is busy with other calls", after_seconds=retry_after_seconds(response))
        return super().classify(response)


def _deleted(order_id: str, at: datetime) -> OrderEvent:
    """NetSuite gives back what the order had committed. It deletes no order of which anything was shipped."""
    return OrderEvent(
        order_id=str(int(order_id)),
        kind=MessageKind.ORDER_DELETED,
        occurred_at=at,
        stage=OrderStage.DELETED,
        status="deleted",
        lines=(),
    )
