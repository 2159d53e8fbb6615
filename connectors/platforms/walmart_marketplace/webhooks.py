"""What Walmart tells by itself, and how it is asked to.

https://developer.walmart.com/us-marketplace/docs/order-management-event
https://developer.walmart.com/us-marketplace/docs/inventory-oos-event
https://developer.walmart.com/us-marketplace/reference/createsubscription

How the signature is written is not stated: both ways are accepted. ORDER_UPDATES replaces the other three kinds of
order events, which end on 15 December 2026; their content differs, so the order is read whatever they say of it. Where
a seller cancels an order for lack of stock, Walmart sets the item to zero: INVENTORY_OOS tells of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import orjson

from connectors.exchange import Flow, Notification
from connectors.messages import ChannelMessage, MessageKind, OrderReference, StockEcho
from connectors.platforms.walmart_marketplace.config import Record, WalmartMarketplaceConfig
from connectors.signatures import DigestText, HmacSignature

SIGNATURE = HmacSignature(header="X-WM-Signature", text=DigestText.EITHER)
"""The header is of our choice."""
TOPICS: Mapping[str, MessageKind] = {
    "ORDER_UPDATES": MessageKind.ORDER_UPDATED,
    "PO_CREATED": MessageKind.ORDER_CREATED,
    "PO_LINE_AUTOCANCELLED": MessageKind.ORDER_CANCELLED,
    "INTENT_TO_CANCEL": MessageKind.ORDER_UPDATED,
    "INVENTORY_OOS": MessageKind.STOCK_CHANGED,
}
_SUBSCRIBED = {"ORDER_UPDATES": "ORDER", "INVENTORY_OOS": "INVENTORY"}
_PATH = "/webhooks/subscriptions"


def source(notification: Notification) -> Record:
    """Kind, id and time of the event."""
    about: Record = orjson.loads(notification.body)["source"]
    return about


def messages(notification: Notification) -> Iterator[ChannelMessage]:
    about, payload = source(notification), orjson.loads(notification.body)["payload"]
    kind, at = TOPICS[about["eventType"]], datetime.fromisoformat(about["eventTime"])
    if kind is not MessageKind.STOCK_CHANGED:
        order_id = payload.get("order", payload)["purchaseOrderId"]
        yield OrderReference(order_id=str(int(order_id)), kind=kind, occurred_at=at)
        return
    for node in payload["shipNodes"]:
        yield StockEcho(
            platform_ids={"sku": payload["sku"]},
            sku=payload["sku"],
            location_id=str(node["shipNode"]),
            quantity=int(node["availToSellQty"]),
            occurred_at=at,
        )


def subscribe(config: WalmartMarketplaceConfig, callback_url: str) -> Flow[tuple[str, ...]]:
    if config.webhook_secret is None:
        return ("Enter webhook_secret first; until then, orders are asked for.",)
    secret = config.webhook_secret.get_secret_value()
    proof = {"authMethod": "HMAC", "authHeaderName": SIGNATURE.header, "clientSecret": secret}
    wanted = {"eventUrl": callback_url, "authDetails": proof, "status": "ACTIVE"}
    ours = {one["eventType"]: one for one in (yield from subscriptions(config)) if one.get("eventUrl") == callback_url}
    for kind, resource in _SUBSCRIBED.items():
        if (there := ours.get(kind)) is None:
            event = {"eventType": kind, "eventVersion": "V1", "resourceName": resource, **wanted}
            event["headers"] = {"content-type": "application/json"}
            yield config.api.send("POST", _PATH, {"events": [event]}, budget="webhooks")
        elif there["status"] != "ACTIVE" or (there.get("authDetails") or {}).get("clientSecret") != secret:
            # Where the secret is not shown, it is stated again: it may have been changed here.
            path = f"{_PATH}/{there['subscriptionId']}"
            yield config.api.send("PATCH", path, wanted, repeatable=True, budget="webhooks")
    return ()


def subscriptions(config: WalmartMarketplaceConfig) -> Flow[Sequence[Record]]:
    """Described as lists within the list, shown as one list."""
    listed = (yield from config.api.read(_PATH, budget="webhooks"))["events"]
    return [one for entry in listed for one in entry.get("event", (entry,))]
