"""How notifications are signed by senders that are ours: the scripts we ship and the forwarders that operators write.

`X-Gateway-Signature: sha256=<hex>` is the HMAC-SHA256 of `<timestamp>.<body>`, `X-Gateway-Timestamp` the time in Unix
seconds, `X-Gateway-Event-Id` the same for resends of one notification and for nothing else.
"""

from connectors.exchange import Notification
from connectors.signatures import DigestText, HmacSignature

EVENT_ID_HEADER = "X-Gateway-Event-Id"
_TIMESTAMP_HEADER = "X-Gateway-Timestamp"


def _signed(notification: Notification) -> bytes:
    return notification.headers.get(_TIMESTAMP_HEADER, "").encode() + b"." + notification.body


OWN_SIGNATURE = HmacSignature(
    header="X-Gateway-Signature",
    text=DigestText.HEX,
    prefix="sha256=",
    signed=_signed,
    timestamp_header=_TIMESTAMP_HEADER,
)
