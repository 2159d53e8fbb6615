"""The schemes against published examples and against every way of being wrong."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from connectors import CONNECTORS
from connectors.errors import Untrusted
from connectors.exchange import Notification, headers_of
from connectors.signatures import DigestText, HmacSignature, SharedHeader, signed_url_and_body

# RFC 4231, test case 2.
RFC_KEY, RFC_DATA = "Jefe", b"what do ya want for nothing?"
RFC_SHA256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
SENT_AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)


def notification(body: bytes, at: datetime = SENT_AT, url: str = "", **headers: str) -> Notification:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Notification(body=body, headers=headers_of(named), received_at=at, url=url)


HEX = HmacSignature(header="X-Sig", text=DigestText.HEX, prefix="sha256=")
BASE64 = HmacSignature(header="X-Sig", text=DigestText.BASE64)


def test_the_rfc_example_is_accepted_in_hex_and_base64() -> None:
    HEX.verify(notification(RFC_DATA, X_Sig="sha256=" + RFC_SHA256), [RFC_KEY])
    BASE64.verify(notification(RFC_DATA, X_Sig=base64.b64encode(bytes.fromhex(RFC_SHA256)).decode()), [RFC_KEY])


@pytest.mark.parametrize("platform", ["shopify", "woocommerce"])
def test_a_signature_that_openssl_computed_fits(platform: str) -> None:
    """printf '%s' '{"id":820982911946154508}' | openssl dgst -sha256 -hmac 'first key' -binary | base64"""
    signature = CONNECTORS[platform].signature
    assert signature is not None
    computed = headers_of({signature.header: "zLiPnWIA9Jh/D1+njMRs/FlstFhFzfvUnzeD5aR8lL4="})
    told = Notification(body=b'{"id":820982911946154508}', headers=computed, received_at=SENT_AT)
    signature.verify(told, ["first key"])
    with pytest.raises(Untrusted):
        signature.verify(told, ["another key"])


@pytest.mark.parametrize(
    "stated", ["", "sha256=", RFC_SHA256, "sha256=" + RFC_SHA256[:-1] + "4", "sha256=é", "sha256=" + RFC_SHA256[:10]]
)
def test_anything_else_is_not(stated: str) -> None:
    with pytest.raises(Untrusted):
        HEX.verify(notification(RFC_DATA, X_Sig=stated), [RFC_KEY])


def test_without_a_secret_nothing_is_trusted() -> None:
    empty = hmac.new(b"", RFC_DATA, hashlib.sha256).hexdigest()
    for secrets in ([], [""]):
        with pytest.raises(Untrusted, match="no secret"):
            HEX.verify(notification(RFC_DATA, X_Sig="sha256=" + empty), secrets)


def test_url_and_body_are_signed_together() -> None:
    scheme = HmacSignature(header="X-Sig", text=DigestText.BASE64, signed=signed_url_and_body)
    url = "https://gateway.example/webhooks/1"
    stated = base64.b64encode(hmac.new(b"key", url.encode() + b"{}", hashlib.sha256).digest()).decode()
    scheme.verify(notification(b"{}", url=url, X_Sig=stated), ["key"])
    with pytest.raises(Untrusted):
        scheme.verify(notification(b"{}", url=url + "2", X_Sig=stated), ["key"])


def timestamped(notification: Notification) -> bytes:
    return b".".join(
        (notification.headers["X-Id"].encode(), notification.headers["X-Time"].encode(), notification.body)
    )


DATED = HmacSignature(
    header="X-Sig", text=DigestText.BASE64, prefix="v1,", separator=" ", signed=timestamped, timestamp_header="X-Time"
)


def dated(at: datetime, seconds: str) -> Notification:
    digest = hmac.new(b"key", f"msg_1.{seconds}.{{}}".encode(), hashlib.sha256).digest()
    several = f"v1,AAAA v1,{base64.b64encode(digest).decode()} v2,BBBB"
    return notification(b"{}", at, X_Id="msg_1", X_Time=seconds, X_Sig=several)


def test_one_of_several_signatures_is_enough() -> None:
    DATED.verify(dated(SENT_AT, str(int(SENT_AT.timestamp()))), ["key"])


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_genuine_signature_of_another_time_is_not_trusted(minutes: int) -> None:
    with pytest.raises(Untrusted):
        DATED.verify(dated(SENT_AT + timedelta(minutes=minutes), str(int(SENT_AT.timestamp()))), ["key"])


@pytest.mark.parametrize("seconds", ["", "yesterday", "nan", "inf"])
def test_a_signed_time_that_is_none_is_not_trusted(seconds: str) -> None:
    with pytest.raises(Untrusted):
        DATED.verify(dated(SENT_AT, seconds), ["key"])


def test_a_shared_header_fits_whole_or_not_at_all() -> None:
    scheme = SharedHeader(header="Authorization", prefix="Bearer ")
    scheme.verify(notification(b"", Authorization="Bearer new"), ["new", "old"])
    scheme.verify(notification(b"", Authorization="Bearer old"), ["new", "old"])
    for stated in ("", "Bearer", "new", "Bearer ne", "Bearer newer"):
        with pytest.raises(Untrusted):
            scheme.verify(notification(b"", Authorization=stated), ["new", "old"])
