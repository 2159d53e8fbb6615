"""A small model of reservations and orders: who has been promised how many units, and until when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.clock import StoppedClock

Basket = dict[str, int]


@dataclass
class Claim:
    """One reservation."""

    units: Basket
    owner: str | None
    expires_at: datetime | None
    paying: bool = False
    state: str = "held"

    def state_at(self, now: datetime) -> str:
        overdue = self.state == "held" and self.expires_at is not None and self.expires_at <= now
        return "expired" if overdue else self.state

    def resolve(self, state: str) -> None:
        self.state, self.units = state, {}


@dataclass
class Bought:
    """One order."""

    basket: Basket
    owner: str | None
    claim: Claim | None = None
    cancelled: bool = False

    def state_at(self, now: datetime) -> str:
        if self.cancelled:
            return "cancelled"
        if self.claim is None:
            return "unpaid"
        match self.claim.state_at(now):
            case "held":
                return "paying" if self.claim.paying else "unpaid"
            case "committed":
                return "partly_shipped" if self.claim.units != self.basket else "paid"
            case "fulfilled":
                return "shipped"
            case _:
                return "unpaid"


@dataclass
class Model:
    """Everything that two gateways should agree with."""

    clock: StoppedClock
    on_hand: Basket
    claims: dict[str, Claim] = field(default_factory=dict)
    orders: dict[str, Bought] = field(default_factory=dict)

    def allocated(self, sku: str) -> int:
        live = (claim for claim in self.claims.values() if claim.state_at(self.clock.now) in ("held", "committed"))
        return sum(claim.units.get(sku, 0) for claim in live)

    def has(self, basket: Basket, freed: list[Claim]) -> bool:
        """Whether the basket can be promised once `freed` are given up."""
        given_up = Counter[str]()
        for claim in freed:
            given_up.update(claim.units if claim.state_at(self.clock.now) == "held" else {})
        return all(self.on_hand[s] - self.allocated(s) + given_up[s] >= units for s, units in basket.items())

    def own(self, owner: str | None, basket: Basket) -> list[Claim]:
        """The owner's live holds that touch the basket and are not being paid for."""
        return [
            claim
            for claim in self.claims.values()
            if owner is not None
            and claim.owner == owner
            and not claim.paying
            and claim.state_at(self.clock.now) == "held"
            and claim.units.keys() & basket.keys()
        ]

    def claim(self, id: str, basket: Basket, owner: str | None, seconds: int, freed: list[Claim]) -> Claim:
        for claim in freed:
            claim.resolve("released")
        self.claims[id] = Claim(dict(basket), owner, self.clock.now + timedelta(seconds=seconds))
        return self.claims[id]
