"""Webhooks, which came with FP 2602: what is subscribed to, and what a notification tells.

https://help.sap.com/docs/SAP_BUSINESS_ONE ("Working with SAP Business One Service Layer", Webhook)

A subscription stops being active after failures, and whether SAP shows its key is not documented. So its name holds a
digest of all that it was made with, under the key: one with another name, or one that is not active, is made anew.
"""

import hashlib
import hmac

import orjson

from connectors.exchange import Flow, Notification, Reply, Request
from connectors.platforms.sap_business_one.orders import SALES
from connectors.platforms.sap_business_one.service_layer import Record, SapBusinessOneConfig

HAPPENED = ("Created", "Updated", "Closed", "Cancelled", "Reopened")
CHALLENGE_HEADER = "X-B1-Webhook-Token"
_NAME = "inventory-gateway"
_OFF = (
    "SAP's webhooks are switched off: POST CompanyService_UpdateAdminInfo with "
    '{"AdminInfo": {"EnableWebhook": "tYES"}} as a superuser. Until then, documents are asked for.'
)


def events(notification: Notification) -> list[Record]:
    told = orjson.loads(notification.body)
    if not isinstance(told, list) or not told:
        raise ValueError("no list of events")
    return told


def topic(event: Record) -> str:
    """Of `sap.b1.Invoices.Created.v1` what lies between the vendor and the version."""
    return str(event["type"].removeprefix("sap.b1.").rpartition(".v")[0])


def challenge(notification: Notification) -> Reply | None:
    """The answer to a handshake, where it is one."""
    token = "" if notification.body else notification.headers.get(CHALLENGE_HEADER, "")
    plain = 0 < len(token) <= 64 and token.replace("-", "").isalnum()
    return Reply(body=orjson.dumps({"Challenge": token}), content_type="application/json") if plain else None


def problems(config: SapBusinessOneConfig) -> Flow[tuple[str, ...]]:
    """That the company's webhooks are off, where the user may read its settings."""
    answer = yield config.api.send(
        "POST", "/CompanyService_GetAdminInfo", {}, repeatable=True, expected=(400, 401, 403, 404)
    )
    told = answer.json() if answer.status < 300 else {}
    return (_OFF,) if told.get("AdminInfo", told).get("EnableWebhook") == "tNO" else ()


def subscribe(config: SapBusinessOneConfig, callback_url: str) -> Flow[tuple[str, ...]]:
    if config.webhook_key is None:
        return ("Enter webhook_key first (FP 2602 and later); until then, documents are asked for.",)
    wanted = _subscription(config.webhook_key.get_secret_value(), callback_url)
    where = f"startswith(WebhookID,'{_NAME}')"
    known: list[Record] = (yield config.api.get("/EventSubscriptions", {"$filter": where})).json()["value"]
    if [(one["WebhookID"], one["State"]) for one in known] != [(wanted["WebhookID"], "Active")]:
        for one in known:
            url = f"{config.api.url}/EventSubscriptions('{one['WebhookID']}')"
            yield Request(method="DELETE", url=url, repeatable=True, expected=(404,))
        yield config.api.send("POST", "/EventSubscriptions", wanted)
    return (yield from problems(config))


def _subscription(key: str, callback_url: str) -> Record:
    wanted = {
        "WebhookURL": callback_url,
        "AuthenticationType": "HMAC",
        "AuthenticationCred": orjson.dumps({"Key": key, "Algorithm": "HMACSha256"}).decode(),
        "Handshake": "tYES",
        "VerifyCertificate": "tYES",
        "EventCollection": [{"BusinessObject": name, "TransactionType": verb} for name in SALES for verb in HAPPENED],
    }
    digest = hmac.digest(key.encode(), orjson.dumps(wanted), hashlib.sha256).hex()
    # SAP's names have 40 characters at most.
    return {"WebhookID": f"{_NAME}-{digest[:16]}", **wanted}
