"""From the Authorization header of a request to the client that sent it."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import HTTPConnection

from gateway.inventory.access import Principal
from gateway.inventory.ports import StorageError
from gateway.operations.keys import KeyOperations
from gateway.transport.refusals import RequestRefused, Unauthenticated

SECRET_LENGTH_MAX = 200


class KeysUnavailable(RequestRefused):
    """Nobody can tell now whether the key is right."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "UNAVAILABLE"

    def __init__(self) -> None:
        message = "The database did not answer in time. Send the request again."
        super().__init__(message, headers={"retry-after": "1"})


class Authentication:
    """Knows a client by the API key in `Authorization: Bearer <key>`."""

    def __init__(self, keys: KeyOperations) -> None:
        self._keys = keys

    async def principal(self, connection: HTTPConnection) -> Principal:
        """The client. Raises Unauthenticated without a key, or with one that is wrong or revoked.

        Raises KeysUnavailable while the database is away: nothing was done, and the request may be sent again.
        """
        scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not 0 < len(secret) <= SECRET_LENGTH_MAX:
            raise Unauthenticated()
        try:
            principal = await self._keys.authenticate(secret)
        except StorageError as error:
            raise KeysUnavailable() from error
        if principal is None:
            raise Unauthenticated("This API key is not known, or it was revoked.")
        return principal
