"""Tokens that a simulated platform grants against a refresh token which is good for one use."""

from collections.abc import Mapping

from aiohttp import web


class RefreshTokens:
    def __init__(self, client_id: str, client_secret: str | None = None) -> None:
        """Without a secret, none is asked for."""
        self.client_id = client_id
        self.client_secret = client_secret
        self.granted = 0
        self._valid = False

    @property
    def refresh_token(self) -> str:
        return f"refresh-{self.granted}"

    @property
    def access_token(self) -> str:
        return f"access-{self.granted}"

    def expire(self) -> None:
        """The access token; the refresh token stays good."""
        self._valid = False

    def renew(self, fields: Mapping[str, str]) -> bool:
        """Whether the next pair was granted."""
        wanted = {"client_id": self.client_id, "refresh_token": self.refresh_token}
        if self.client_secret is not None:
            wanted |= {"client_secret": self.client_secret, "grant_type": "refresh_token"}
        if dict(fields) != wanted:
            return False
        self.granted, self._valid = self.granted + 1, True
        return True

    def admit(self, request: web.Request) -> bool:
        return self._valid and request.headers.get("Authorization") == f"Bearer {self.access_token}"
