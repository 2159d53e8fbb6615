"""The Standard Webhooks scheme.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
`webhook-signature` lists `v1,<base64>` of the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`. `webhook-id` is
the same for resends of one notification and for nothing else.
"""

from connectors.exchange import Notification
from connectors.signatures import DigestText, HmacSignature

WEBHOOK_ID_HEADER = "webhook-id"
_TIMESTAMP_HEADER = "webhook-timestamp"


def _signed(notification: Notification) -> bytes:
    stated = [notification.headers.get(name, "").encode() for name in (WEBHOOK_ID_HEADER, _TIMESTAMP_HEADER)]
    return b".".join((*stated, notification.body))


def standard_webhooks(*, age_seconds_max: float = 300) -> HmacSignature:
    return HmacSignature(
        header="webhook-signature",
        text=DigestText.BASE64,
        prefix="v1,",
        separator=" ",
        signed=_signed,
        timestamp_header=_TIMESTAMP_HEADER,
        age_seconds_max=age_seconds_max,
    )
