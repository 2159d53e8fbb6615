"""Notifications signed with a private key, whose public half the sender publishes."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connectors.errors import Untrusted
from connectors.exchange import Notification
from connectors.signatures import Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class RsaSignature(Signature):
    """RSA (PKCS #1 v1.5) with SHA-256 over the raw body. One of several signatures must fit, as while a key is being
    changed; beside each a header names its key. The keys come with the notification (`Notification.public_keys`)."""

    proof = "signed"
    key_headers: tuple[tuple[str, str], ...]
    """The header of a signature in base64, and that of its key's name."""
    key_name: re.Pattern[str]
    """How the sender's own keys are named, and nobody else's."""

    def names(self, notification: Notification) -> list[str]:
        """Of the keys that are needed to `verify`."""
        stated = {notification.headers.get(header, "") for _, header in self.key_headers}
        return sorted(name for name in stated if self.key_name.fullmatch(name))

    def verify(self, notification: Notification, secrets: Sequence[str] = ()) -> None:
        """Raises `Untrusted` unless one of the keys fits; there are no secrets."""
        for header, key_header in self.key_headers:
            key = notification.public_keys.get(notification.headers.get(key_header, ""))
            if key is not None and _fits(key, notification.headers.get(header, ""), notification.body):
                return
        raise Untrusted("the signature does not fit any key of the sender")


def _fits(pem: bytes, signature: str, body: bytes) -> bool:
    try:
        key = load_pem_public_key(pem)
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(base64.b64decode(signature, validate=True), body, PKCS1v15(), SHA256())
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        return False
    return True
