"""Whether what landed adds up: every ticket, order and rating has gone somewhere, and once."""

from expectations.suites import Expectation, Suite

# Facts with a row for each landed row of an entity.
FACTS = {"tickets": "fct_tickets", "orders": "fct_orders", "csat_responses": "fct_csat_ratings"}
# Landed rows that are not in the facts: they are set aside before.
_BEFORE = "reason = 'left_out_by_mapping' or starts_with(reason, 'quarantined: ')"


def reconciliation_suites() -> list[Suite]:
    """Suites over `marts.reconciliation` and the facts that it explains."""
    counted = " union all ".join(
        f"select source, '{entity}' as entity, count(*) as fact_rows from core.{fact}"
        " group by source"
        for entity, fact in FACTS.items()
    )
    return [
        Suite(
            name="reasons",
            query="""
                select source, entity, reason, rows_landed, rows_counted, rows_excluded,
                    rows_quarantined,
                    rows_landed - rows_counted - rows_excluded - rows_quarantined as unexplained,
                    least(rows_landed, rows_counted, rows_excluded, rows_quarantined) as least_rows
                from marts.reconciliation""",
            expectations=[
                Expectation(
                    "ExpectColumnValuesToBeBetween",
                    "what landed is counted, excluded or set aside",
                    {"column": "unexplained", "min_value": 0, "max_value": 0},
                ),
                Expectation(
                    "ExpectColumnValuesToBeBetween",
                    "no number of rows is negative",
                    {"column": "least_rows", "min_value": 0},
                ),
            ],
        ),
        Suite(
            name="totals",
            query=f"""
                with facts as ({counted}),
                told as (
                    select source, entity, sum(rows_landed) as told_rows
                    from marts.reconciliation
                    where not is_remark and not ({_BEFORE})
                        and list_contains({list(FACTS)}, entity)
                    group by source, entity
                )
                select source, entity, coalesce(fact_rows, 0) as fact_rows,
                    cast(coalesce(told_rows, 0) as bigint) as told_rows,
                    cast(coalesce(fact_rows, 0) - coalesce(told_rows, 0) as bigint) as lost_rows
                from facts
                full join told using (source, entity)""",
            expectations=[
                Expectation(
                    "ExpectColumnValuesToBeBetween",
                    "every row of a fact has one reason, and none has two",
                    {"column": "lost_rows", "min_value": 0, "max_value": 0},
                )
            ],
        ),
    ]
