"""Days that nobody has to write down: a country's public holidays, and the sale of November.

What an account's own calendar says of such a day goes before.
"""

from datetime import date, timedelta
from typing import Final

from expectations.anomalies.calendar import PUBLIC_HOLIDAY, Event

BFCM: Final = "BFCM"
# Black Friday is the day after the fourth Thursday of November; Cyber Monday ends the sale.
THURSDAY: Final = 3


def public_days(country: str | None, first: date, last: date) -> list[Event]:
    """Events of these years; `country` is its ISO 3166 code, None where no holidays are known."""
    years = range(first.year, last.year + 1)
    return [*_holidays(country, years), *map(_sale, years)]


def _holidays(country: str | None, years: range) -> list[Event]:
    import holidays

    if country is None or country not in holidays.list_supported_countries():
        return []
    found = holidays.country_holidays(country, years=years)
    return [Event(name, PUBLIC_HOLIDAY, day, day) for day, name in sorted(found.items())]


def _sale(year: int) -> Event:
    first = date(year, 11, 1)
    friday = first + timedelta(days=(THURSDAY - first.weekday()) % 7 + 22)
    return Event(BFCM, "peak", friday, friday + timedelta(days=3))
