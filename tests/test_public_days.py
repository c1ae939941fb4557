"""Public holidays and the sale after Thanksgiving, and what they excuse."""

from datetime import date, timedelta

import numpy as np
import pytest

from bookbag_orchestration.sections import Account
from expectations.anomalies.calendar import Calendar, Event
from expectations.anomalies.public_days import public_days
from tests.anomaly_support import BEGIN, Marts, drawn

JULY_4 = date(2026, 7, 4)


@pytest.mark.parametrize(
    ("year", "friday"), [(2024, date(2024, 11, 29)), (2025, date(2025, 11, 28)),
                         (2026, date(2026, 11, 27)), (2029, date(2029, 11, 23))],
)  # fmt: skip
def test_the_sale_is_from_black_friday_to_cyber_monday(year: int, friday: date) -> None:
    (sale,) = public_days(None, date(year, 3, 1), date(year, 3, 2))
    assert (sale.starts_on, sale.ends_on) == (friday, friday + timedelta(days=3))
    assert sale.direction == 1


def test_holidays_are_those_of_the_country() -> None:
    def of(country: str | None) -> set[str]:
        return {each.name for each in public_days(country, JULY_4, JULY_4)}

    assert "Independence Day" in of("US")
    assert {"Assumption Of Mary Day"} <= of("IT") - of("US")
    assert of("XX") == of(None) == {"BFCM"}


@pytest.mark.parametrize(
    ("given", "country"),
    [
        ({"timezone": "America/New_York"}, "US"),
        ({"timezone": "Europe/Rome"}, "IT"),
        ({"timezone": "Europe/Rome", "country": "SM"}, "SM"),
        ({"timezone": "UTC"}, None),
    ],
)
def test_the_country_is_that_of_the_zone_unless_it_is_named(
    given: dict[str, str], country: str | None
) -> None:
    assert Account.model_validate({"id": "a", **given}).home_country == country


def test_a_sale_named_with_its_year_is_the_one_of_last_year() -> None:
    last, now = (
        Event(f"BFCM {year}", "peak", date(year, 11, day), date(year, 11, day + 3))
        for year, day in ((2025, 24), (2026, 23))
    )
    assert Calendar([last, now]).before(now) == last


def test_a_drop_on_a_public_holiday_is_expected_and_on_any_other_day_is_not() -> None:
    """Memorial Day of 2026 is May 25; the same drop a week before is an incident."""
    holiday, monday = (date(2026, 5, 25) - BEGIN).days, (date(2026, 5, 18) - BEGIN).days
    for day, country, found in (
        (holiday, "US", [(True, "expected: Memorial Day")]),
        (holiday, "IT", [(False, None)]),
        (monday, "US", [(False, None)]),
    ):
        marts = Marts()
        tickets = np.append(drawn(100), drawn(100))[: holiday + 1]
        tickets[day] = 25
        marts.add("tickets_created", tickets)
        marts.judge(day, country=country)
        assert marts.alerts("is_suppressed, context") == found, (day, country)


def test_what_the_account_says_of_such_a_day_goes_before() -> None:
    marts = Marts()
    holiday = (date(2026, 5, 25) - BEGIN).days
    tickets = np.append(drawn(100), drawn(100))[: holiday + 1]
    tickets[holiday] = 250
    marts.add("tickets_created", tickets)
    marts.happen("Spring sale", "promo", holiday - 1, holiday)
    marts.judge(holiday, country="US")
    assert marts.alerts("context") == [("expected: Spring sale",)]
