"""In whose name, and under which key, something is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from gateway.inventory.ledger import Cause, scoped_key


@dataclass(frozen=True, slots=True)
class Call:
    """`client` is the API key's name: it scopes the idempotency key and signs the ledger entry."""

    client: str
    idempotency_key: str
    reason: str | None = None
    reference: str | None = None

    @property
    def new_id(self) -> str:
        """The id of what this call makes: derived from its key, so that a repetition finds it again."""
        key = scoped_key(self.client, self.idempotency_key)
        # The key is only checked once it is part of a command; until then it may hold anything.
        return blake2b(key.encode(errors="surrogatepass"), digest_size=12).hexdigest()

    def cause(
        self, reference: str | None = None, channel_id: str | None = None, *, channel_said: bool = False
    ) -> Cause:
        """`reference` is what the entry refers to unless the caller says otherwise.

        `channel_id` is the channel that it concerns; `channel_said` where the caller named it.
        """
        return Cause(self.client, self.reason, self.reference or reference, channel_id, channel_said)
