"""What a source must have landed before anything is built on it."""

from collections.abc import Sequence

from expectations.suites import Expectation, Suite

MAX_QUARANTINED_SHARE = 0.5


def landing_suites(source: str, entities: Sequence[str]) -> list[Suite]:
    """Suites over `raw_<source>`; `entities` are the tables of the export format."""
    schema = f'"raw_{source}"'
    counts = " union all ".join(
        f"""select '{entity}' as entity, count(*) as landed_rows,
            count(*) - count(_key) as rows_without_key,
            count(*) - count(_loaded_at) as rows_without_time
        from {schema}.{entity}"""
        for entity in entities
    )
    shares = f"""select entity,
        sum(rows_quarantined) / nullif(cast(sum(rows_read) as double), 0) as share
        from (
            select *, row_number() over (
                partition by entity, file order by loaded_at desc
            ) as recency
            from {schema}.file_loads
        )
        where recency = 1
        group by entity
        having sum(rows_read) > 0"""
    return [
        Suite(
            name="landed_rows",
            query=counts,
            expectations=[
                Expectation(
                    "ExpectColumnValuesToBeBetween",
                    "every landed row has its key",
                    {"column": "rows_without_key", "max_value": 0},
                ),
                Expectation(
                    "ExpectColumnValuesToBeBetween",
                    "every landed row says when it was landed",
                    {"column": "rows_without_time", "max_value": 0},
                ),
            ],
        ),
        Suite(
            name="landed_anything",
            query=f"select sum(landed_rows) as landed_rows from ({counts})",
            expectations=[
                Expectation(
                    "ExpectColumnValuesToBeBetween",
                    "the source has landed something",
                    {"column": "landed_rows", "min_value": 1},
                )
            ],
        ),
        Suite(
            name="quarantined_share",
            query=shares,
            behind=f"""select entity, file, line, column_name
                from {schema}.quarantine
                where entity in (
                    select entity from ({shares}) where share > {MAX_QUARANTINED_SHARE}
                )
                order by entity, file, line, column_name""",
            expectations=[
                Expectation(
                    "ExpectColumnValuesToBeBetween",
                    "at most half of an entity's rows break their contract",
                    {"column": "share", "max_value": MAX_QUARANTINED_SHARE},
                )
            ],
        ),
    ]
