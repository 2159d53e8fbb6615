"""How Adobe proves its I/O Events, and asks whether we want them: https://developer.adobe.com/events/docs/guides/

Signed with one of two keys that Adobe publishes and changes, so that the event names them.
"""

import re
from urllib.parse import parse_qs, urlsplit

import orjson

from connectors.errors import Untrusted
from connectors.exchange import UNREADABLE, Notification, Reply
from connectors.platforms.magento.config import MagentoConfig
from connectors.rsa_signature import RsaSignature

SIGNED = RsaSignature(
    key_headers=(
        ("x-adobe-digital-signature-1", "x-adobe-public-key1-path"),
        ("x-adobe-digital-signature-2", "x-adobe-public-key2-path"),
    ),
    key_name=re.compile(r"/prod/keys/pub-key-[\w-]{1,64}\.pem", re.ASCII),
)
_CHALLENGE = re.compile(r"[\w-]{1,200}", re.ASCII)
_VALIDATION = re.compile(rb'\s*\{\s*"validationUrl"\s*:\s*"(https://[\w.-]+\.adobe\.io/[^"\s]{1,1000})"\s*\}\s*')


def key_addresses(config: MagentoConfig, notification: Notification) -> dict[str, str]:
    return {name: f"{config.event_keys_url}{name}" for name in SIGNED.names(notification)}


def verify(config: MagentoConfig, notification: Notification) -> None:
    """Adobe signs everybody's events with the same keys, so the signed body must also name this recipient."""
    SIGNED.verify(notification)
    try:
        recipient = orjson.loads(notification.body)["recipientclientid"]
    except UNREADABLE as error:
        raise Untrusted("the event names no recipient") from error
    if recipient != config.recipient_client_id:
        raise Untrusted("the event is meant for another recipient")


def handshake(notification: Notification) -> Reply | None:
    """Adobe asks the address itself; where that fails, it has a person open another one."""
    challenge = parse_qs(urlsplit(notification.url).query).get("challenge", [""])[-1]
    if not notification.body and _CHALLENGE.fullmatch(challenge):
        return Reply(body=challenge.encode())
    asked = _VALIDATION.fullmatch(notification.body)
    return Reply(note=f"Open {asked[1].decode()} within five minutes to let Adobe send events") if asked else None
