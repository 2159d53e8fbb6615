"""Has Amazon send an account's order changes to our queue.

https://developer-docs.amazon.com/sp-api/docs/notifications-api-v1-use-case-guide
Destinations belong to the application and need a "grantless" token; a subscription belongs to the seller.
"""

from connectors.exchange import Flow, Request, Response
from connectors.platforms.amazon_seller_central.config import AmazonConfig

_SCOPE = "sellingpartnerapi::notifications"
_DIRECTIVE = {
    "eventFilter": {
        "eventFilterType": "ORDER_CHANGE",
        "orderChangeTypes": ["OrderStatusChange", "BuyerRequestedChange"],
    }
}


def subscribe(config: AmazonConfig, callback_url: str) -> Flow[tuple[str, ...]]:
    if config.queue_arn is None:
        return (
            f"Enter the ARN of a queue, or have a forwarder post the messages of one to {callback_url}, signed with "
            "forwarder_secret.",
        )
    destination_id = yield from _destination(config, config.queue_arn)
    subscription = yield _subscription(config)
    if subscription.status == 404:
        body = {"payloadVersion": "1.0", "destinationId": destination_id, "processingDirective": _DIRECTIVE}
        yield Request.json("POST", _url(config, "subscriptions/ORDER_CHANGE"), body, budget="subscriptions")
    elif (other := subscription.json()["payload"]["destinationId"]) != destination_id:
        return (f"ORDER_CHANGE goes to the destination {other}. Delete that subscription, then subscribe again.",)
    return ()


def subscription_problem(config: AmazonConfig) -> Flow[str | None]:
    if config.queue_arn is None:
        return None
    response: Response = yield _subscription(config)
    return "Amazon sends no order changes yet: subscribe the channel." if response.status == 404 else None


def _destination(config: AmazonConfig, queue_arn: str) -> Flow[str]:
    """The id of the destination that is our queue; made when there is none."""
    url = _url(config, "destinations")
    known = (yield Request(method="GET", url=url, scope=_SCOPE, repeatable=True, budget="subscriptions")).json()
    for destination in known["payload"]:
        if (destination["resource"].get("sqs") or {}).get("arn") == queue_arn:
            found: str = destination["destinationId"]
            return found
    body = {"name": queue_arn.rpartition(":")[2], "resourceSpecification": {"sqs": {"arn": queue_arn}}}
    made = (yield Request.json("POST", url, body, scope=_SCOPE, budget="subscriptions")).json()
    destination_id: str = made["payload"]["destinationId"]
    return destination_id


def _subscription(config: AmazonConfig) -> Request:
    return Request(
        method="GET",
        url=_url(config, "subscriptions/ORDER_CHANGE"),
        query={"payloadVersion": "1.0"},
        repeatable=True,
        expected=(404,),
        budget="subscriptions",
    )


def _url(config: AmazonConfig, path: str) -> str:
    return f"{config.base_url}/notifications/v1/{path}"
