"""Login with Amazon, as the Selling Partner API takes it: a refresh token per seller, an hour's token in a header.

https://developer-docs.amazon.com/sp-api/docs/connecting-to-the-selling-partner-api
Calls have not been signed with AWS keys since October 2023.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connectors.auth import OAuth2, Token
from connectors.exchange import Request

TOKEN_URL = "https://api.amazon.com/auth/o2/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginWithAmazon(OAuth2):
    """Calls with a scope of their own are "grantless": made in the name of the application and not of a seller."""

    token_url: str = TOKEN_URL
    header: str = "x-amz-access-token"
    prefix: str = ""

    def sign(self, request: Request, token: Token | None) -> Request:
        dated = replace(request, headers={**request.headers, "x-amz-date": f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"})
        return OAuth2.sign(self, dated, token)
