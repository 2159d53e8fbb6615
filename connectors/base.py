"""What a connector is: declared traits, and methods that neither wait nor open anything.

A method that needs calls is a generator flow (see `exchange.Flow`); `client.ChannelClient.run` carries it out. A flow
raises only what concerns the whole channel; what concerns one line is an outcome of that line.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, Generic

from connectors.abilities import StockAbilities
from connectors.auth import Auth
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelStock, Page
from connectors.config import Config
from connectors.errors import ConnectorError, Permanent, Retriable, Throttled, Untrusted
from connectors.exchange import UNREADABLE, Flow, Notification, Reply, Response
from connectors.limit_headers import LimitHeaders
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Allowance, Pace
from connectors.queues import QueueAddress
from connectors.signatures import Signature
from connectors.status import error_for_status
from connectors.updates import Rejected, StockUpdate, UpdateOutcome

CALLS_AT_ONCE_MAX = 8


class Connector(ABC, Generic[Config]):
    """One kind of shop. Stateless: one instance serves all channels of its platform."""

    name: ClassVar[str]
    """Unique; stored with every channel, so it never changes."""
    title: ClassVar[str]
    config_type: type[Config]
    pace: ClassVar[Pace]
    budgets: ClassVar[Mapping[str, Pace]] = MappingProxyType({})
    """Allowances of their own for kinds of calls that the platform counts apart, see `Request.budget`."""
    limits: ClassVar[LimitHeaders] = LimitHeaders()
    """Where answers say what is left of the platform's limit."""
    busy_statuses: ClassVar[tuple[int, ...]] = ()
    """What the platform answers while somebody else changes the same record, for a moment."""
    stock: ClassVar[StockAbilities]
    listing_ids: ClassVar[ListingIds]
    signature: ClassVar[Signature | None]
    """None: the platform sends no webhooks, and whatever arrives is refused."""
    sends_again: ClassVar[bool] = True
    """What does not arrive is sent again until it does. Otherwise notifications only make it quicker."""
    topics: ClassVar[Mapping[str, MessageKind]]
    """The topics we act on; others are accepted and ignored."""
    poll_seconds_min: ClassVar[float] = 0
    """The platform's limits allow no more frequent look for changed orders."""
    setup: ClassVar[Sequence[str]]
    """What an operator does at the platform before the channel is connected, one step each; for `docs/platforms.md`."""
    delivery_header: ClassVar[str | None] = None
    """The header whose value is the same on every resend of one notification, and only then."""

    @abstractmethod
    def auth(self, config: Config) -> Auth:
        """How calls of this channel prove who they are."""

    def abilities(self, config: Config) -> StockAbilities:
        """`stock`, unless this channel's settings allow it more."""
        return self.stock

    def calls_at_once(self, config: Config) -> int:
        """How many calls of this channel may be under way at a time."""
        return CALLS_AT_ONCE_MAX

    def authorities(self, config: Config) -> str | None:
        """The certificates (PEM) that vouch for this channel's server in place of those which the machine trusts."""
        return None

    def secrets(self, config: Config) -> Sequence[str]:
        """The keys a signature may be made with, the newest first; several while a key is being changed."""
        return ()

    # Inbound

    def key_addresses(self, config: Config, notification: Notification) -> Mapping[str, str]:
        """Where to fetch the public keys that `verify` needs in the notification, by name; the platform's own only."""
        return {}

    def topic(self, notification: Notification) -> str:
        """The platform's own name of what happened; empty when it says none."""
        return ""

    def interpret(self, config: Config, notification: Notification) -> list[ChannelMessage]:
        """What a verified notification says; empty when there is nothing for us in it. Platforms that send any write
        this one, callers use `parse`."""
        return []

    def parse(self, config: Config, notification: Notification) -> list[ChannelMessage]:
        """What a verified notification says. Raises `Permanent` when it does not have the shape its topic promises."""
        try:
            return self.interpret(config, notification)
        except UNREADABLE as error:
            raise Permanent(f"{self.title} sent a notification of unexpected shape: {error!r}") from error

    def receive(self, config: Config, notification: Notification) -> list[ChannelMessage]:
        """`verify`, then `parse`."""
        self.verify(config, notification)
        return self.parse(config, notification)

    def queue(self, config: Config) -> QueueAddress | None:
        """The queue that notifications come from instead of, or besides, the webhook; what it holds is trusted as much
        as whoever may write to it. None when there is none."""
        return None

    def tells_of_orders(self, config: Config) -> bool:
        """Whether its notifications may be relied on. Otherwise it is asked for orders as often as one that sends
        none."""
        told = self.signature is not None and self.sends_again and bool(self.secrets(config))
        return told or self.queue(config) is not None

    def handshake(self, config: Config, notification: Notification) -> Reply | None:
        """The answer to a challenge, which carries no signature and has no effect; None for everything else."""
        return None

    def verify(self, config: Config, notification: Notification) -> None:
        """Raises `Untrusted` unless the notification is proven to come from the platform."""
        if self.signature is None:
            raise Untrusted(f"{self.title} sends no webhooks")
        self.signature.verify(notification, self.secrets(config))

    def delivery_key(self, notification: Notification) -> str:
        """Equal for resends of one notification and for nothing else."""
        stated = notification.headers.get(self.delivery_header, "") if self.delivery_header else ""
        return stated or sha256(self.topic(notification).encode() + b"\n" + notification.body).hexdigest()

    # Outbound

    @abstractmethod
    def set_stock(self, config: Config, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        """One outcome per update, in their order. Platforms write this one, callers use `write_stock`."""

    def write_stock(self, config: Config, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        """Offers the quantities; one outcome per update, in their order. At most `stock.updates_max` updates.

        Updates whose listing lacks an id are rejected before anything is sent.
        """
        problems = [self.listing_ids.problem_of(update) for update in updates]
        writable = [update for update, problem in zip(updates, problems, strict=True) if problem is None]
        written = iter((yield from self.set_stock(config, writable)) if writable else ())
        return [next(written) if problem is None else Rejected("listing_ids", problem) for problem in problems]

    def unfinished(self, config: Config) -> Flow[bool] | None:
        """Whether something that was written, and had no answer, may yet be applied; None on a platform that applies
        at once what it applies at all. Nothing newer is written before it is so."""
        return None

    @abstractmethod
    def read_stock(self, config: Config, cursor: str | None) -> Flow[Page[ChannelStock]]:
        """One page of what the platform shows, from the beginning when `cursor` is None."""

    @abstractmethod
    def read_catalog(self, config: Config, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        """One page of what the platform sells."""

    @abstractmethod
    def read_orders(
        self, config: Config, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        """One page of the orders changed since the cursor, or since `since` when there is none yet.

        Pages overlap at their edges rather than leave a gap: the same state of an order may come again.
        """

    @abstractmethod
    def read_order(self, config: Config, order_id: str) -> Flow[OrderEvent | None]:
        """The order's present state; None when the platform has no such order for this channel."""

    @abstractmethod
    def check(self, config: Config) -> Flow[ChannelCheck]:
        """One harmless look whether address, credentials and permissions are right."""

    def subscribe(self, config: Config, callback_url: str) -> Flow[tuple[str, ...]]:
        """Registers our webhook for all `topics`, also when done before; returns what a person must do by hand."""
        yield from ()
        if self.signature is None:
            return ()
        return (f"Register {callback_url} in {self.title} for: {', '.join(sorted(self.topics)) or 'nothing'}",)

    # What the machinery asks about each answer

    def classify(self, response: Response) -> ConnectorError | None:
        """The failure an answer stands for; None when the flow shall see it."""
        if response.status in self.busy_statuses:
            return Retriable(f"{self.title} is busy with the same record ({response.status})")
        error = error_for_status(response, self.title)
        if isinstance(error, Throttled) and error.after_seconds is None:
            error.after_seconds = self.limits.reset_seconds(response)
        return error

    def allowance(self, response: Response) -> Allowance | None:
        """What the answer says is left of the platform's limit; None when it says nothing."""
        return self.limits.allowance(response)
