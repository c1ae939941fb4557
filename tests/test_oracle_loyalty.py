"""The oracle's figures of loyalty (R1, R4, R5), worked by hand."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from tests.oracle import Account
from tests.oracle.estimates import risk_interval, spearman, spearman_interval
from tests.oracle.told import EVENTS, MESSAGES, ORDERS, UTC, Figures


def test_repurchase_is_looked_for_after_the_months_first_resolve(tmp_path: Path) -> None:
    """t0 is 10 June 10:00 for all three: A buys 90 days later to the second, B one second after.

    N has not bought before t0. A's second ticket of June opens no second window.
    """
    resolved = "".join(f"{n} 06-10T10:00 resolved - human_agent\n" for n in "ABN")
    asked = "".join(f"{n} 06-10T09:00 customer\n{n} 06-10T09:30 human_agent\n" for n in "ABN")
    figures = Figures(
        tmp_path,
        tickets=("ticket_id customer_id", "A a\nB b\nN n\nA2 a"),
        messages=(MESSAGES, f"{asked} A2 06-20T09:00 customer"),
        ticket_events=(EVENTS, f"{resolved} A2 06-20T10:00 resolved - human_agent"),
        orders=(
            ORDERS,
            "O1 a 06-10T09:59:59 10 - -\nO2 a 09-08T10:00 10 - -\n"
            "O3 b 02-01 10 - -\nO4 b 09-08T10:00:01 10 - -\nO5 n 06-10T10:00 10 - -",
        ),
        csat_responses=(
            "ticket_id rated_at score scale target",
            "A 06-11 2 1-5 human\nA 06-12 4 1-5 ticket\nA 06-13 bad good_bad ai",
        ),
    )
    kpi = "repurchase_rate"
    assert figures.cell(kpi, "ratio", "2026-06") == (0.5, 1, 2, 2)
    assert figures.cell(kpi, "ratio", "2026-06", handling="human_handled").n == 2
    assert figures.cell(kpi, "ratio", "2026-06", customer_segment="returning") == (0.0, 0, 1, 1)
    assert figures.cell(kpi, "ratio", "2026-06", customer_segment="inactive") == (1.0, 1, 1, 1)
    assert figures.cell(kpi, "ratio_60d", "2026-06") == (0.0, 0, 2, 2)
    assert figures.cell(kpi, "ratio_180d", "2026-06") == (1.0, 2, 2, 2)
    assert figures.cell(kpi, "ratio_csat_4_5", "2026-06") == (1.0, 1, 1, 1), "the latest with one"
    assert figures.cell(kpi, "ratio_csat_1_2", "2026-06").n == 0
    assert figures.cell(kpi, "ratio_csat_none", "2026-06") == (0.0, 0, 1, 1)


def test_the_segment_is_that_of_the_month_of_the_resolve(tmp_path: Path) -> None:
    """Asked in May and resolved in June: the order of 20 May makes a new customer of it."""
    figures = Figures(
        tmp_path,
        tickets=("ticket_id customer_id", "A a"),
        messages=(MESSAGES, "A 05-30 customer"),
        ticket_events=(EVENTS, "A 06-02 resolved - system"),
        orders=(ORDERS, "O a 05-20 10 - -"),
    )
    assert figures.cell("repurchase_rate", "ratio", "2026-06", customer_segment="new").n == 1


def test_the_control_bought_and_did_not_write(tmp_path: Path) -> None:
    """Lag: 2 days (order L of l). Q: bought 10 June, t0 12 June, again on 12 June 00:00:01.

    S: the second order lies at t0 itself, W wrote 30 local days before June, V one day earlier.
    """
    figures = Figures(
        tmp_path,
        tickets=("ticket_id customer_id order_id", "L l L\nW w -\nV v -"),
        messages=(
            MESSAGES,
            "L 03-03 customer\nW 05-02T00:00 customer\nV 05-01T23:59:59 customer",
        ),
        ticket_events=(EVENTS, "L 03-04 resolved - human_agent"),
        orders=(
            ORDERS,
            "L l 03-01 10 - -\nQ1 q 06-10 10 - -\nQ2 q 06-12T00:00:01 10 - -\n"
            "S1 s 06-10 10 - -\nS2 s 06-12 10 - -\nW1 w 06-10 10 - -\nW2 w 07-10 10 - -\n"
            "V1 v 06-10 10 - -",
        ),
    )
    kpi = "repurchase_rate"
    assert figures.cell(kpi, "control", "2026-06") == pytest.approx((1 / 3, 1, 3, 3))
    assert figures.cell(kpi, "uplift", "2026-06") == (None, None, None, 0), "nobody to compare"
    assert figures.cell(kpi, "ratio", "2026-03") == (0.0, 0, 1, 1)
    assert figures.cell(kpi, "uplift", "2026-03").value is None, "l is loud, March has no control"


def test_uplift_is_in_points_over_the_smaller_side(tmp_path: Path) -> None:
    """A was supported and came back; of the silent Q and S only Q did: 1 − 1/2, n 1."""
    figures = Figures(
        tmp_path,
        tickets=("ticket_id customer_id", "A a"),
        messages=(MESSAGES, "A 06-10T09:00 customer"),
        ticket_events=(EVENTS, "A 06-10T10:00 resolved - human_agent"),
        orders=(
            ORDERS,
            "A1 a 06-01 10 - -\nA2 a 06-20 10 - -\nQ1 q 06-02 10 - -\nQ2 q 07-10 10 - -\n"
            "S1 s 06-03 10 - -",
        ),
    )
    assert figures.cell("repurchase_rate", "uplift", "2026-06") == (0.5, None, None, 1)
    assert figures.cell("repurchase_rate", "ratio", "2026-06").n == 1
    nobody_asked = figures.cell("repurchase_rate", "ratio_csat_none", "2026-06")
    assert nobody_asked == (None, None, None, 0), "without any rating there are no bands"


def churners(
    folder: Path,
    ratings: str,
    orders: str,
    tickets: str,
    messages: str = "T 01-01 customer",
    account: Account = UTC,
) -> Figures:
    return Figures(
        folder,
        account,
        tickets=("ticket_id customer_id tags", tickets),
        messages=(MESSAGES, messages),
        csat_responses=("ticket_id rated_at score scale", ratings),
        orders=(ORDERS, orders),
    )


def test_relative_risk_and_its_interval(tmp_path: Path) -> None:
    """Rated 1 or 2: 3 of 4 are gone; rated 4 or 5: 1 of 4. Risk 3, on the log scale ± 1.7892.

    All bought on 1 June; who stays buys on 1 July, so gaps are 30 days and the window is 90.
    """
    names = [f"{side}{n}" for side in "bg" for n in range(4)]
    staying = {"b0", "g0", "g1", "g2"}
    orders = [f"{name}x {name} 06-01 1 - -" for name in names]
    orders += [f"{name}y {name} 07-01 1 - -" for name in sorted(staying)]
    scores = [f"T{n} 06-10T00:0{i} {2 if n[0] == 'b' else 4} 1-5" for i, n in enumerate(names)]
    figures = churners(
        tmp_path, "\n".join(scores), "\n".join(orders), "\n".join(f"T{n} {n} -" for n in names)
    )
    kpi, n = "churn_rate", 8
    assert figures.cell(kpi, "ratio", "2026-06") == (0.5, 4, 8, 8)
    assert figures.cell(kpi, "ratio_csat_1_2", "2026-06") == (0.75, 3, 4, 4)
    assert figures.cell(kpi, "relative_risk", "2026-06") == (3.0, 0.75, 0.25, n)
    low, high = (figures.cell(kpi, stat, "2026-06") for stat in ("rr_low", "rr_high"))
    assert low[::3] == pytest.approx((3 * math.exp(-1.789194), n), rel=1e-5)
    assert high[::3] == pytest.approx((3 * math.exp(1.789194), n), rel=1e-5)
    assert risk_interval(0, 4, 1, 4) is None


@pytest.mark.parametrize(("window_s", "gone"), [(None, 1), (130 * 86400, 0), (119 * 86400, 2)])
def test_the_churn_window_is_twice_the_usual_gap(
    window_s: int | None, gone: int, tmp_path: Path
) -> None:
    """Gaps of 60, 60, 60 (m), 121 and 121 days: the window is 120, unless it is set.

    Both were rated on 2 January; A is back on the last second of the 120 days, B one later.
    """
    figures = churners(
        tmp_path,
        "TA 01-02 1 1-5\nTB 01-02 5 1-5",
        "1 a 01-01 1 - -\n2 a 05-02 1 - -\n3 b 01-01 1 - -\n4 b 05-02T00:00:01 1 - -\n"
        "5 m 01-01 1 - -\n6 m 03-02 1 - -\n7 m 05-01 1 - -\n8 m 06-30 1 - -",
        "TA a -\nTB b -",
        account=replace(UTC, churn_window_s=window_s),
    )
    assert figures.cell("churn_rate", "ratio", "2026-01") == (gone / 2, gone, 2, 2)


def test_a_recovery_or_a_better_rating_within_thirty_days_wins_back(tmp_path: Path) -> None:
    """Rated 1 on 10 June: R was tagged on 10 July, S rated 4 then, L too late; of N nothing.

    Gone: R no, S yes → 1/2 with; L and N yes → 1 without: reduction 1/2, of 2 and 2.
    """
    figures = churners(
        tmp_path,
        "TR 06-10T09:00 1 1-5\nTS 06-10T09:01 2 1-5\nTL 06-10T09:02 1 1-5\nTN 06-10T09:03 1 1-5\n"
        "US 07-10T09:01 4 1-5\nUL 07-10T09:02:01 5 1-5\nVN 06-10T09:04 1 1-5",
        "1 r 06-01 1 - -\n2 r 08-01 1 - -\n3 s 06-01 1 - -\n4 l 06-01 1 - -\n5 n 06-01 1 - -",
        "TR r cancel_request\nTS s -\nTL l -\nTN n -\nUR r return_request\nUS s -\nUL l -\nVN n -",
        messages="UR 07-10T09:00 customer\nTR 06-10T09:00 customer",
    )
    assert figures.cell("churn_rate", "reduction", "2026-06") == (0.5, None, None, 2)


def test_spearman_with_ties() -> None:
    """Ranks 4, 2.5, 2.5, 1 and 3.5, 3.5, 1.5, 1.5: 3 / √(4.5 × 4)."""
    assert spearman([5, 4, 4, 1], [1, 1, 0, 0]) == pytest.approx(3 / math.sqrt(18))
    assert spearman([5, 4, 3], [1, 1, 1]) is None
    low, high = spearman_interval(0.5, 103)
    assert (math.atanh(low), math.atanh(high)) == pytest.approx((0.3414208, 0.7571915), abs=1e-6)


@pytest.mark.parametrize("customers", [100, 99])
def test_the_correlation_needs_a_hundred_customers(customers: int, tmp_path: Path) -> None:
    """Rated 5: 40 of 50 are back; rated 1: 10 of 50. ρ = (40 × 40 − 10 × 10) / 50² = 0.6."""
    names = [f"c{n}" for n in range(customers)]
    back = {name for n, name in enumerate(names) if n < 40 or 50 <= n < 60}
    orders = [f"{name}x {name} 04-01 1 - -" for name in names]
    orders += [f"{name}y {name} 06-01 1 - -" for name in names if name in back]
    ratings = [f"T{name} 05-10T00:00 {5 if n < 50 else 1} 1-5" for n, name in enumerate(names)]
    figures = churners(
        tmp_path,
        "\n".join([*ratings, "Vc0 04-10 1 1-3", "Uc0 05-11 bad good_bad", "Uz 05-11 1 1-5"]),
        "\n".join(orders),
        "\n".join([*(f"T{name} {name} -" for name in names), "Uc0 c0 -", "Vc0 c0 -", "Uz z -"]),
    )
    kpi, quarter = "csat_repurchase_correlation", "2026q2"
    assert figures.cell(kpi, "value", quarter).n == customers
    assert figures.cell(kpi, "ratio_csat_4_5", quarter) == (0.8, 40, 50, 50)
    if customers == 100:
        spread = 1.959963984540054 * math.sqrt(1.18 / 97)
        assert figures.cell(kpi, "value", quarter).value == pytest.approx(0.6)
        assert figures.cell(kpi, "low", quarter).value == pytest.approx(
            math.tanh(math.atanh(0.6) - spread)
        )
    else:
        assert figures.cell(kpi, "value", quarter).value is None
        assert figures.cell(kpi, "high", quarter).value is None
