"""The signature of our own scripts and forwarders."""

from datetime import UTC, datetime

import pytest

from connectors.errors import Untrusted
from connectors.exchange import Notification, headers_of
from connectors.own_signature import OWN_SIGNATURE

BODY = b'{"record":"salesorder","id":"48211"}'
# printf '%s' '1795183500.{"record":"salesorder","id":"48211"}' | openssl dgst -sha256 -hmac 'shared secret'
SIGNATURE = "02d0e41d673f5e5d8ad48e146c5e7f28a66726f59233e58568db66b3597c4481"


def notification(timestamp: str = "1795183500", received: int = 1_795_183_600) -> Notification:
    headers = {"X-Gateway-Signature": f"sha256={SIGNATURE}", "X-Gateway-Timestamp": timestamp}
    return Notification(body=BODY, headers=headers_of(headers), received_at=datetime.fromtimestamp(received, UTC))


def test_a_signature_computed_elsewhere_fits() -> None:
    OWN_SIGNATURE.verify(notification(), ["newer secret", "shared secret"])


def test_the_time_is_signed_too() -> None:
    with pytest.raises(Untrusted, match="does not fit"):
        OWN_SIGNATURE.verify(notification(timestamp="1795183599"), ["shared secret"])


@pytest.mark.parametrize("received", [1_795_183_801, 1_795_183_199])
def test_a_signature_is_good_for_five_minutes(received: int) -> None:
    with pytest.raises(Untrusted, match="ago, or in the future"):
        OWN_SIGNATURE.verify(notification(received=received), ["shared secret"])
