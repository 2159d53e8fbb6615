"""What is remembered of the demand at one place: sums that each day adds to and that fade with its age."""

from __future__ import annotations

from dataclasses import dataclass, field

ALL_CHANNELS = "*"
"""The series of all demand, whichever channel it came through, or none. No channel can have this id."""

SIZE_DECAY = 0.9
"""How much an earlier day with demand counts for the mean size against the next one."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days that something is known of: how many, and the sums of 1 and of its square over them, fading with age."""

    counted_days: int
    weight: float
    weight_squares: float


@dataclass(slots=True)
class Series:
    """The demand of one channel at one place.

    `today` is the open day's units taken less units given back. `credit` are units given back that no demand was
    set off against yet: a hold made yesterday and released today takes from today's demand, or else tomorrow's.
    `days_with`, `units` and `squares` sum 1, x and x^2 over the days with demand of x units, fading with each counted
    day; the `size_` sums do the same fading with each day that had demand. The `_before` sums are what the cell had
    counted when the series began: of a channel, the days before its first demand are not days without demand.
    """

    today: int = 0
    credit: int = 0
    demand_days: int = 0
    units_total: int = 0
    days_with: float = 0.0
    units: float = 0.0
    squares: float = 0.0
    size_weight: float = 0.0
    size_units: float = 0.0
    size_squares: float = 0.0
    counted_before: int = 0
    weight_before: float = 0.0
    weight_squares_before: float = 0.0

    def close_day(self) -> int:
        """The day's demand in units, at least 0; what was given back beyond it is carried over."""
        net = self.today - self.credit
        self.today = 0
        self.credit = max(0, -net)
        return max(0, net)

    def add(self, units: int, decay: float) -> None:
        """Add a counted day."""
        self.fade(decay)
        if units == 0:
            return
        self.demand_days += 1
        self.units_total += units
        self.days_with += 1.0
        self.units += units
        self.squares += units * units
        self.size_weight = SIZE_DECAY * self.size_weight + 1.0
        self.size_units = SIZE_DECAY * self.size_units + units
        self.size_squares = SIZE_DECAY * self.size_squares + units * units

    def fade(self, factor: float) -> None:
        self.days_with *= factor
        self.units *= factor
        self.squares *= factor
        self.weight_before *= factor
        self.weight_squares_before *= factor**2


@dataclass(slots=True)
class Cell:
    """One location of an item, or all of them together: its demand by channel, and on which days it had stock.

    Days are UTC days since 1970. `day` is still open; `since` is when the location was first stocked. A day counts
    when at any time of it the location was `active` and there was stock, or units that backorders waited for (`owed`),
    so that others could have ordered too, or when there was demand; the others say nothing of what buyers wanted.
    `weight` sums 1 over the counted days, fading with age, `weight_squares` the squares of what is left of each 1.
    """

    since: int
    day: int
    available: int
    stocked: bool = False
    counted_days: int = 0
    days_without_stock: int = 0
    weight: float = 0.0
    weight_squares: float = 0.0
    owed: int = 0
    active: bool = True
    series: dict[str, Series] = field(default_factory=dict)

    def advance(self, day: int, decay: float) -> None:
        """Close all days before `day`. Those without any movement cost no more than one."""
        if day <= self.day:
            return
        self._close_day(decay)
        self._add_quiet_days(day - self.day - 1, decay)
        self.day = day
        self.stocked = self._is_on_sale

    def post(self, available: int) -> None:
        """What is available has changed to this."""
        self.stocked = self.stocked or self._is_on_sale
        self.available = available
        self.stocked = self.stocked or self._is_on_sale

    def owe(self, units: int) -> None:
        """Backorders wait for so many units more, or fewer; those from before they were counted are not known."""
        self.owed = max(0, self.owed + units)
        self.stocked = self.stocked or self._is_on_sale

    def switch(self, active: bool) -> None:
        """The location is active from now on, or not."""
        self.active = active
        self.stocked = self.stocked or self._is_on_sale

    def take(self, units: int, channel_id: str | None) -> None:
        """Buyers took so many units today, or gave them back where negative."""
        self.series.setdefault(ALL_CHANNELS, Series()).today += units
        if channel_id is not None:
            self._of_channel(channel_id).today += units

    def span(self, series: Series) -> Span:
        """The days that the series is computed over: all of the cell's, of a channel those since its first demand."""
        return Span(
            self.counted_days - series.counted_before,
            self.weight - series.weight_before,
            self.weight_squares - series.weight_squares_before,
        )

    def _of_channel(self, channel_id: str) -> Series:
        known = self.series.get(channel_id)
        if known is None:
            known = self.series[channel_id] = Series(
                counted_before=self.counted_days,
                weight_before=self.weight,
                weight_squares_before=self.weight_squares,
            )
        return known

    @property
    def _is_on_sale(self) -> bool:
        return self.active and (self.available > 0 or self.owed > 0)

    def _close_day(self, decay: float) -> None:
        demand = [(series, series.close_day()) for series in self.series.values()]
        if not self.stocked and not any(units for _, units in demand):
            self.days_without_stock += 1
            return
        self.counted_days += 1
        self.weight = decay * self.weight + 1.0
        self.weight_squares = decay * decay * self.weight_squares + 1.0
        for series, units in demand:
            series.add(units, decay)

    def _add_quiet_days(self, days: int, decay: float) -> None:
        """Days on which nothing moved: in stock on all of them or on none. Credit waits for demand."""
        if not self._is_on_sale:
            self.days_without_stock += days
            return
        faded = decay**days
        self.counted_days += days
        self.weight = faded * self.weight + (1.0 - faded) / (1.0 - decay)
        self.weight_squares = faded**2 * self.weight_squares + (1.0 - faded**2) / (1.0 - decay**2)
        for series in self.series.values():
            series.fade(faded)
