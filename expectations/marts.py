"""What the marts must be before anyone may read them."""

from expectations.suites import Expectation, Suite

HEADLINES = ("csat", "deflection_rate", "first_contact_resolution", "tickets_per_order")
SEGMENTS = ("handling", "channel", "category", "team", "customer_segment")

_KEY = "kpi, stat, grain, period_start, " + ", ".join(SEGMENTS)
_FOLLOWED = """
    select * from marts.kpi_values
    where (grain, period_start) in (select grain, period_start from kpis.kpi_reached_periods)"""


def mart_suites(*, is_live: bool = False) -> list[Suite]:
    """Suites over the published border: schema `marts` of the warehouse.

    Where the build `is_live`, the figures of the periods that it made anew: the others have passed.
    """
    figures = f"({_FOLLOWED})" if is_live else "marts.kpi_values"
    return [
        Suite(
            name="figures",
            query="select kpi from marts.kpi_values limit 1",
            expectations=[
                Expectation("ExpectTableRowCountToEqual", "there are figures", {"value": 1})
            ],
        ),
        Suite(
            name="kpi_values",
            query=f"""
                select kpi, stat,
                    count(*) - count(distinct ({_KEY})) as repeated,
                    count(case when numerator < 0 or denominator < 0 or n < 0 then 1 end)
                        as negative,
                    count(case when isnan(value) or isinf(value) then 1 end) as not_a_number,
                    count(case when denominator = 0 and value is not null then 1 end)
                        as known_without_denominator,
                    count(case when is_mature and is_partial and period_end
                        > timezone(account.timezone, account.data_as_of) then 1 end)
                        as mature_before_its_end
                from {figures} cross join marts.account as account
                group by kpi, stat""",
            expectations=[
                _none("repeated", "a figure is published once"),
                _none("negative", "counts, sums of durations and denominators are not negative"),
                _none("not_a_number", "a figure is a number or unknown"),
                _none("known_without_denominator", "nothing divided by nothing is unknown"),
                _none("mature_before_its_end", "a period that runs is not mature"),
            ],
        ),
        Suite(
            name="shares",
            query=f"""
                select kpi, stat, grain, cast(period_start as varchar) as period_start, value
                from {figures}
                where numerator is not null and numerator <= denominator
                    and stat in ('ratio', 'strict', 'durable', 'contact', 'one_touch', 'coverage')
                    and not isnan(value) and (value < 0 or value > 1)""",
            expectations=[
                Expectation(
                    "ExpectTableRowCountToBeBetween",
                    "a share of something lies between none and all of it",
                    {"max_value": 0},
                )
            ],
        ),
        Suite(
            name="kpi_catalog",
            query="""
                select kpi, tier, owner, protocol, available, unavailable_reason,
                    not available and coalesce(unavailable_reason, '') = '' as is_unexplained
                from marts.kpi_catalog""",
            expectations=[
                Expectation(
                    "ExpectColumnValuesToNotBeNull", "every KPI has an owner", {"column": "owner"}
                ),
                Expectation(
                    "ExpectColumnValuesToNotBeNull",
                    "every KPI has a response protocol",
                    {"column": "protocol"},
                ),
                Expectation(
                    "ExpectColumnValuesToBeUnique", "a KPI is listed once", {"column": "kpi"}
                ),
                Expectation(
                    "ExpectColumnValuesToNotBeInSet",
                    "what is unavailable says why",
                    {"column": "is_unexplained", "value_set": [True]},
                ),
            ],
        ),
        Suite(
            name="headlines",
            query="select kpi from marts.kpi_catalog where tier = 'headline'",
            expectations=[
                Expectation(
                    "ExpectColumnDistinctValuesToEqualSet",
                    "the headline tier is the core four",
                    {"column": "kpi", "value_set": list(HEADLINES)},
                )
            ],
        ),
        Suite(
            name="account",
            query="select cast(data_as_of as varchar) as data_as_of from marts.account",
            expectations=[
                Expectation("ExpectTableRowCountToEqual", "there is one account", {"value": 1}),
                Expectation(
                    "ExpectColumnValuesToNotBeNull",
                    "it is known up to when the data reach",
                    {"column": "data_as_of"},
                ),
            ],
        ),
    ]


def _none(column: str, why: str) -> Expectation:
    return Expectation("ExpectColumnValuesToBeBetween", why, {"column": column, "max_value": 0})
