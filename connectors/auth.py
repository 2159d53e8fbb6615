"""How a call proves who we are. A scheme is a value: it adds credentials to a request and, where tokens are granted,
says as a flow how to get one. When and how often is the business of `tokens.TokenKeeper`.

Further schemes (signed assertion, session cookie, Login with Amazon) are further classes with these methods.
OAuth libraries are not used: their async clients belong to other HTTP stacks, and what is left is one form.
"""

import base64
import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from urllib.parse import urlencode

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable
from connectors.exchange import Request, Response
from connectors.status import error_for_status

_OAUTH_ERRORS = frozenset(
    ("invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unauthorized_client", "access_denied")
)


@dataclass(frozen=True, slots=True)
class Token:
    value: str = field(repr=False)
    lifetime_seconds: float | None = None
    """From the moment it was granted; None when the platform did not say."""
    refresh: str | None = field(default=None, repr=False)
    """What the next grant needs, where the platform hands out a new one each time."""


Grant: TypeAlias = Generator[Request, Response, Token]


class Auth(ABC):
    @abstractmethod
    def sign(self, request: Request, token: Token | None) -> Request:
        """The request with credentials; `token` is None for schemes that are granted none."""


class GrantedAuth(Auth):
    @abstractmethod
    def grant(self, previous: Token | None) -> Grant:
        """How to obtain the next token. It sees every answer, whatever its status."""

    def scoped(self, scope: str) -> "GrantedAuth":
        """The scheme for calls that need a token of this scope; raises `Permanent` where there is no such thing."""
        raise Permanent(f"no token can be had for the scope {scope}")


def _with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers={**request.headers, name: value})


@dataclass(frozen=True, slots=True)
class HeaderToken(Auth):
    """A fixed secret in a header."""

    header: str
    value: str = field(repr=False)

    def sign(self, request: Request, token: Token | None) -> Request:
        return _with_header(request, self.header, self.value)


@dataclass(frozen=True, slots=True)
class Basic(Auth):
    """RFC 7617 with UTF-8."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    def sign(self, request: Request, token: Token | None) -> Request:
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return _with_header(request, "Authorization", f"Basic {pair}")


@dataclass(frozen=True, slots=True)
class QueryKeys(Auth):
    """Secrets in the query, for hosts that strip the Authorization header. Use it with https only."""

    keys: Mapping[str, str] = field(repr=False)

    def sign(self, request: Request, token: Token | None) -> Request:
        return replace(request, query={**request.query, **self.keys})


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2(GrantedAuth):
    """A token from a token endpoint: client credentials, or a refresh token when one is given."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)
    header: str = "Authorization"
    prefix: str = "Bearer "
    client_in_header: bool = False
    """The client's id and secret go as Basic credentials and not in the form."""
    as_json: bool = False
    """The fields go as a JSON object and not as a form."""
    lifetime_seconds: float | None = None
    """Of tokens whose answer does not state it in seconds."""

    def sign(self, request: Request, token: Token | None) -> Request:
        return request if token is None else _with_header(request, self.header, self.prefix + token.value)

    def scoped(self, scope: str) -> "OAuth2":
        """Granted to the client itself, whoever it acts for otherwise."""
        return replace(self, refresh_token=None, parameters={**self.parameters, "scope": scope})

    def grant(self, previous: Token | None) -> Grant:
        refresh = (previous and previous.refresh) or self.refresh_token
        form = {"grant_type": "refresh_token" if refresh else "client_credentials", **self.parameters}
        if refresh:
            form["refresh_token"] = refresh
        if not self.client_in_header:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        kind = "application/json" if self.as_json else "application/x-www-form-urlencoded"
        request = Request(
            method="POST",
            url=self.token_url,
            headers={"Content-Type": kind, "Accept": "application/json"},
            body=orjson.dumps(form) if self.as_json else urlencode(form).encode(),
            # A rotating refresh token dies when it is used: a second try would end the connection for good.
            repeatable=refresh is None,
        )
        if self.client_in_header:
            request = Basic(self.client_id, self.client_secret).sign(request, None)
        return token_of((yield request))


def token_of(response: Response) -> Token:
    """What a token endpoint granted (RFC 6749, 5.1 and 5.2). Raises `AuthExpired` when it refused."""
    if 400 <= response.status < 500 and response.status not in (408, 425, 429):
        raise AuthExpired(f"the platform grants no token: {_oauth_error(response)}")
    error = error_for_status(response, "the token endpoint")
    if error is not None:
        raise error
    answer = response.json()
    if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
        raise Retriable("the token endpoint answered without a token")
    refresh = answer.get("refresh_token")
    return Token(answer["access_token"], _lifetime(answer), refresh if isinstance(refresh, str) else None)


def _lifetime(answer: dict[str, object]) -> float | None:
    """Some platforms send the number as a string."""
    try:
        seconds = float(str(answer.get("expires_in")))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _oauth_error(response: Response) -> str:
    """The standard error code and nothing else: the rest of the body may repeat a credential."""
    try:
        answer = response.json()
    except Retriable:
        return f"status {response.status}"
    code = answer.get("error") if isinstance(answer, dict) else None
    return code if isinstance(code, str) and code in _OAUTH_ERRORS else f"status {response.status}"
