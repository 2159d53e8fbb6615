"""From the Authorization header of a request to the client that sent it."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from gateway.inventory.access import Principal
from gateway.operations.keys import KeyOperations
from gateway.transport.refusals import Unauthenticated

SECRET_LENGTH_MAX = 200


class Authentication:
    """Knows a client by the API key in `Authorization: Bearer <key>`."""

    def __init__(self, keys: KeyOperations) -> None:
        self._keys = keys

    async def principal(self, connection: HTTPConnection) -> Principal:
        """The client. Raises Unauthenticated without a key, or with one that is wrong or revoked."""
        scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not 0 < len(secret) <= SECRET_LENGTH_MAX:
            raise Unauthenticated()
        principal = await self._keys.authenticate(secret)
        if principal is None:
            raise Unauthenticated("This API key is not known, or it was revoked.")
        return principal
