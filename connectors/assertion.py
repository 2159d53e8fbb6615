"""Client credentials proven by a signed assertion instead of a secret (RFC 7523, 2.2)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from connectors.auth import Grant, GrantedAuth, OAuth2, Token, token_of
from connectors.exchange import Request

ASSERTION_SECONDS = 300
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_RSA_BITS_MIN = 3072


def assertion_algorithm(private_key_pem: str) -> str:
    """PS256 for RSA keys of 3072 bits or more, else what the key's curve asks for. Raises ValueError, without the key,
    when it is neither."""
    return _read_key(private_key_pem)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtAssertion(GrantedAuth):
    """A token for a certificate whose private key we have. Each grant is a new assertion, good for five minutes."""

    token_url: str
    client_id: str
    key_id: str
    private_key_pem: str = field(repr=False)
    scope: str
    clock: Callable[[], float] = field(default=time.time, repr=False)
    """Unix seconds."""

    def sign(self, request: Request, token: Token | None) -> Request:
        return OAuth2(token_url=self.token_url, client_id=self.client_id, client_secret="").sign(request, token)

    def grant(self, previous: Token | None) -> Grant:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(),
        }
        response = yield Request(
            method="POST",
            url=self.token_url,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(form).encode(),
            repeatable=True,
        )
        return token_of(response)

    def _assertion(self) -> str:
        key, algorithm = _read_key(self.private_key_pem)
        now = int(self.clock())
        claims = {
            "iss": self.client_id,
            "scope": self.scope,
            "aud": self.token_url,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        header = {"typ": "JWT", "alg": algorithm, "kid": self.key_id}
        return jwt.encode(header, claims, key, algorithms=[algorithm])


def _read_key(pem: str) -> tuple[RSAKey | ECKey, str]:
    for kind in (ECKey, RSAKey):
        try:
            key = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        if not key.is_private:
            raise ValueError("is a public key; the private one is needed")
        if isinstance(key, RSAKey):
            if key.raw_value.key_size < _RSA_BITS_MIN:
                raise ValueError(f"has fewer than {_RSA_BITS_MIN} bits")
            return key, "PS256"
        if key.curve_name not in _CURVES:
            raise ValueError(f"is on the curve {key.curve_name}; known are {', '.join(_CURVES)}")
        return key, _CURVES[key.curve_name]
    raise ValueError("is neither an RSA nor an EC private key in PEM form")
