"""Tokens that platforms have granted to channels, encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bson import Binary
from pymongo.errors import PyMongoError

from gateway.store.driver import Database, as_storage_error


@dataclass(frozen=True, slots=True)
class SealedToken:
    """`origin` names the credentials that it was granted for: those that a person has entered since count instead."""

    origin: str
    sealed: bytes
    expires_at: datetime | None


class ChannelTokenStore:
    """The newest of each channel."""

    def __init__(self, database: Database) -> None:
        self._tokens = database["channel_tokens"]

    async def get(self, channel_id: str) -> SealedToken | None:
        try:
            document = await self._tokens.find_one({"_id": channel_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        if document is None:
            return None
        return SealedToken(document["origin"], bytes(document["sealed"]), document["expiresAt"])

    async def put(self, channel_id: str, token: SealedToken) -> None:
        document = {"origin": token.origin, "sealed": Binary(token.sealed), "expiresAt": token.expires_at}
        try:
            await self._tokens.replace_one({"_id": channel_id}, document, upsert=True)
        except PyMongoError as error:
            raise as_storage_error(error) from error
