"""The business case on inputs that a hand can reckon with."""

import duckdb
import pytest

from tests.models import Model

SEGMENTS = ", ".join(
    f"'all' as {name}" for name in ("handling", "channel", "category", "team", "customer_segment")
)
MONTHLY = {
    ("tickets_created", "contacts"): (1000.0, 1000),
    ("handle_time", "mean"): (600.0, 400),
    ("churn_rate", "ratio_csat_4_5"): (0.5, 80),
    ("churn_rate", "relative_risk"): (3.0, 120),
    ("churn_rate", "rr_low"): (2.0, 120),
    ("churn_rate", "rr_high"): (5.0, 120),
    ("ai_savings", "value"): (700.0, 100),
    ("containment_rate", "ratio"): (0.7, 300),
}


def figures(kpi: str, stat: str, month: str, value: float, n: int) -> str:
    return (
        f"select '{kpi}' as kpi, '{stat}' as stat, 'month' as grain, timestamp '{month}' as"
        f" period_start, cast({value} as double) as value, {n} as n, false as is_partial,"
        f" true as is_mature, {n} < 20 as is_low_sample, {SEGMENTS}"
    )


def case(models: list[Model], *, handle_time_s: float = 600.0) -> dict[str, tuple[object, ...]]:
    """name → (value, low, high) of a shop with two agents who work six days in 90 together."""
    (model,) = [each for each in models if each.name == "business_case"]
    known = MONTHLY | {("handle_time", "mean"): (handle_time_s, 400)}
    rows = [figures(*key, "2026-10-01", *given) for key, given in known.items()]
    rows.append(figures("tickets_created", "contacts", "2026-09-01", 5.0, 50))
    rows.append(figures("churn_rate", "relative_risk", "2026-11-01", 99.0, 19))
    connection = duckdb.connect()
    for schema in sorted({each.schema for each in models}):
        connection.execute(f"create schema {schema}")
    connection.execute(
        f"""
        create table marts.kpi_values as {" union all ".join(rows)};
        create table marts.kpi_status as
            select 'containment_rate' as kpi, 'ratio' as stat, 'month' as grain, 0.7 as value,
                0.6 as baseline_pre_ai, 0.65 as baseline_12m, {SEGMENTS}
            union all
            select 'backlog', 'count', 'day', 67.2, null, null, {SEGMENTS};
        create table core.fct_agent_days as
            select *, 'all' as channel, true as is_agent_day, 10 as tickets
            from (values
                ('ann', date '2026-11-02'), ('ann', date '2026-11-03'),
                ('bea', date '2026-11-03'), ('bea', date '2026-11-04'),
                ('bea', date '2026-11-05'), ('bea', date '2026-11-06')
            ) as days (agent_key, worked_on);
        create table core.fct_support_costs as
            select 'payroll' as kind, timestamptz '2026-10-01 00:00:00+00' as booked_at,
                9000 as amount
            union all select 'payroll', timestamptz '2026-11-01 00:00:00+00', 2000
            union all select 'payroll', timestamptz '2026-11-01 00:00:00+00', 1000
            union all select 'tools', timestamptz '2026-11-01 00:00:00+00', 77;
        create table core.fct_customer_months as
            select unnest([100, 300]) as net_365d, date '2026-11-01' as month_start
            union all select 9999, date '2026-10-01';
        create table core.fct_episodes as
            select timestamptz '2026-11-10 00:00:00+00' as opened_at, true as is_countable
            from range(4);
        create table core.fct_reply_turns as
            select *, timestamptz '2026-11-10 00:00:00+00' as waited_from_at,
                true as is_countable
            from (values
                ('a', 1, true, 'human_agent'), ('b', 1, false, 'human_agent'),
                ('b', 1, false, 'human_agent'), ('b', 1, true, 'human_agent'),
                ('c', 1, false, null), ('d', 1, false, 'ai_agent'), ('a', 1, null, null)
            ) as turns (ticket_key, episode_seq, is_within_target, replier_kind);
        create table core.dim_accounts as
            select 'UTC' as timezone, timestamptz '2026-11-20 00:00:00+00' as data_as_of,
                8 as fte_hours, 0.3 as shrinkage;
        """
    )
    found = connection.execute(f"select name, value, low, high from ({model.sql})").fetchall()
    return {name: tuple(rest) for name, *rest in found}


def test_one_more_agent_is_worth_what_the_hand_reckons(models: list[Model]) -> None:
    """8 h × 3600 × 0.7 ÷ 600 s = 33.6 tickets a day, one day a month: two agents worked six.

    Of four contacts two waited too long for people: half of 1,000, and 33.6 of them are cured. 10 %
    of these (5, 20) would turn unhappy, and unhappy ones leave (3 − 1) × 0.5 more often, each worth
    200 a year. A risk from 19 customers is too small a sample to be taken.
    """
    found = case(models)
    assert found["one_agent_capacity"][0] == pytest.approx(33.6)
    assert found["one_agent_backlog_days"][0] == pytest.approx(2.0)
    assert found["one_agent_contacts_in_time"][0] == pytest.approx(33.6)
    assert found["one_agent_kept_value"] == pytest.approx((672.0, 168.0, 2688.0))
    assert found["agent_month_cost"][0] == pytest.approx(1500.0)
    assert found["one_agent_net"] == pytest.approx((-828.0, -1332.0, 1188.0))
    assert found["one_agent_roi"] == pytest.approx((-0.552, -0.888, 0.792))


def test_more_coverage_saves_what_a_resolution_saves_now(models: list[Model]) -> None:
    """700 saved by 100 episodes are 7 each; ten points more of 1,000 contacts are 100."""
    found = case(models)
    assert found["more_coverage_saving"][0] == pytest.approx(700.0)
    assert found["containment_change"][0] == pytest.approx(0.1)


def test_an_agent_cures_no_more_than_what_is_late(models: list[Model]) -> None:
    assert case(models, handle_time_s=6.0)["one_agent_contacts_in_time"][0] == pytest.approx(500.0)


def test_what_is_not_known_stays_unknown(models: list[Model]) -> None:
    found = case(models)
    for name in ("cost_per_ticket", "csat_repurchase_rho", "repurchase_uplift", "ai_hours"):
        assert found[name] == (None, None, None)
