"""How a notification proves where it comes from. Comparisons take constant time; several secrets are accepted at
once, so that a secret can be changed without losing a notification."""

import base64
import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from connectors.errors import Untrusted
from connectors.exchange import Notification


class DigestText(StrEnum):
    """How the digest is written in the header."""

    BASE64 = "base64"
    HEX = "hex"
    EITHER = "either"
    """The vendor does not say which."""


class Signature(ABC):
    proof: ClassVar[str]
    """In a few words, for people."""
    header: str

    @abstractmethod
    def verify(self, notification: Notification, secrets: Sequence[str]) -> None:
        """Raises `Untrusted` unless one of the secrets fits."""

    def _stated(self, notification: Notification, secrets: Sequence[str]) -> str:
        if not any(secrets):
            raise Untrusted("no secret is configured to verify notifications with")
        stated = notification.headers.get(self.header, "")
        if not stated:
            raise Untrusted(f"the header {self.header} is missing")
        return stated


def signed_body(notification: Notification) -> bytes:
    return notification.body


def signed_url_and_body(notification: Notification) -> bytes:
    return notification.url.encode() + notification.body


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacSignature(Signature):
    """HMAC over some bytes of the notification, by default its raw body."""

    proof = "signed"
    header: str
    text: DigestText
    digest: str = "sha256"
    prefix: str = ""
    separator: str | None = None
    """Between several signatures in one header, of which one must fit."""
    signed: Callable[[Notification], bytes] = signed_body
    timestamp_header: str | None = None
    """Unix seconds; the platform must include it in `signed`, or it proves nothing."""
    age_seconds_max: float = 300

    def verify(self, notification: Notification, secrets: Sequence[str]) -> None:
        stated = self._stated(notification, secrets)
        candidates = [
            part.removeprefix(self.prefix).encode(errors="surrogateescape")
            for part in (stated.split(self.separator) if self.separator else [stated.strip()])
            if part.startswith(self.prefix)
        ]
        message = self.signed(notification)
        expected = [written for secret in secrets if secret for written in self._written(secret, message)]
        if not any(hmac.compare_digest(mine, theirs) for mine in expected for theirs in candidates):
            raise Untrusted("the signature does not fit")
        self._check_age(notification)

    def _written(self, secret: str, message: bytes) -> list[bytes]:
        digest = hmac.new(secret.encode(), message, getattr(hashlib, self.digest)).digest()
        texts = {DigestText.BASE64: base64.b64encode(digest), DigestText.HEX: digest.hex().encode()}
        return [written for text, written in texts.items() if self.text in (text, DigestText.EITHER)]

    def _check_age(self, notification: Notification) -> None:
        if self.timestamp_header is None:
            return
        try:
            sent_at = float(notification.headers.get(self.timestamp_header, ""))
        except ValueError:
            raise Untrusted(f"the header {self.timestamp_header} states no time") from None
        if not abs(notification.received_at.timestamp() - sent_at) <= self.age_seconds_max:
            raise Untrusted(f"it was signed more than {self.age_seconds_max:.0f} s ago, or in the future")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedHeader(Signature):
    """A secret that comes along as it is: proves the sender, not the content. For platforms that offer no better."""

    proof = "with a secret in a header"
    header: str
    prefix: str = ""

    def verify(self, notification: Notification, secrets: Sequence[str]) -> None:
        stated = self._stated(notification, secrets).encode(errors="surrogateescape")
        if not any(hmac.compare_digest((self.prefix + secret).encode(), stated) for secret in secrets if secret):
            raise Untrusted(f"the header {self.header} does not fit")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAddress(Signature):
    """A secret in the query of our own address: proves that the sender was told the address, nothing else. For
    platforms that can neither sign nor add a header; act on what the platform's API says, not on the content."""

    proof = "with a secret in the address"
    parameter: str

    def verify(self, notification: Notification, secrets: Sequence[str]) -> None:
        if not any(secrets):
            raise Untrusted("no secret is configured to verify notifications with")
        stated = parse_qs(urlsplit(notification.url).query).get(self.parameter, [""])[-1]
        if not any(hmac.compare_digest(secret.encode(), stated.encode()) for secret in secrets if secret):
            raise Untrusted(f"the address lacks the right {self.parameter}")
