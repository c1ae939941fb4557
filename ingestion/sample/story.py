"""What happens to the sample shop and when: its size, seasons, incidents and the AI's career.

Every date is worked out from the spec and the month of its end, never from the rows, so that the
story is the same on each day of a month; a spec with `starts_on` (and no `ends_on`) keeps it for
good, however long the shop goes on.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from ingestion.sample.clocks import Days, add_months, day_number, thanksgiving
from ingestion.sample.dice import Floats, Ints

MONTHS = 15
WARM_UP_DAYS = 60
AFTERLIFE_DAYS = 45
NOMINAL_DAYS = 470

WEEKDAY_ORDERS = (1.08, 1.02, 0.98, 0.97, 1.0, 0.93, 1.08)
MONTH_ORDERS = (0.86, 0.88, 0.94, 0.97, 1.02, 0.96, 0.93, 0.97, 1.0, 1.04, 1.2, 1.22)
GROWTH_PER_YEAR = 0.12
BFCM_ORDERS = (2.1, 3.3, 2.0, 1.9, 2.9, 1.4)  # Thanksgiving to the Tuesday after
PROMO_ORDERS = 1.55


@dataclass(frozen=True)
class SampleSpec:
    """Size and span of a sample shop; `orders` and `tickets` are met to a few per cent.

    `ends_on` defaults to the day before `now`, `starts_on` to the first of a month about 15 months
    before it. With both given the orders and tickets are spread over just that span.

    `is_beside`: only what the shop keeps beside the helpdesk and the shop system that the sandbox
    serves; `helpdesk` is the kind whose ids it names people by.
    """

    name: str = "shop"
    seed: int = 7
    starts_on: date | None = None
    ends_on: date | None = None
    orders: int = 40_000
    tickets: int = 5_000
    timezone: str = "America/New_York"
    ai_launch_date: date | None = None
    is_beside: bool = False
    helpdesk: str = ""


@dataclass(frozen=True)
class Window:
    """An inclusive span of local days."""

    first: date
    last: date

    def covers(self, numbers: Ints) -> np.ndarray:
        return (numbers >= day_number(self.first)) & (numbers <= day_number(self.last))


def _window(first: date, days: int) -> Window:
    return Window(first, first + timedelta(days=days - 1))


@dataclass(frozen=True)
class Story:
    """The spec with every date settled."""

    spec: SampleSpec
    starts_on: date
    ends_on: date
    nominal_end: date
    ai_launch_on: date

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.spec.timezone)

    @cached_property
    def days(self) -> Days:
        """From the warm-up, whose orders nobody sees, to the rest of the life of open tickets."""
        first = day_number(self.starts_on) - WARM_UP_DAYS
        return Days(self.zone, first, day_number(self.ends_on) + AFTERLIFE_DAYS)

    @cached_property
    def start_at(self) -> int:
        return self.days.instant(self.starts_on, 0)

    @cached_property
    def end_at(self) -> int:
        """The midnight that ends the last day; nothing later is in the shop."""
        return self.days.instant(self.ends_on, 1440)

    @property
    def unit(self) -> float:
        """Shorter than 1 for a shop too young for the whole story."""
        return min(1.0, (self.nominal_end - self.starts_on).days / NOMINAL_DAYS)

    def _back(self, days: float) -> date:
        return self.nominal_end - timedelta(days=round(days * self.unit))

    def _again(self, first: date, length: int, every: int) -> list[Window]:
        """A window, and its like for as long as the shop goes on."""
        windows = []
        while first <= self.ends_on + timedelta(days=AFTERLIFE_DAYS):
            windows.append(_window(first, length))
            first += timedelta(days=every)
        return windows

    @cached_property
    def carrier(self) -> list[Window]:
        first = self._back(40)
        return self._again(first - timedelta(days=(first.weekday() - 1) % 7), 8, 189)

    @cached_property
    def defect(self) -> list[Window]:
        return self._again(self._back(175), max(3, round(14 * self.unit)), 273)

    @cached_property
    def outage(self) -> list[Window]:
        return self._again(self._back(205), 1, 301)

    @cached_property
    def regression(self) -> list[Window]:
        first = self.ai_launch_on + timedelta(days=round(112 * self.unit))
        return self._again(first, max(4, round(18 * self.unit)), 364)

    @cached_property
    def silence(self) -> list[Window]:
        """The chat is gone from the shop's pages from a Monday to the Friday."""
        first = self._back(82)
        return self._again(first - timedelta(days=first.weekday()), 5, 294)

    @cached_property
    def bfcm(self) -> list[Window]:
        years = range(self.days.dates[0].year, self.days.dates[-1].year + 2)
        return [_window(thanksgiving(year), 6) for year in years]

    @cached_property
    def promos(self) -> list[tuple[str, Window]]:
        found = []
        for year in range(self.days.dates[0].year, self.days.dates[-1].year + 2):
            found += [
                ("Winter sale", _window(date(year, 1, 12), 6)),
                ("Spring launch", _window(date(year, 4, 16), 4)),
                ("Summer sale", _window(date(year, 7, 8), 5)),
                ("Autumn refresh", _window(date(year, 9, 17), 4)),
            ]
        return found

    def during(self, windows: list[Window], numbers: Ints) -> np.ndarray:
        inside = np.zeros(len(numbers), dtype=bool)
        for window in windows:
            inside |= window.covers(numbers)
        return inside

    @cached_property
    def order_weights(self) -> Floats:
        """Relative order volume of each of `days`."""
        days = self.days
        months = np.array([day.month - 1 + (day.day - 1) / 31 for day in days.dates])
        season = np.interp(months, np.arange(13), [*MONTH_ORDERS, MONTH_ORDERS[0]])
        years = (days.numbers - day_number(self.starts_on)) / 365.25
        weights = season * np.array(WEEKDAY_ORDERS)[days.weekdays] * (1 + GROWTH_PER_YEAR * years)
        for window in self.bfcm:
            for offset, boost in enumerate(BFCM_ORDERS):
                weights[days.numbers == day_number(window.first) + offset] *= boost
        weights[self.during([window for _, window in self.promos], days.numbers)] *= PROMO_ORDERS
        return np.asarray(weights)

    def _nominal(self) -> np.ndarray:
        numbers = self.days.numbers
        inside = numbers >= day_number(self.starts_on)
        return inside & (numbers <= day_number(self.nominal_end))

    @cached_property
    def orders_per_day(self) -> Floats:
        """Expected orders on each of `days`."""
        if self.ends_on >= self.nominal_end:
            rate = self.spec.orders / float(self.order_weights[self._nominal()].sum())
            return np.asarray(self.order_weights * rate)
        whole = Story(self.spec, self.starts_on, self.nominal_end, self.nominal_end, self.starts_on)
        rates = whole.orders_per_day
        size = len(self.days.numbers)
        return np.asarray(rates[:size])

    @cached_property
    def tickets_per_order(self) -> Floats:
        """Expected tickets an order placed on each of `days` brings; it falls over the story."""
        numbers = self.days.numbers
        length = max(1, (self.nominal_end - self.starts_on).days)
        told = np.clip((numbers - day_number(self.starts_on)) / length, 0.0, 1.0)
        return np.asarray((1.15 - 0.3 * told) * self.spec.tickets / max(1, self.spec.orders))

    @cached_property
    def stuck(self) -> np.ndarray:
        """Days on which a carrier has trouble."""
        return self.during(self.carrier, self.days.numbers)

    @cached_property
    def ai_age(self) -> Floats:
        """0 before the launch, growing to 1 as the AI learns, for each of `days`."""
        since = self.days.numbers - day_number(self.ai_launch_on)
        return np.asarray(np.where(since < 0, 0.0, 0.12 + 0.88 * (1 - np.exp(-since / 70.0))))

    @cached_property
    def ai_live(self) -> np.ndarray:
        return np.asarray(self.days.numbers >= day_number(self.ai_launch_on))

    @cached_property
    def ai_ill(self) -> np.ndarray:
        """Days on which a bad release makes the AI worse."""
        return np.asarray(self.during(self.regression, self.days.numbers) & self.ai_live)


def tell(spec: SampleSpec, now: datetime) -> Story:
    """Settle the dates that `spec` leaves open; `now` must have an offset."""
    if now.tzinfo is None:
        raise ValueError(
            f"sample shop {spec.name!r}: `now` has no time zone; pass datetime.now(timezone.utc)"
        )
    zone = ZoneInfo(spec.timezone)
    ends_on = spec.ends_on or now.astimezone(UTC).astimezone(zone).date() - timedelta(days=1)
    starts_on = spec.starts_on or add_months(ends_on, -MONTHS)
    if starts_on > ends_on:
        raise ValueError(
            f"sample shop {spec.name!r}: starts_on {starts_on} is after ends_on {ends_on}; "
            "give an earlier start"
        )
    if spec.starts_on and spec.ends_on:
        nominal_end = spec.ends_on
    else:
        nominal_end = add_months(starts_on, MONTHS) + timedelta(days=14)
    unit = min(1.0, (nominal_end - starts_on).days / NOMINAL_DAYS)
    launch = nominal_end - timedelta(days=round(258 * unit))
    launch = spec.ai_launch_date or max(launch - timedelta(days=launch.weekday()), starts_on)
    return Story(spec, starts_on, ends_on, nominal_end, launch)
