"""Shops that count what is on hand: what their own open orders hold is in the count until it leaves the house."""

from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldOrder


class CountsOnHand(SimulatedPlatform):
    """The shelf holds what can be sold."""

    def held(self, sku: str, place: str | None) -> int:
        return sum(
            line.unshipped
            for order in self.orders.values()
            for line in order.lines
            if line.sku == sku and order.taken_from == place and not order.cancelled_at
        )

    def on_hand(self, sku: str, place: str | None) -> int:
        return self.shelf.quantity(sku, place) + self.held(sku, place)

    def count(self, sku: str, place: str | None, on_hand: int) -> None:
        self.shelf.put(sku, place, on_hand - self.held(sku, place))


def stage_of(order: SoldOrder) -> str:
    """`cancelled`, `shipped` or `open`."""
    if order.cancelled_at:
        return "cancelled"
    shipped = any(line.fulfilled for line in order.lines) and not any(line.unshipped for line in order.lines)
    return "shipped" if shipped else "open"
