"""A session that is opened with a user's name and password, and carried by cookies.

Cookie jars drop the cookies of servers that are named by a bare address, which such servers often are: the header is
made by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.auth import Grant, GrantedAuth, Token
from connectors.errors import AuthExpired, Retriable
from connectors.exchange import Request, Response
from connectors.status import error_for_status


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookie(GrantedAuth):
    """The first of `cookies` is the session, the others go along when they were given."""

    login_url: str
    credentials: Mapping[str, str] = field(repr=False)
    cookies: Sequence[str]
    timeout_field: str
    """Of the answer to the login: after how many idle minutes the session ends."""

    def sign(self, request: Request, token: Token | None) -> Request:
        return request if token is None else replace(request, headers={**request.headers, "Cookie": token.value})

    def grant(self, previous: Token | None) -> Grant:
        response = yield Request.json("POST", self.login_url, dict(self.credentials), repeatable=True)
        if 400 <= response.status < 500 and response.status not in (408, 425, 429):
            raise AuthExpired(f"the platform does not accept the user's name and password ({response.status})")
        error = error_for_status(response, "the login")
        if error is not None:
            raise error
        given = _cookies(response)
        if self.cookies[0] not in given:
            raise Retriable("the login was answered without a session")
        pairs = (f"{name}={given[name]}" for name in self.cookies if name in given)
        minutes = response.json().get(self.timeout_field)
        return Token("; ".join(pairs), minutes * 60 if isinstance(minutes, int) and minutes > 0 else None)


def _cookies(response: Response) -> dict[str, str]:
    """By name, without their attributes."""
    pairs = (line.partition(";")[0].partition("=") for line in response.headers.getall("Set-Cookie", ()))
    return {name.strip(): value.strip() for name, _, value in pairs}
