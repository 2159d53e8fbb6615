"""OAuth 1.0a (RFC 5849) with HMAC-SHA256: each call is signed anew, and its nonce may be used once."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from connectors.auth import Auth, Token
from connectors.exchange import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth1(Auth):
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)
    nonce: Callable[[], str] = secrets.token_hex
    clock: Callable[[], float] = time.time

    def sign(self, request: Request, token: Token | None) -> Request:
        stated = {
            "oauth_consumer_key": self.consumer_key,
            "oauth_nonce": self.nonce(),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": str(int(self.clock())),
            "oauth_token": self.token,
            "oauth_version": "1.0",
        }
        pairs = sorted((_escaped(name), _escaped(text)) for name, text in {**request.query, **stated}.items())
        parameters = "&".join(f"{name}={text}" for name, text in pairs)
        base = "&".join(map(_escaped, (request.method, request.url, parameters)))
        key = f"{_escaped(self.consumer_secret)}&{_escaped(self.token_secret)}"
        digest = hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()
        stated["oauth_signature"] = base64.b64encode(digest).decode()
        header = "OAuth " + ", ".join(f'{name}="{_escaped(text)}"' for name, text in stated.items())
        return replace(request, headers={**request.headers, "Authorization": header})


def _escaped(text: str) -> str:
    """RFC 5849, 3.6: all but letters, digits and `-._~`."""
    return quote(text, safe="~")
