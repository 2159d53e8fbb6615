"""What a channel is told: the arithmetic behind every push, case by case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from connectors.abilities import StockWrites
from connectors.updates import Confirmed as Shown
from connectors.updates import Deferred, Rejected, Stale, UpdateOutcome
from gateway.dispatch.offers import SETTLING, Offer, Present, numbered, offer, requests
from gateway.dispatch.outcomes import Settlement, settle
from gateway.inventory.channels import Channel, ChannelState, Confirmed, Intent, Listing, Place
from gateway.inventory.offering import Offering
from gateway.inventory.stock import Item
from gateway.store.own_movements import OwnMovement
from tests.builders import NOW, item

CAS, LOOK = StockWrites.COMPARE_AND_SET, StockWrites.LOOK_AND_SET
ABSOLUTE, DELTA = StockWrites.ABSOLUTE, StockWrites.IDEMPOTENT_DELTA
SEQ_CONFIRMED, SEQ_NOW = 100, 200


def channel(locations: Mapping[str, Place] | None = None, buffer: int = 0) -> Channel:
    active = ChannelState.ACTIVE
    return Channel("c", "p", "C", {}, b"", locations, buffer, active, None, 1, NOW, NOW)


def listing(confirmed: Mapping[Place, Confirmed] | None = None, *intents: Intent) -> Listing:
    return Listing("c", "id-A", "A", {"id": "1"}, NOW, 1, "", confirmed or {}, NOW, None, intents)


def stocked(**levels: int) -> Item:
    return item("A", levels, version=2, seq=SEQ_NOW)


def offered(
    writes: StockWrites,
    available: int,
    *,
    confirmed: Confirmed | None = None,
    own: int | None = 0,
    there: int | None = None,
    intents: tuple[Intent, ...] = (),
) -> Offer:
    """One place; `own` units were sold by the channel itself since the confirmation (None: cannot be counted)."""
    movements = None if own is None else [OwnMovement("id-A", 150, "WH", -own)] if own else []
    present = Present(Offering(channel(), {"WH": True}), writes, NOW)
    actual: dict[Place, int] = {} if there is None else {None: there}
    return offer(
        present, listing({None: confirmed} if confirmed else None, *intents), stocked(WH=available), movements, actual
    )


TEN = Confirmed(10, SEQ_CONFIRMED)
SETTLING_TEN = Confirmed(10, SEQ_CONFIRMED, NOW + SETTLING)
UNANSWERED = Intent("b", 0, None, 9, 10, None, 0, 2, 150, "", NOW)


@pytest.mark.parametrize(
    ("writes", "available", "given", "change_from", "quantity", "delta"),
    [
        # The first write knows nothing to compare with.
        (CAS, 10, {}, None, 10, None),
        (ABSOLUTE, 10, {}, None, 10, None),
        # Sold elsewhere.
        (CAS, 8, {"confirmed": TEN}, 10, 8, None),
        (DELTA, 8, {"confirmed": TEN}, None, 8, -2),
        # Two sold elsewhere and one here: the platform has taken that one off by itself.
        (CAS, 7, {"confirmed": TEN, "own": 1}, 9, 7, None),
        (DELTA, 7, {"confirmed": TEN, "own": 1}, None, 7, -2),
        # One sold here: an overwriting platform is told, since our last write may have trampled that order.
        (ABSOLUTE, 9, {"confirmed": TEN, "own": 1}, None, 9, None),
        # It refused: it shows 6 where we believed 10. Four units are sold there and not reported: they stay off.
        (CAS, 8, {"confirmed": TEN, "there": 6}, 6, 4, None),
        # More was sold there than is left: nothing is offered, and never less than nothing.
        (CAS, 3, {"confirmed": TEN, "there": 2}, 2, 0, None),
        # Units came back there that nobody has reported yet: they stay.
        (CAS, 8, {"confirmed": TEN, "there": 12}, 12, 10, None),
        # While it settles too, for what our own first write has overwritten shows only once it is reported.
        (CAS, 8, {"confirmed": SETTLING_TEN, "there": 12}, 12, 10, None),
        # Then the excess is that, up to what was reported.
        (CAS, 8, {"confirmed": SETTLING_TEN, "own": 2, "there": 10}, 10, 8, None),
        (CAS, 8, {"confirmed": SETTLING_TEN, "own": 2, "there": 11}, 11, 9, None),
        # While it settles, what follows from its own order is verified, though no change is expected.
        (CAS, 9, {"confirmed": SETTLING_TEN, "own": 1}, 9, 9, None),
        # What cannot be counted, or has no answer, is not believed.
        (CAS, 10, {"confirmed": TEN, "own": None}, None, 10, None),
        (ABSOLUTE, 10, {"confirmed": TEN, "intents": (UNANSWERED,)}, None, 10, None),
    ],
)
def test_a_write_says_what_happened_elsewhere(
    writes: StockWrites,
    available: int,
    given: dict[str, object],
    change_from: int | None,
    quantity: int,
    delta: int | None,
) -> None:
    [intent] = offered(writes, available, **given).writes  # type: ignore[arg-type]
    assert (intent.change_from, intent.quantity, intent.delta) == (change_from, quantity, delta)


@pytest.mark.parametrize(
    ("writes", "available", "own"),
    [(CAS, 10, 0), (ABSOLUTE, 10, 0), (DELTA, 10, 0), (CAS, 9, 1), (DELTA, 9, 1)],
)
def test_a_zero_change_is_not_sent_and_counts_as_confirmed(writes: StockWrites, available: int, own: int) -> None:
    some = offered(writes, available, confirmed=TEN, own=own)
    assert some.writes == ()
    assert some.unchanged == {None: Confirmed(available, SEQ_NOW)}


def test_an_order_that_is_not_in_the_quantities_yet_is_not_counted_yet() -> None:
    movement = OwnMovement("id-A", SEQ_NOW + 1, "WH", -3)
    present = Present(Offering(channel(), {"WH": True}), CAS, NOW)
    some = offer(present, listing({None: TEN}), stocked(WH=10), [movement], {})
    assert some.writes == ()


@pytest.mark.parametrize(("counts_returns", "told"), [(True, []), (False, [(14, 12)])])
def test_what_came_back_is_told_to_a_platform_that_does_not_count_it(
    counts_returns: bool, told: list[tuple[int, int]]
) -> None:
    """Four units of its own came free, of which two had been shipped."""
    movement = OwnMovement("id-A", 150, "WH", 4, returned=2)
    present = Present(Offering(channel(), {"WH": True}), CAS, NOW, counts_returns)
    some = offer(present, listing({None: TEN}), stocked(WH=14), [movement], {})
    assert [(write.quantity, write.change_from) for write in some.writes] == told


def test_a_buffer_is_withheld_and_never_goes_below_zero() -> None:
    assert Offering(channel(buffer=3), {"WH": True}).offered(stocked(WH=10), {}) == {None: 7}
    assert Offering(channel(buffer=3), {"WH": True}).offered(stocked(WH=2), {}) == {None: 0}


def test_each_place_of_the_platform_gets_the_sum_of_what_feeds_it() -> None:
    mapped = channel({"EAST": "1", "WEST": "1", "SHOP": "2"})
    everything = {"EAST": True, "WEST": True, "SHOP": True}
    assert Offering(mapped, everything).offered(stocked(EAST=1, WEST=2, SHOP=4, OTHER=8), {}) == {"1": 3, "2": 4}


def test_an_inactive_location_offers_nothing() -> None:
    assert Offering(channel({"EAST": "1"}), {"EAST": False}).offered(stocked(EAST=5), {}) == {"1": 0}


def test_a_place_that_is_only_looked_at_before_a_write_settles_after_each() -> None:
    [intent] = offered(LOOK, 8, confirmed=TEN).writes
    assert (intent.change_from, intent.quantity, intent.settles_at) == (10, 8, NOW + SETTLING)
    [compared] = offered(CAS, 8, confirmed=TEN).writes
    assert compared.settles_at is None


def test_settling_ends() -> None:
    old = Confirmed(10, SEQ_CONFIRMED, NOW - timedelta(seconds=1))
    assert offered(CAS, 9, confirmed=old, own=1).writes == ()


def test_a_request_never_holds_more_than_the_platform_takes() -> None:
    mapped = channel({f"WH{n}": str(n) for n in range(5)})
    present = Present(Offering(mapped, {f"WH{n}": True for n in range(5)}), CAS, NOW)
    wide = offer(present, listing(), stocked(WH0=1), [], {})
    groups = list(requests([wide, wide, wide], 12))
    assert [sum(len(some.writes) for some in group) for group in groups] == [10, 5]
    [[part]] = requests([wide], 3)
    assert len(part.writes) == 3
    assert (part.version, part.writes[0].version) == (1, 1), "a part of a listing gains it no version"


def answered(*outcomes: UpdateOutcome, settles_at: datetime | None = None) -> Settlement:
    mapped = channel({f"WH{n}": str(n) for n in range(len(outcomes))})
    present = Present(Offering(mapped, {f"WH{n}": True for n in range(len(outcomes))}), CAS, NOW)
    levels = {f"WH{n}": 5 for n in range(len(outcomes))}
    writes = numbered([offer(present, listing(), stocked(**levels), [], {})], "b")
    return settle(writes, outcomes, {}, settles_at=settles_at)


def test_a_listing_is_synced_once_every_place_has_confirmed() -> None:
    [both] = answered(Shown(5), Shown(5)).acknowledged
    [one] = answered(Shown(5), Deferred("busy")).acknowledged
    assert both.synced is not None and both.synced[0] == 2
    assert one.synced is None and list(one.confirmed) == ["0"] and len(one.intents) == 1


def test_a_refused_line_is_parked_with_its_reason() -> None:
    [some] = answered(Rejected("GONE", "no such item")).acknowledged
    assert (some.reason, some.synced, some.intents) == ("no such item", None, ())


def test_a_stale_line_is_offered_anew_from_what_the_platform_shows() -> None:
    settlement = answered(Stale(3))
    assert settlement.stale == {"id-A": {"0": 3}}


def test_a_resent_line_whose_quantity_is_there_has_arrived_unless_a_report_says_otherwise() -> None:
    [some] = answered(Stale(5), settles_at=NOW + SETTLING).acknowledged
    assert some.synced is not None and some.synced[0] == 2
    assert some.confirmed["0"].settles_at == NOW + SETTLING
    assert answered(Stale(5)).stale, "but not when nothing was sent before"


def test_a_policy_changes_with_whatever_alters_an_offer() -> None:
    active = {"EAST": True, "WEST": True}
    policies = {
        channel().policy(active),
        channel(buffer=1).policy(active),
        channel({"EAST": None}).policy(active),
        channel({"EAST": "1"}).policy(active),
        channel({"EAST": "1"}).policy({**active, "EAST": False}),
        channel().policy({**active, "EAST": False}),
    }
    assert len(policies) == 6


def test_a_location_that_does_not_feed_a_channel_leaves_its_policy_alone() -> None:
    mapped = channel({"EAST": "1"})
    assert mapped.policy({"EAST": True}) == mapped.policy({"EAST": True, "WEST": False})
    assert channel().policy({"EAST": True}) == channel().policy({"EAST": True, "NEW": True})
